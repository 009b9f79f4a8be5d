"""A model server with OpenAI's API that sends the replies of a test."""

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ModelServer(ThreadingHTTPServer):
    """`replies` are sent one after the other; `heard` are the received conversations, and `offered` the last tools. Each
    reply uses `usage`, in tokens."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies, self.heard, self.offered, self.go_on = [], [], [], threading.Event()
        self.usage = {"prompt_tokens": 80, "completion_tokens": 20, "total_tokens": 100}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def choice(self):
        return f"openai:{self.address}/v1#stand-in"

    def will(self, *replies):
        self.replies, self.heard = list(replies), []
        self.go_on.clear()

    @property
    def last_words(self):
        """The user's last message."""
        return [message["content"] for message in self.heard[-1] if message["role"] == "user"][-1]


def says(*pieces):
    """A reply. `None` among its pieces waits for the test."""
    return "says", pieces


def calls(tool, **arguments):
    return together((tool, arguments))


def together(*tools):
    """A reply with a call of each `(tool, arguments)`."""
    return "calls", [tool_call(*call) for call in tools]


def tool_call(tool, arguments):
    return {"id": f"call-{uuid.uuid4().hex}", "type": "function", "function": {"name": tool, "arguments": json.dumps(arguments)}}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.heard.append(request["messages"])
        self.server.offered = [tool["function"] for tool in request.get("tools", [])]
        kind, what = self.server.replies.pop(0) if self.server.replies else says("Nothing else.")
        self.send_response(200)
        if not request.get("stream"):
            return self.whole(kind, what)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        if kind == "calls":
            numbered = [{"index": index} | call for index, call in enumerate(what)]
            self.event({"role": "assistant", "tool_calls": numbered}, "tool_calls")
        else:
            for piece in what:
                if piece is None:
                    self.server.go_on.wait(60)
                else:
                    self.event({"content": piece})
            self.event({}, "stop")
        self.wfile.write(f"data: {json.dumps({'choices': [], 'usage': self.server.usage})}\n\ndata: [DONE]\n\n".encode())

    def whole(self, kind, what):
        if None in what:
            self.server.go_on.wait(60)
        message, reason = {"role": "assistant", "content": None}, "stop"
        if kind == "calls":
            message["tool_calls"], reason = what, "tool_calls"
        else:
            message["content"] = "".join(filter(None, what))
        body = {"choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": self.server.usage}
        body = json.dumps(body).encode()
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def event(self, delta, reason=None):
        self.wfile.write(f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta, 'finish_reason': reason}]})}\n\n".encode())

    def log_message(self, *_):
        pass
