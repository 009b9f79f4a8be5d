"""An OpenTelemetry receiver (OTLP over HTTP), and the spans that it gets.

The messages are read by the numbers of their fields, so that no package is needed for them:
https://github.com/open-telemetry/opentelemetry-proto/blob/v1.9.0/opentelemetry/proto/trace/v1/trace.proto
"""

import struct
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def fields(data):
    """The fields of a message: number and raw value."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = number()
        match key & 7:
            case 0:
                value = number()
            case 1:
                value, at = struct.unpack_from("<Q", data, at)[0], at + 8
            case 2:
                length = number()
                value, at = data[at : at + length], at + length
            case 5:
                value, at = struct.unpack_from("<I", data, at)[0], at + 4
            case kind:
                raise AssertionError(f"unknown wire type {kind}")
        yield key >> 3, value


def attributes(pairs):
    found = {}
    for pair in pairs:
        members = dict(fields(pair))
        [(kind, value)] = fields(members[2])
        read = {1: bytes.decode, 2: bool, 3: int, 4: lambda raw: struct.unpack("<d", struct.pack("<Q", raw))[0]}
        found[members[1].decode()] = read[kind](value)
    return found


def every(data, wanted):
    return [value for number, value in fields(data) if number == wanted]


@dataclass
class Span:
    trace: str
    id: str
    parent: str
    name: str
    kind: int
    start: int
    end: int
    is_error: bool
    attributes: dict
    resource: dict
    events: list = field(default_factory=list)


def spans(body):
    for resource_spans in every(body, 1):
        resource = attributes(every(dict(fields(resource_spans))[1], 1))
        for scope_spans in every(resource_spans, 2):
            for data in every(scope_spans, 2):
                one = dict(fields(data))
                events = [(dict(fields(event))[2].decode(), attributes(every(event, 3))) for event in every(data, 11)]
                yield Span(
                    trace=one[1].hex(),
                    id=one[2].hex(),
                    parent=one.get(4, b"").hex(),
                    name=one[5].decode(),
                    kind=one[6],
                    start=one[7],
                    end=one[8],
                    is_error=dict(fields(one.get(15, b""))).get(3) == 2,
                    attributes=attributes(every(data, 9)),
                    resource=resource,
                    events=events,
                )


class Receiver:
    """What arrived. `status` is what it answers; `hangs` makes it answer nothing, `floods` as much as is read."""

    def __init__(self):
        self.bodies, self.paths, self.status, self.hangs, self.floods = [], set(), 200, False, False
        self.flooded, self.tokens = 0, []

    def spans(self):
        return [span for body in list(self.bodies) for span in spans(body)]

    def until(self, done, seconds=10):
        """The spans, as soon as they are complete."""
        end = time.monotonic() + seconds
        while not done(found := self.spans()):
            assert time.monotonic() < end, [span.name for span in found]
            time.sleep(0.05)
        return found


@contextmanager
def receiver():
    got, closing = Receiver(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            assert self.headers["content-type"] == "application/x-protobuf"
            body = self.rfile.read(int(self.headers["content-length"]))
            got.paths.add(self.path)
            got.tokens.append(self.headers["x-token"])
            got.bodies.append(body)
            if got.hangs:
                closing.wait()
                return
            self.send_response(got.status)
            self.send_header("location", f"{got.url}/elsewhere")
            self.send_header("content-length", str(1 << 30 if got.floods else 0))
            self.end_headers()
            try:
                while got.floods and got.flooded < 1 << 30:
                    got.flooded += self.wfile.write(bytes(1 << 20))
            except OSError:
                pass  # the other side has enough

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    got.url = "http://{}:{}".format(*server.server_address)
    try:
        yield got
    finally:
        closing.set()
        server.shutdown()
