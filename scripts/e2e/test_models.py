"""A custom model server behind one agent: the stream through boto3, and the output of `toolgate chat`."""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import ROOT, TOOLGATE, local_agent
from gateways import changed

KEY = "sk-e2e-secret"
GUARDED = """\
      GuardrailConfiguration:
        GuardrailIdentifier: !GetAtt Guardrail.GuardrailId
        GuardrailVersion: !GetAtt GuardrailVersion.Version
"""


class ModelServer(ThreadingHTTPServer):
    """Calls a tool, then streams an answer whose end waits for the test."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen, self.go_on = [], threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.seen.append((self.path, self.headers["authorization"], request))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        if request["messages"][-1]["role"] != "tool":
            self.event({"role": "assistant", "content": "I look it up, so wait a moment please, it will not take long."})
            call = {"index": 0, "id": "call-1", "type": "function", "function": {"name": "orders__get_order_status", "arguments": ""}}
            self.event({"tool_calls": [call]})
            self.event({"tool_calls": [{"index": 0, "function": {"arguments": '{"orderId": "ORD-12345"}'}}]}, "tool_calls")
        else:
            status = json.loads(request["messages"][-1]["content"])["status"]
            self.event({"content": f"<answer>Your order is {status}, and here are some more words to fill a piece of the answer. "})
            assert self.server.go_on.wait(30)
            self.event({"content": "That is all.</answer>"}, "stop")
        self.wfile.write(b'data: {"choices": [], "usage": {"prompt_tokens": 80, "completion_tokens": 20}}\n\ndata: [DONE]\n\n')

    def event(self, delta, reason=None):
        self.wfile.write(f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta, 'finish_reason': reason}]})}\n\n".encode())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    server = ModelServer()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def desk(tmp_path_factory, server):
    model = f"Orders=openai:http://127.0.0.1:{server.server_port}/v1#small"
    folder = tmp_path_factory.mktemp("desk")
    # A guardrail reads the whole answer before anybody else does, so a guarded agent streams nothing earlier.
    template = changed(folder, *[(GUARDED, "")] * 4)
    with local_agent(folder, "--model", model, template=template, OPENAI_API_KEY=KEY) as desk:
        yield desk


def test_an_answer_is_read_while_the_model_writes_it(desk, server):
    server.go_on.clear()
    reply = desk.agents.invoke_agent(
        agentId="Orders", agentAliasId="TSTALIASID", sessionId="s-stream", inputText="Where is ORD-12345?",
        streamingConfigurations={"streamFinalResponse": True},
    )
    pieces = []
    for event in reply["completion"]:
        pieces.append(event["chunk"]["bytes"].decode())
        server.go_on.set()  # The model continues only after its first words have arrived here.
    answer = "".join(pieces)
    assert len(pieces) > 1
    assert answer.startswith("Your order is ") and answer.endswith("That is all.")
    assert "answer>" not in answer and "look it up" not in answer
    path, key, request = server.seen[0]
    assert (path, key, request["model"]) == ("/v1/chat/completions", f"Bearer {KEY}", "small")
    assert request["max_tokens"] == 4000, "the template's limit"
    assert KEY not in desk.log.read_text()


def chat(desk, *arguments):
    command = [TOOLGATE, "chat", "--endpoint-url", desk.url, *arguments]
    return subprocess.run(list(map(str, command)), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def test_the_timeline_has_80_columns_and_the_agents_side_by_side(desk, server):
    server.go_on.set()
    drawn = chat(desk, "--agent", "Billing", "--trace", "Find all invoices from Q1 2026 for Acme Corp that exceed $10K")
    assert drawn.returncode == 0, drawn.stderr
    timeline = [line for line in drawn.stderr.splitlines() if " s " in line[:12]]
    assert max(map(len, timeline)) <= 80
    assert any("∥ 2 " in line for line in timeline) and any("← 3 " in line for line in timeline)
    assert "\x1b" not in drawn.stderr


def test_raw_parts_can_be_read_by_a_program(desk, server):
    server.go_on.set()
    streamed = chat(desk, "--agent", "Orders", "--trace=json", "--stream", "Where is ORD-12345?")
    assert streamed.returncode == 0, streamed.stderr
    parts = [json.loads(line)["trace"]["orchestrationTrace"] for line in streamed.stdout.splitlines()]
    usage = [part["modelInvocationOutput"]["metadata"]["usage"] for part in parts if "modelInvocationOutput" in part]
    assert usage == [{"inputTokens": 80, "outputTokens": 20}] * 2
    assert "2 model turns, 160 + 40 tokens; at most $10.0000 of $10.0000 left; no price is known for `openai:" in streamed.stderr
