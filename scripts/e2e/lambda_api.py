"""A stand-in for Lambda: the Runtime API, one handler process on it, and all output of the process."""

import json
import os
import queue
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "/2018-06-01/runtime/"
FAR = "33000000000000"


class Process:
    """A handler that is driven event by event. `written` is its standard output and its log after it has ended."""

    def __init__(self, program, **environment):
        self.events, self.replies = queue.Queue(), queue.Queue()
        self.count = 0
        self.server = serve(self.handler())
        address = "{}:{}".format(*self.server.server_address)
        lambda_ = {
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_LAMBDA_FUNCTION_NAME": "function",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/function",
            "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        # An empty environment: nothing is inherited from the caller.
        self.process = subprocess.Popen(
            [program], env=lambda_ | environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.written = None
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        stdout, stderr = self.process.communicate()
        self.written = stdout.decode(errors="replace"), stderr.decode(errors="replace")
        self.replies.put(("ended", b"", 0))

    def invoke(self, event, client_context=None):
        """The result of an event: `response` or `error`, and the payload. Both arguments may be bytes that are not
        valid JSON."""
        self.count += 1
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        context = client_context
        if context is not None and not isinstance(context, bytes):
            context = json.dumps(context).encode()
        self.events.put((f"id-{self.count}", body, context))
        what, payload, request = self.replies.get(timeout=30)
        assert request == f"id-{self.count}", (what, payload)
        return what, payload

    def end(self):
        self.process.kill()
        self.reader.join()
        self.events.put(None)
        self.server.shutdown()
        self.server.server_close()
        return self.written

    def handler(self):
        process = self

        class RuntimeApi(Quiet):
            def do_GET(self):
                event = process.events.get()
                if event is None:
                    self.close_connection = True
                    return
                request, body, context = event
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", request)
                self.send_header("Lambda-Runtime-Deadline-Ms", FAR)
                if context is not None:
                    self.send_header("Lambda-Runtime-Client-Context", context.decode("latin-1"))
                self.answer(body)

            def do_POST(self):
                payload = self.rfile.read(int(self.headers["Content-Length"]))
                request, what = self.path.removeprefix(PREFIX + "invocation/").split("/")
                self.send_response(202)
                self.answer(b"")
                process.replies.put((what, payload, request))

        return RuntimeApi


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """The process closes its connection when it is terminated."""


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are sent in one packet, to avoid the wait for a delayed acknowledgement.
    wbufsize = -1

    def answer(self, body):
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


def serve(handler):
    """An HTTP server on a free port of loopback, with its own threads."""
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


class QuotingDynamoDB:
    """A DynamoDB that fails each request in another way, and quotes the request in its response."""

    def __init__(self):
        self.requests = 0
        self.server = serve(self.handler())
        self.url = "http://{}:{}".format(*self.server.server_address)

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def handler(self):
        database = self

        class DynamoDB(Quiet):
            def do_POST(self):
                request = self.rfile.read(int(self.headers["Content-Length"])).decode()
                ways = database.ways(request, self.headers["X-Amz-Target"])
                status, answer = ways[database.requests % len(ways)]
                database.requests += 1
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("x-amzn-RequestId", f"request-{request[:200].encode().hex()}")
                self.answer(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

        return DynamoDB

    @staticmethod
    def ways(request, target):
        kind = "com.amazonaws.dynamodb.v20120810#"
        reason = {"Code": "ValidationError", "Message": f"the item is wrong: {request}"}
        broken = {"customerId": {"S": 7}, "name": request, "orderId": {"N": request}}
        return [
            (400, {"__type": f"{kind}ValidationException", "message": f"one of these values is invalid: {request}"}),
            (400, {"__type": f"{kind}AccessDeniedException", "Message": f"no {target} for {request}"}),
            (500, {"__type": f"{kind}InternalServerError", "message": request}),
            (400, {"__type": f"{kind}TransactionCanceledException", "message": request, "CancellationReasons": [reason] * 3}),
            (400, {"__type": request, "message": request}),
            (200, request.encode()[:-1]),
            (200, {"Item": broken, "Items": [broken], "Attributes": broken, "Count": request}),
            (200, {"Item": {"customerId": {"S": request}}, "Items": [{"customerId": {"S": request}, "score": {"N": "no"}}]}),
            (302, request.encode()),
        ]
