"""The cost of a call through the gateway compared with the same call by Lambda Invoke (docs/gateway.md has figures).

    toolgate dev &
    python scripts/overhead.py [--url http://127.0.0.1:8787] [--calls 2000]

One connection each, one call after another, alternating, so that both run under the same load. The gateway's figure
includes its interceptor if the template has one, which is a separate call of a function.
"""

import argparse
import base64
import http.client
import json
import statistics
import time
import urllib.parse

CONTEXT = {"custom": {"bedrockAgentCoreToolName": "orders___get_order_status"}}
ARGUMENTS = {"orderId": "ORD-12345"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8787")
    parser.add_argument("--calls", type=int, default=2000)
    arguments = parser.parse_args()
    host = urllib.parse.urlsplit(arguments.url).netloc

    def client(path, body, **headers):
        connection = http.client.HTTPConnection(host)
        headers = {"Content-Type": "application/json"} | headers

        def call():
            start = time.perf_counter()
            connection.request("POST", path, body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
            took = time.perf_counter() - start
            assert answer.status == 200 and b"ORD-12345" in content, content
            return took * 1000

        return call

    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    message["params"] = {"name": "orders___get_order_status", "arguments": ARGUMENTS}
    context = base64.b64encode(json.dumps(CONTEXT).encode()).decode()
    calls = {
        "Lambda Invoke": client(
            "/2015-03-31/functions/orders/invocations", json.dumps(ARGUMENTS), **{"X-Amz-Client-Context": context}
        ),
        "gateway": client("/mcp", json.dumps(message)),
    }
    took = {name: [] for name in calls}
    for turn in range(arguments.calls + 50):
        for name, call in calls.items():
            milliseconds = call()
            # The first calls are a warm-up.
            if turn >= 50:
                took[name].append(milliseconds)
    for name, values in took.items():
        print(f"{name:<14} median {statistics.median(values):.2f} ms, p95 {statistics.quantiles(values, n=20)[-1]:.2f} ms")
    medians = [statistics.median(values) for values in took.values()]
    print(f"{'more':<14} median {medians[1] - medians[0]:.2f} ms, over {arguments.calls} calls each")


if __name__ == "__main__":
    main()
