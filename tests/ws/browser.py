"""A headless Chromium that the tests steer by its DevTools protocol, and pages for it."""

import http.server
import json
import re
import shutil
import subprocess
import threading
import time
import urllib.request

from harness import PATIENCE, Skip, check, environment

try:
    import websocket
except ImportError:
    websocket = None

DEVTOOLS = re.compile(r"DevTools listening on ws://([0-9.:]+)/")


class Browser:
    """One tab. Commands and their results are described at chromedevtools.github.io."""

    def __init__(self, world):
        binary = shutil.which("chromium") or shutil.which("chromium-browser")
        if binary is None:
            raise Skip("chromium is not installed")
        if websocket is None:
            raise Skip("python3-websocket is not installed")
        self.events = []
        self.command_count = 0
        self.program = world.start(
            binary, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--disable-background-networking", "--no-first-run", "--no-proxy-server",
            "--disable-component-update", "--disable-sync", "--disable-extensions",
            "--remote-debugging-port=0", f"--user-data-dir={world.folder / 'chromium'}",
            "about:blank", env=environment(HOME=str(world.folder)))
        world.programs.append(self)
        self.devtools = websocket.create_connection(self._find_tab(), timeout=PATIENCE,
                                                    suppress_origin=True)
        for domain in ("Page", "Network"):
            self.command(f"{domain}.enable")

    def _find_tab(self):
        self.program.wait_for("DevTools listening", self.program.err)
        address = next(DEVTOOLS.search(line)[1] for line in self.program.err
                       if DEVTOOLS.search(line))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + PATIENCE
        while True:
            with opener.open(f"http://{address}/json/list", timeout=PATIENCE) as answer:
                pages = [target for target in json.load(answer) if target["type"] == "page"]
            if pages:
                return pages[0]["webSocketDebuggerUrl"]
            check(time.monotonic() < deadline, "no tab")
            time.sleep(0.05)

    def _receive(self):
        message = json.loads(self.devtools.recv())
        if "method" in message:
            self.events.append(message)
        return message

    def command(self, method, **params):
        self.command_count += 1
        self.devtools.send(json.dumps({"id": self.command_count, "method": method,
                                       "params": params}))
        while True:
            message = self._receive()
            if message.get("id") == self.command_count:
                check("error" not in message, str(message))
                return message["result"]

    def go(self, url):
        result = self.command("Page.navigate", url=url)
        check("errorText" not in result, str(result))
        self.event("Page.loadEventFired")

    def event(self, method):
        """The parameters of the first event of that kind."""
        while True:
            for event in self.events:
                if event["method"] == method:
                    return event["params"]
            self._receive()

    def evaluate(self, expression):
        """The value of an expression of JavaScript; a promise is awaited."""
        answer = self.command("Runtime.evaluate", expression=expression, awaitPromise=True,
                              returnByValue=True)
        check("exceptionDetails" not in answer, str(answer))
        return answer["result"].get("value")

    def kill(self):
        """The browser's children end with it."""
        try:
            self.command("Browser.close")
            self.program.process.wait(PATIENCE)
        except (AssertionError, OSError, websocket.WebSocketException, subprocess.TimeoutExpired):
            pass
        self.program.kill()


class Page:
    """A web server with one page."""

    def __init__(self, text):
        page = text.encode()

        class Handler(http.server.BaseHTTPRequestHandler):
            """Answers every request by the page."""

            def do_GET(self):  # pylint: disable=invalid-name
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def kill(self):
        self.server.shutdown()
        self.server.server_close()
