"""A console server for tests of the page: it serves the page's files with the real headers, and data that tests choose.

The tests against `toolgate dev` use the same page with real data. This one has what a real run has not: hostile texts,
a thousand spans, a server that stops in the middle.
"""

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from frames import frame
from spans import turn

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "crates" / "toolgate-local" / "src" / "console" / "page"
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A browser closes its connections when a page ends."""


class FakeConsole:
    """`data` is what `desk.data()` makes. `posts` are the bodies of all POSTs, as `(path, body)`."""

    def __init__(self, data):
        self.data, self.posts, self.events, self.streams, self.lock = data, [], [], [], threading.Lock()
        self.server, self.port, self.overrides = None, 0, {}
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        handler = type("Handler", (Handler,), {"fake": self})
        self.server = Quiet(("127.0.0.1", self.port), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        with self.lock:
            for stream in self.streams:
                stream.put(None)
            self.streams.clear()

    def emit(self, name, data):
        with self.lock:
            self.events.append((name, data))
            for stream in self.streams:
                stream.put((len(self.events), name, data))

    def change(self, summary):
        """A turn that is new or has changed, in the list and as an event."""
        self.data["turns"][:] = [turn for turn in self.data["turns"] if turn["id"] != summary["id"]] + [summary]
        self.emit("turn", {name: value for name, value in summary.items() if name not in ("spanList", "details")})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake = None

    def log_message(self, *_):
        pass

    def send(self, status, body, content_type="application/json", headers=None):
        self.send_response(status)
        for name, value in {**HEADERS, **(headers or {}), "content-type": content_type, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def json(self, value, status=200):
        self.send(status, json.dumps(value).encode())

    def error(self, status, kind, message):
        self.json({"error": {"kind": kind, "message": message}}, status)

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/":
            return self.file("index.html")
        if url.path == "/console/api/events":
            return self.stream(parse_qs(url.query))
        if url.path.startswith("/console/api/"):
            return self.api([unquote(part) for part in url.path.removeprefix("/console/api/").split("/")], parse_qs(url.query))
        return self.file(url.path.removeprefix("/console/"))

    def file(self, name):
        path = PAGE / name
        if PAGE not in path.resolve().parents or not path.is_file():
            return self.error(404, "not found", "no such file")
        return self.send(200, path.read_bytes(), TYPES[path.suffix])

    def api(self, parts, query):
        data = self.fake.data
        if parts == ["state"]:
            return self.json(data["state"], 200 if data["state"]["status"] == "ok" else 503)
        if parts == ["approvals"]:
            return self.json(data["approvals"])
        if parts == ["turns"]:
            return self.turns(query)
        turn = next((turn for turn in data["turns"] if turn["id"] == parts[1]), None)
        if parts[0] != "turns" or turn is None:
            return self.error(404, "not found", "this turn is not kept any more")
        if len(parts) == 2:
            return self.json({name: value for name, value in turn.items() if name != "details"})
        span = next((span for span in turn["spanList"] if span["id"] == parts[3]), None)
        if span is None:
            return self.error(404, "not found", "this turn has no such span")
        return self.json({**span, "detail": turn["details"].get(span["id"], {})})

    def turns(self, query):
        turns = sorted(self.fake.data["turns"], key=lambda turn: turn["startedAt"], reverse=True)
        if before := query.get("before", [None])[0]:
            ids = [turn["id"] for turn in turns]
            turns = turns[ids.index(before) + 1 :]
        limit = int(query.get("limit", ["50"])[0])
        shown = [{name: value for name, value in turn.items() if name not in ("spanList", "details", "input", "answer", "waitingFor")} for turn in turns[:limit]]
        self.json({"turns": shown, "more": len(turns) > limit})

    def stream(self, query):
        self.send_response(200)
        for name, value in {**HEADERS, "content-type": "text/event-stream", "connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        after = int(query.get("after", ["-1"])[0])
        own = queue.Queue()
        with self.fake.lock:
            if after >= 0:
                for number, (name, data) in enumerate(self.fake.events[after:], after + 1):
                    own.put((number, name, data))
            self.fake.streams.append(own)
        self.wfile.write(b"retry: 1000\n\n")
        while (event := own.get()) is not None:
            number, name, data = event
            self.wfile.write(f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode())
        self.close_connection = True

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"null")
        path = urlsplit(self.path).path
        target = self.headers.get("x-amz-target")
        self.fake.posts.append((target or path, body))
        if target and not (self.headers.get("authorization", "").startswith("AWS4-") and self.headers.get("x-amz-date")):
            return self.json({"__type": "com.amazon.coral.service#MissingAuthenticationTokenException", "message": "Request is missing Authentication Token"}, 400)
        answer = self.fake.overrides.get(target or path) or self.fake.data["answers"].get(target or unquote(path))
        if answer is None:
            answer = next((value for key, value in self.fake.data["answers"].items() if key.endswith("*") and path.startswith(key[:-1])), None)
        if answer is None:
            return self.error(404, "not found", f"the test has no answer for {path}")
        if callable(answer):
            answer = answer(body)
        status, value = answer if isinstance(answer, tuple) else (200, answer)
        if isinstance(value, Stream):
            return self.frames(value)
        return self.json(value, status)

    def frames(self, stream):
        turns = self.fake.data["turns"]
        if not any(turn["id"] == stream.turn for turn in turns):
            turns.append(turn(stream.turn, "", "2026-11-30T12:00:00.000Z", [], {}))
        self.send_response(200)
        for name, value in {**HEADERS, "content-type": "application/vnd.amazon.eventstream", "toolgate-turn": stream.turn, "connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        for kind, payload in stream.events:
            if callable(kind):
                kind()
                continue
            self.wfile.write(frame(kind, payload))
            self.wfile.flush()
        self.close_connection = True


class Stream:
    """An answer as an event stream: `(event type, payload)`, or `(function, None)`, which is called in between."""

    def __init__(self, turn, events):
        self.turn, self.events = turn, events
