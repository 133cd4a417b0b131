#!/usr/bin/python3
"""A page in a browser takes part in the cluster."""

import signal

from browser import Browser, Page
from harness import check_equal, mqcluster, run_suite
from ws_harness import Script

# Subscribes, and shows what comes. The promises are for the test.
PAGE = """<!DOCTYPE html>
<title>Events</title>
<p id="state">connecting</p>
<ul id="events"></ul>
<script>
const url = new URLSearchParams(location.search).get("server");
const socket = new WebSocket(url);
let tellSubscribed, tellEvent, tellClosed;
const subscribed = new Promise((resolve) => tellSubscribed = resolve);
const event = new Promise((resolve) => tellEvent = resolve);
const closed = new Promise((resolve) => tellClosed = resolve);
function show(id, text) { document.getElementById(id).textContent = text; }
function add(topic, name, args) {
    const item = document.createElement("li");
    item.textContent = topic + " " + name + " " + args.map((arg) => arg.data).join(" ");
    document.getElementById("events").append(item);
}
socket.onopen = () => socket.send(JSON.stringify(["/browser/"]));
socket.onmessage = (frame) => {
    const message = JSON.parse(frame.data);
    if (message.type === "ack") {
        show("state", "subscribed");
        tellSubscribed(message.endpoint);
    } else if (message.type === "data-message") {
        const [name, args] = message.data[2].data;
        add(message.topic, name.data, args.data);
        tellEvent();
    }
};
socket.onclose = (close) => {
    show("state", "closed " + close.code + " " + close.reason);
    tellClosed();
};
</script>
"""

EVENT = """{"topic":"/browser/back","@data-type":"vector","data":[
    {"@data-type":"count","data":1},{"@data-type":"count","data":1},
    {"@data-type":"vector","data":[{"@data-type":"string","data":"clicked"},
        {"@data-type":"vector","data":[{"@data-type":"string","data":"a button"}]}]}]}"""


def open_page(world, options):
    """Returns browser, page and node; the page knows where the node listens."""
    page = Page(PAGE)
    world.programs.append(page)
    script = Script(world, "watch", "--topic", "/browser/back", options=options(page))
    script.program.wait_for("ready", script.program.err)
    browser = Browser(world)
    browser.go(f"{page.origin}/?server={script.url()}")
    return browser, page, script


def text(browser, selector):
    return browser.evaluate(f'document.querySelector("{selector}").textContent')


def end(script):
    script.program.signal(signal.SIGTERM)
    script.ended()


def test_page_shows_an_event_of_another_node(world):
    browser, _, script = open_page(
        world, lambda page: {"allowed_origins": f'["https://other.example", "{page.origin}"]'})
    endpoint = browser.evaluate("subscribed")
    check_equal(text(browser, "#state"), "subscribed")
    check_equal([(client[0], subscriptions) for client, subscriptions in script.added(1)],
                [(endpoint, ["/browser/"])])
    done = mqcluster("publish", *world.broker.where(), "--wait", "/browser/news", "breaking",
                     "gr\u00fc\u00dfe aus <b>", "count:7")
    check_equal((done.status, done.err), (0, ""))
    browser.evaluate("event")
    check_equal(text(browser, "#events li"), "/browser/news breaking gr\u00fc\u00dfe aus <b> 7")
    # And the other way round.
    browser.evaluate(f"socket.send(`{EVENT}`)")
    check_equal(script.events("clicked", 1), [("/browser/back", "a button")])
    end(script)
    browser.evaluate("closed")
    check_equal(text(browser, "#state"), "closed 1001 Terminating")


def test_origin_that_is_not_allowed_gets_403(world):
    browser, _, script = open_page(
        world, lambda _: {"allowed_origins": '["https://other.example"]'})
    browser.evaluate("closed")
    check_equal(text(browser, "#state"), "closed 1006 ")
    check_equal(browser.event("Network.webSocketFrameError")["errorMessage"],
                "Error during WebSocket handshake: Unexpected response code: 403")
    end(script)
    check_equal(script.program.out, [])


def test_any_origin_is_allowed_without_a_list(world):
    browser, _, script = open_page(world, lambda _: {})
    browser.evaluate("subscribed")
    check_equal(text(browser, "#state"), "subscribed")
    end(script)


if __name__ == "__main__":
    run_suite("ws.browser", globals())
