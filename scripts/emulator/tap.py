"""A proxy in front of the emulator. The deployed functions call DynamoDB through it, and it records each request."""

import json
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Tap:
    def __init__(self, port):
        self.calls = []
        tap = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                onward = HTTPConnection("127.0.0.1", port, timeout=60)
                # The signature covers the host, so it must not change.
                onward.request("POST", self.path, body, dict(self.headers))
                answer = onward.getresponse()
                reply = answer.read()
                onward.close()
                if target := self.headers.get("x-amz-target", ""):
                    tap.calls.append((target.split(".")[-1], json.loads(body), answer.status, json.loads(reply or b"{}")))
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                        self.send_header(name, value)
                self.send_header("content-length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def taken(self):
        """The requests since the previous call."""
        calls, self.calls = self.calls, []
        return calls

    def close(self):
        self.server.shutdown()
        self.server.server_close()
