// The echoes of websocket_client.c as a program in JavaScript asks for them, with the package ws:
//
//     node websocket_client.js WHAT PORT SECONDS
//
// WHAT is round-trip, burst or stream; what they do and what is printed is the same.
"use strict";

const WebSocket = require("ws");

const BASE = 100000000;
const FILLING = "CHhAvVGS1DHFjwGM9 198.51.100.17:443";
const PATIENCE_MS = 15000;

const things = {
  "round-trip": (seconds) => ({ ahead: 1, most: 20000, seconds }),
  burst: () => ({ ahead: 20000, most: 20000, seconds: Infinity }),
  stream: (seconds) => ({ ahead: 5000, most: Infinity, seconds }),
};

const [what, port, seconds] = process.argv.slice(2);
if (process.argv.length !== 5 || !(what in things)) {
  console.error("usage: node websocket_client.js round-trip|burst|stream PORT SECONDS");
  process.exit(2);
}
const { ahead, most, seconds: limit } = things[what](Number(seconds));

const sentAt = [];
const took = [];
let duplicates = 0;
let started = 0;
let last = 0;
let patience;

function count(number) {
  return { "@data-type": "count", data: number };
}

function vector(...items) {
  return { "@data-type": "vector", data: items };
}

function text(string) {
  return { "@data-type": "string", data: string };
}

function ping(number) {
  const args = vector(count(BASE + number), text(FILLING));
  return JSON.stringify({
    type: "data-message",
    topic: "bench/up",
    ...vector(count(1), count(1), vector(text("bench_ping"), args)),
  });
}

function quantile(part) {
  return took[Math.max(0, Math.ceil(took.length * part) - 1)];
}

function finish() {
  took.sort((a, b) => a - b);
  const found = { sent: sentAt.length, lost: sentAt.length - took.length, duplicates };
  if (took.length > 0) {
    found.events_per_s = took.length / ((last - started) / 1000);
    found.p50_us = quantile(0.5) * 1000;
    found.p99_us = quantile(0.99) * 1000;
  }
  console.log(JSON.stringify(found));
  process.exit(0);
}

function mayAsk() {
  return sentAt.length < most && performance.now() - started < limit * 1000;
}

function ask() {
  while (mayAsk() && sentAt.length - took.length < ahead) {
    sentAt.push(performance.now());
    socket.send(ping(sentAt.length - 1));
  }
  if (took.length === sentAt.length && !mayAsk()) finish();
}

// The node may also tell of errors; what they cost shows in the losses.
function take(message) {
  const [name, args] = message.data[2].data;
  const number = name.data === "bench_pong" ? args.data[0].data - BASE : -1;
  if (!(number in sentAt)) return;
  if (sentAt[number] < 0) {
    duplicates++;
    return;
  }
  last = performance.now();
  took.push(last - sentAt[number]);
  sentAt[number] = -1;
  patience.refresh();
  ask();
}

const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/messages/json`);
socket.on("open", () => socket.send(JSON.stringify(["bench/down"])));
socket.on("message", (data) => {
  const message = JSON.parse(data);
  if (message.type === "ack") {
    started = performance.now();
    patience = setTimeout(finish, PATIENCE_MS);
    ask();
  } else if (message.type === "data-message") {
    take(message);
  }
});
socket.on("error", (error) => {
  console.error(`websocket_client.js: ${error.message}`);
  process.exit(1);
});
socket.on("close", () => finish());
