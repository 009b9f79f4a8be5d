"""Measures what the caches of two tools save: an equal call in the same session against the same call in a new one.

    python3 scripts/bench_cache.py PROGRAMS [--tools target/debug] [--rounds 15] [--calls 200]

PROGRAMS has `billing` and `support`, for example target/release. Each round starts fresh processes on a stand-in for
Lambda's Runtime API. Calls that the cache answers and calls that it does not answer take turns, so that other load
affects both. Requests to DynamoDB and to the knowledge base are counted in a round of their own, because counting takes time.
"""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts" / "e2e"))

from lambda_api import Process, Quiet, serve  # noqa: E402 - the stand-ins of the tests

NOW = "2026-11-20T12:00:00Z"
WARM_UP = 20


def invoices(number):
    """The call of `find_invoices`, in another session for each number."""
    event = json.loads((ROOT / "handlers/billing/events/find_invoices-function.json").read_text())
    return event | {"sessionId": f"session-{number}"}


def articles(number):
    """The call of `search_knowledge_base`. Its cache is shared, so each number is another question."""
    event = json.loads((ROOT / "handlers/support/events/search_knowledge_base-function.json").read_text())
    return event | {"parameters": [{"name": "query", "type": "string", "value": f"how long does a refund take {number}"}]}


TOOLS = {"find_invoices": ("billing", invoices), "search_knowledge_base": ("support", articles)}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Tables:
    """`toolgate dev` with the example's tables and data."""

    def __init__(self, tools, folder):
        self.port = free_port()
        command = [tools / "toolgate", "dev", "--port", str(self.port), "--data", folder, "--model", "none"]
        self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "SUPPORT_DESK_NOW": NOW}, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
                    report = json.load(answer)
                    break
            except OSError:
                time.sleep(0.1)
        else:
            sys.exit("toolgate dev did not become healthy")
        names = {table["logicalId"]: table["name"] for table in report["tables"]}
        self.variables = {f"{name.removesuffix('Table').upper()}_TABLE": physical for name, physical in names.items()}

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=20)


def started(programs, program, variables, port):
    quiet = {"SUPPORT_DESK_NOW": NOW, "SUPPORT_DESK_UNBOUND": "allow", **variables}
    return Process(programs / program, **quiet, AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", KNOWLEDGE_BASE_ID="KnowledgeBase")


def call(process, event):
    began = time.perf_counter()
    what, payload = process.invoke(event)
    took = time.perf_counter() - began
    if what != "response" or b'\\"error\\"' in payload:
        sys.exit(f"the function fails: {payload[:300]}")
    return took


def cpu(process):
    """The processor time of a process so far, in seconds. Linux only."""
    threads = Path(f"/proc/{process.process.pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def measured(processes, event, calls):
    """Time and processor time of a call, for a process with equal calls and one with new ones."""
    took = {name: [] for name in processes}
    numbers = iter(range(1, 10 * calls + 100))
    turn = {"cached": lambda: event(0), "not cached": lambda: event(next(numbers))}
    for _ in range(WARM_UP):
        for name, process in processes.items():
            call(process, turn[name]())
    before = {name: cpu(process) for name, process in processes.items()}
    for _ in range(calls):
        for name, process in processes.items():
            took[name].append(call(process, turn[name]()))
    return {name: (statistics.median(took[name]), (cpu(process) - before[name]) / calls) for name, process in processes.items()}


class Counter:
    """A local agent that counts its requests and sends them on."""

    def __init__(self, port):
        self.count = 0
        counter = self

        class Handler(Quiet):
            def do_POST(self):
                counter.count += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                onward = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                onward.request("POST", self.path, body, headers)
                answer = onward.getresponse()
                reply = answer.read()
                onward.close()
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.answer(reply)

        self.server = serve(Handler)
        self.port = self.server.server_port

    def taken(self):
        count, self.count = self.count, 0
        return count

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def requests(programs, program, event, variables, port, calls=50):
    """Requests to AWS in `calls` calls: equal ones, then new ones."""
    counter = Counter(port)
    process = started(programs, program, variables, counter.port)
    try:
        counts = {}
        for name, number in (("cached", lambda _: 0), ("not cached", lambda at: at + 1)):
            call(process, event(0))
            counter.taken()
            for at in range(calls):
                call(process, event(number(at)))
            counts[name] = counter.taken() / calls
        return counts
    finally:
        process.end()
        counter.close()


def spread(values, scale=1.0, digits=1):
    tenths = statistics.quantiles(values, n=10) if len(values) > 1 else values * 9
    at = lambda value: f"{value * scale:.{digits}f}"
    return f"{at(statistics.median(values))} ({at(tenths[0])}–{at(tenths[8])})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=Path)
    parser.add_argument("--tools", type=Path, default=ROOT / "target" / "debug", help="the folder of `toolgate`")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=200)
    chosen = parser.parse_args()
    programs, tools = chosen.programs.resolve(), chosen.tools.resolve()
    print("| | not cached | cached | not cached / cached |")
    print("| --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        tables = Tables(tools, folder)
        try:
            for tool, (program, event) in TOOLS.items():
                rounds = []
                for _ in range(chosen.rounds):
                    processes = {name: started(programs, program, tables.variables, tables.port) for name in ("not cached", "cached")}
                    try:
                        rounds.append(measured(processes, event, chosen.calls))
                    finally:
                        for process in processes.values():
                            process.end()
                for at, what in ((0, "warm round trip, µs"), (1, "CPU of a warm call, µs")):
                    missed, found = ([one[name][at] for one in rounds] for name in ("not cached", "cached"))
                    ratios = [miss / hit for miss, hit in zip(missed, found, strict=True)]
                    print(f"| `{tool}`: {what} | {spread(missed, 1e6)} | {spread(found, 1e6)} | {spread(ratios, digits=2)} |", flush=True)
                counts = requests(programs, program, event, tables.variables, tables.port)
                print(f"| `{tool}`: requests to AWS per call | {counts['not cached']:g} | {counts['cached']:g} | |", flush=True)
        finally:
            tables.end()


if __name__ == "__main__":
    main()
