// WebSocket clients of the npm package `ws` for the tests. Is told the same on standard input and
// tells the same on standard output as client.py, which explains it.
'use strict';

const fs = require('fs');
const readline = require('readline');
const WebSocket = require('ws');

function tell(name, what, more) {
    process.stdout.write(JSON.stringify({ name, what, ...more }) + '\n');
}

function tlsOptions(order) {
    const options = {};
    for (const key of ['ca', 'cert', 'key']) {
        if (order[key] !== undefined) {
            options[key] = fs.readFileSync(order[key]);
        }
    }
    return options;
}

function listen(socket, name) {
    socket.on('message', (data, isBinary) => {
        tell(name, 'message', { text: data.toString(), is_binary: isBinary });
    });
    socket.on('ping', (data) => tell(name, 'ping', { text: data.toString() }));
    socket.on('close', (code, reason) => {
        tell(name, 'closed', { code, reason: reason.toString() });
    });
}

// Returns a promise of the connection, or of null when there is none.
function connect(order) {
    const { name } = order;
    const socket = new WebSocket(order.url, {
        headers: order.headers,
        origin: order.origin,
        ...tlsOptions(order)
    });
    if (order.answers_pings === false) {
        socket.pong = () => {};
    }
    return new Promise((resolve) => {
        let isTold = false;
        const end = (what, more) => {
            if (!isTold) {
                isTold = true;
                tell(name, what, more);
                resolve(what === 'open' ? socket : null);
            }
        };
        socket.once('open', () => {
            end('open');
            socket.on('error', (error) => tell(name, 'failed', { text: error.message }));
            listen(socket, name);
        });
        socket.once('unexpected-response', (request, response) => {
            end('refused', {
                status: response.statusCode,
                reason: response.statusMessage,
                headers: response.headers
            });
            request.destroy();
        });
        // After that of a refusal come one or two more.
        socket.on('error', (error) => end('failed', { text: error.message }));
    });
}

// Lets the other connections of this program have their turn between two messages.
function flood(socket, text) {
    if (socket.readyState === WebSocket.OPEN) {
        socket.send(text, () => setImmediate(flood, socket, text));
    }
}

// Does what needs a connection. One that is gone was told by its close event.
function obey(socket, order) {
    switch (order.do) {
    case 'send':
        socket.send(order.text, { binary: order.is_binary === true }, () => {});
        break;
    case 'flood':
        flood(socket, order.text);
        break;
    case 'close':
        socket.close(order.code, order.reason);
        break;
    case 'drop':
        socket.terminate();
        break;
    }
}

async function main() {
    const sockets = new Map();
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const order = JSON.parse(line);
        if (order.do === 'connect') {
            sockets.set(order.name, await connect(order));
        } else {
            obey(sockets.get(order.name), order);
        }
    }
    process.exit(0);
}

main();
