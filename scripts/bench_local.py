"""Measures the local agent as users run it: `toolgate dev` of the dev profile, over HTTP, with only Python's library.

    python3 scripts/bench_local.py target/debug [rounds]

The model is a script, and the tool (`waiter`) waits for the requested time, so the rest is the local agent's time.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Waiter:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: waiter}}
    Properties: {Timeout: 10}
  Agent:
    Type: AWS::Bedrock::Agent
    Properties:
      AgentName: agent
      FoundationModel: none
      Instruction: You wait for things that take their time.
      ActionGroups:
        - ActionGroupName: waiter
          ActionGroupExecutor: {Lambda: !GetAtt Waiter.Arn}
          FunctionSchema:
            Functions:
              - Name: wait
                Description: Wait.
                Parameters: {milliseconds: {Type: integer, Description: How long., Required: true}}
"""

SCENARIO = """
agents:
  Agent:
    - name: a word
      user: ['^hello$']
      steps: [{answer: "Hello."}]
    - name: one call
      user: ['^once$']
      steps: [{call: wait, with: {milliseconds: 0}}, {answer: "Done."}]
    - name: ten calls
      user: ['^ten$']
      steps:
        - calls:
CALLS
        - answer: "Done."
"""
CALLS = "\n".join("            - {call: wait, with: {milliseconds: 100}}" for _ in range(10))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Client:
    """A persistent connection, as an SDK uses it."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, path, body):
        self.connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def turn(self, agent, session, text):
        status, frames = self.post(f"/agents/{agent}/agentAliases/TSTALIASID/sessions/{session}/text", {"inputText": text})
        # A frame of the event stream contains the name of its event.
        if status != 200 or b"xception" in frames or b"chunk" not in frames:
            raise RuntimeError(f"{text}: {status} {frames[:300]!r}")
        return frames


def resident(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(("VmRSS", "VmHWM"))}


@contextmanager
def agent(binaries, arguments, cwd):
    """A started local agent: its port, its process, and the time until it was healthy, in ms."""
    port = free_port()
    command = [str(binaries / "toolgate"), "dev", "--port", str(port), *arguments]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            if process.poll() is not None:
                sys.exit(f"{' '.join(command)} ended: run it by hand to see why")
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    break
            except OSError:
                pass
            time.sleep(0.002)
        yield port, process, (time.perf_counter() - started) * 1000
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def timed(count, work):
    times = []
    for _ in range(count):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    return times


def figures(name, times, unit, goal=""):
    times = sorted(times)
    at = lambda part: times[round((len(times) - 1) * part)]
    print(f"| {name} | {at(0.5):.1f} {unit} | {at(0.1):.1f}–{at(0.9):.1f} | {len(times)} | {goal} |", flush=True)
    return at(0.5)


def starts(binaries, rounds):
    fresh, again, memory = [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as data:
            for times in (fresh, again):
                with agent(binaries, ["--data", data], ROOT) as (_, process, took):
                    times.append(took)
                    memory.append(resident(process.pid)["VmRSS"])
    figures("support desk healthy, tables there", again, "ms", "≤ 1000")
    figures("support desk healthy, tables made and filled (1,500 items)", fresh, "ms", "≤ 1000")
    figures("resident memory once healthy", memory, "MB", "≤ 60")


def turns(binaries, rounds):
    event = {
        "messageVersion": "1.0", "actionGroup": "waiter", "function": "wait", "sessionId": "s", "inputText": "once",
        "agent": {"name": "agent", "id": "Agent", "alias": "TSTALIASID", "version": "DRAFT"},
        "parameters": [{"name": "milliseconds", "type": "integer", "value": "0"}],
        "sessionAttributes": {}, "promptSessionAttributes": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "template.yaml").write_text(TEMPLATE)
        (Path(folder) / "scenario.yaml").write_text(SCENARIO.replace("CALLS", CALLS))
        arguments = ["--data", folder, "--model", f"script:{folder}/scenario.yaml"]
        with agent(binaries, arguments, folder) as (port, _, _):
            client = Client(port)

            def fresh_turn(text):
                client.turn("Agent", f"bench-{uuid.uuid4()}", text)

            def invoke():
                status, reply = client.post("/2015-03-31/functions/waiter/invocations", event)
                assert status == 200 and b"waited" in reply, reply

            timed(50, lambda: fresh_turn("hello"))
            timed(50, lambda: fresh_turn("once"))
            figures("a turn with no tool", timed(rounds * 40, lambda: fresh_turn("hello")), "ms", "≤ 2")
            alone, turn = [], []
            for _ in range(rounds * 40):
                alone += timed(1, invoke)
                turn += timed(1, lambda: fresh_turn("once"))
            figures("Lambda Invoke of a tool that does nothing", alone, "ms")
            figures("a turn with that tool: two model turns, one call", turn, "ms")
            figures("the same without its Invoke, pair by pair", [one - other for one, other in zip(turn, alone)], "ms", "≤ 2")
            timed(2, lambda: fresh_turn("ten"))
            figures("a turn with 10 parallel calls of 100 ms", timed(rounds * 4, lambda: fresh_turn("ten")), "ms", "≤ 110")


def sessions(binaries, count=200, turns=3):
    """Many callers at once, each with its own session and connection, and tools that read the tables."""
    with tempfile.TemporaryDirectory() as data, agent(binaries, ["--data", data], ROOT) as (port, process, _):
        times, errors, ready = [], [], threading.Barrier(count)

        def person(number):
            try:
                client = Client(port)
                ready.wait()
                for _ in range(turns):
                    took = timed(1, lambda: client.turn("Orders", f"bench-{number}", "What is the status of order ORD-12345?"))
                    times.extend(took)
            except Exception as error:  # Any exception counts as a failed call.
                errors.append(repr(error))

        people = [threading.Thread(target=person, args=(number,)) for number in range(count)]
        started = time.perf_counter()
        for thread in people:
            thread.start()
        for thread in people:
            thread.join()
        took = time.perf_counter() - started
        memory = resident(process.pid)
        figures(f"a turn among {count} sessions at once, with a tool that reads a table", times or [float("nan")], "ms")
        print(f"| turns of {count} sessions at once, a second | {len(times) / took:.0f} | | {len(times)} | |")
        print(f"| errors among them | {len(errors)} | | {count * turns} | 0 |")
        print(f"| resident memory after them (peak) | {memory['VmRSS']:.1f} ({memory['VmHWM']:.1f}) MB | | 1 | ≤ 60 |")
        for error in errors[:5]:
            print(f"  {error}", file=sys.stderr)


def main():
    binaries = Path(sys.argv[1] if len(sys.argv) > 1 else "target/debug").resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    load = lambda: " ".join(f"{part:.1f}" for part in os.getloadavg())
    print(f"{os.cpu_count()} cores, load before {load()}; dev profile\n")
    print("| | median | 10th–90th percentile | measured | goal |\n| --- | ---: | ---: | ---: | ---: |")
    starts(binaries, rounds)
    turns(binaries, rounds)
    sessions(binaries)
    print(f"\nload after {load()}")


if __name__ == "__main__":
    main()
