"""A function for `test_streams.py`: it speaks the Runtime API and streams its response, with Python's library alone."""

import http.client
import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

PRELUDE = "application/vnd.awslambda.http-integration-response"


def main():
    if sys.argv[1:] == ["describe"]:
        print(json.dumps({"catalog": 1, "group": "chat", "description": "", "tools": []}))
        return
    address = os.environ["AWS_LAMBDA_RUNTIME_API"]
    address = urlsplit(address if "//" in address else f"http://{address}")
    base = f"{address.path}/2018-06-01/runtime/invocation"
    while True:
        connection = http.client.HTTPConnection(address.netloc)
        connection.request("GET", f"{base}/next")
        taken = connection.getresponse()
        event = json.loads(taken.read())
        headers = {"Content-Type": PRELUDE, "Lambda-Runtime-Function-Response-Mode": "streaming"}
        path = f"{base}/{taken.headers['Lambda-Runtime-Aws-Request-Id']}/response"
        connection.request("POST", path, pieces(event), headers, encode_chunked=True)
        connection.getresponse().read()
        connection.close()


def pieces(event):
    """The pieces of a response to an event, or to a request of the function's URL."""
    asked = json.loads(event["body"]) if "body" in event else event
    token = event.get("headers", {}).get("authorization", "")
    head = {"statusCode": 201, "headers": {"Content-Type": "text/event-stream", "X-Token": token}, "cookies": ["a=b"]}
    yield json.dumps(head).encode()
    yield bytes(8)
    for number in range(asked["count"]):
        yield f"data: {number}\n\n".encode()
        # the next piece follows when the client has read this one
        while not Path(asked["folder"], str(number)).exists():
            time.sleep(0.005)
    if asked.get("fails"):
        os._exit(5)


main()
