"""Spans of a turn, from the supervisor to the database, at a receiver; and what a receiver can do to a call."""

import json
import time
import urllib.request

import pytest
from conftest import ROOT, TOOLGATE, free_port, local_agent
from lambda_api import Process
from mcp_function import mcp_function
from otlp import receiver
from test_agents import Talk
from test_harness import answer, invoke

# The tests' own handler; `cargo test --workspace` builds it.
PROBE = ROOT / TOOLGATE.parent / "examples" / "probe"
PARENT = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
TRACEPARENT = "00-{}-{}-01".format(*PARENT)


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    with receiver() as got, local_agent(tmp_path_factory.mktemp("traces"), "--otlp", got.url) as desk:
        desk.receiver = got
        yield desk


def post(url, body, headers):
    request = urllib.request.Request(url, body, {"content-type": "application/json"} | headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status


def named(spans, name):
    return [span for span in spans if span.name == name]


def test_a_turn_is_one_trace_from_the_supervisor_to_the_database(traced):
    got = traced.receiver
    got.bodies.clear()
    answer = Talk(traced, "Supervisor").ask("What is the status of order ORD-12345?")
    assert "ORD-12345" in answer
    is_root = lambda span: not span.parent and span.name.startswith("invoke_agent ")
    spans = got.until(lambda found: any(map(is_root, found)) and any("db.system.name" in span.attributes for span in found))
    by_id = {span.id: span for span in spans}
    assert len({span.trace for span in spans}) == 1 and len(by_id) == len(spans)

    def path(span):
        return ([*path(by_id[span.parent])] if span.parent else []) + [span.name]

    read = next(span for span in spans if span.attributes.get("db.system.name"))
    verbs = [name.split()[0] for name in path(read)]
    # supervisor, specialist, the tool in the agent, the tool in the function, the database
    assert verbs[:-1] == ["invoke_agent", "invoke_agent", "execute_tool", "execute_tool"], path(read)
    assert read.kind == 3 and read.attributes["db.system.name"] == "aws.dynamodb"
    assert read.attributes["db.operation.name"] == read.name == verbs[-1]
    tool = by_id[read.parent]
    assert tool.name == "execute_tool get_order_status" and tool.kind == 1
    assert tool.resource["service.name"] == tool.resource["faas.name"] == "OrdersFunction"
    assert by_id[tool.parent].resource["service.name"] == "toolgate-dev"
    gates = [event["toolgate.gate.name"] for name, event in tool.events]
    assert gates[:4] == ["wire", "tool", "fields in", "types"] and gates[-2:] == ["fields out", "size"]
    assert all(event["toolgate.gate.verdict"] == "passed" for _, event in tool.events)
    models = [span for span in spans if span.name.startswith("chat ")]
    assert len(models) >= 3
    assert all(isinstance(span.attributes["gen_ai.usage.input_tokens"], int) for span in models)
    assert all(by_id[span.parent].name.startswith("invoke_agent ") for span in models)
    for span in spans:
        parent = by_id.get(span.parent)
        assert span.start <= span.end
        assert not parent or parent.start - 2_000_000 <= span.start, (span.name, parent.name)
    assert got.paths == {"/v1/traces"}


@pytest.mark.parametrize(("function", "tool", "sent"), [
    ("billing", "find_invoices", {"customer": "Acme Corp"}),
    ("customers", "get_customer_info", {"customerId": "CUST-12345"}),
    ("support", "record_feedback", {"rating": 5}),
])
def test_every_function_with_tools_has_its_requests_to_the_tables(traced, function, tool, sent):
    got = traced.receiver
    got.bodies.clear()
    traced.gateway(function, tool, sent)
    spans = got.until(lambda found: any("db.system.name" in span.attributes for span in found))
    [call] = [span for span in named(spans, f"execute_tool {tool}") if span.resource["service.name"] != "toolgate-dev"]
    assert all(span.parent == call.id for span in spans if "db.system.name" in span.attributes)


def test_a_turn_of_a_harness_is_one_trace_with_the_checks_around_its_calls(traced):
    got = traced.receiver
    got.bodies.clear()
    assert "ORD-12345" in answer(invoke(traced, "What is the status of order ORD-12345?"))
    name = "execute_tool get_order_status"
    is_root = lambda span: not span.parent and span.name.startswith("invoke_agent ")
    spans = got.until(lambda found: any(map(is_root, found)) and any("db.system.name" in span.attributes for span in found))
    by_id = {span.id: span for span in spans}
    assert len({span.trace for span in spans}) == 1
    [root] = [span for span in spans if is_root(span)]
    outer, inner = sorted(named(spans, name), key=lambda span: span.start)
    assert (outer.parent, inner.parent) == (root.id, outer.id)
    assert outer.attributes["faas.invoked_name"] == "orders" and outer.resource["service.name"] == "toolgate-dev"
    assert inner.resource["service.name"] == "OrdersFunction"
    assert all(by_id[span.parent] is inner for span in spans if "db.system.name" in span.attributes)
    [policy] = named(spans, "policy orders___get_order_status")
    assert policy.attributes == {"toolgate.verdict": "passed", "gen_ai.tool.name": "orders___get_order_status"}
    is_check = lambda span: span.name.split()[0] in ("policy", "interceptor", "hook", "guardrail")
    checks = {span.name: span.kind for span in spans if is_check(span)}
    assert checks["policy orders___get_order_status"] == 1 and checks["interceptor interceptor"] == 3
    assert {name.split()[0] for name in checks} == {"policy", "interceptor", "hook", "guardrail"}


def test_no_word_of_a_conversation_or_of_the_tables_is_in_a_span(traced):
    got = traced.receiver
    got.bodies.clear()
    talk = Talk(traced, "Supervisor", attributes={"customerId": "CUST-12345"})
    for text in ["What is the status of order ORD-12345?", "Who am I? My name is CANARY", "Show my invoices of Acme Corp"]:
        talk.say(text)
    traced.direct("orders", "get_order_status", {"orderId": "CANARY-1"})
    got.until(lambda found: len(found) > 5)
    time.sleep(0.5)
    everything = b"".join(got.bodies)
    for secret in ["ORD-12345", "CANARY", "CUST-12345", "shipped", "Acme", "invoices of", "the status of", talk.session]:
        assert secret.encode() not in everything, secret


def test_the_trace_of_the_caller_is_continued(traced):
    got = traced.receiver
    got.bodies.clear()
    event = json.dumps({"toolName": "get_order_status", "toolInput": {"orderId": "ORD-12345"}}).encode()
    header = f"Root=1-{PARENT[0][:8]}-{PARENT[0][8:]};Parent={PARENT[1]};Sampled=1"
    url = f"{traced.url}/2015-03-31/functions/orders/invocations"
    assert post(url, event, {"x-amzn-trace-id": header}) == 200
    [span] = named(got.until(lambda found: named(found, "execute_tool get_order_status")), "execute_tool get_order_status")
    assert (span.trace, span.parent) == PARENT


def test_a_call_without_a_trace_begins_one(traced):
    got = traced.receiver
    got.bodies.clear()
    traced.gateway("orders", "get_order_status", {"orderId": "ORD-12345"})
    spans = got.until(lambda found: named(found, "execute_tool get_order_status"))
    [span] = named(spans, "execute_tool get_order_status")
    assert span.parent == "" and span.attributes["toolgate.wire"] == "gateway"


def test_the_token_for_the_receiver_reaches_agents_and_functions(tmp_path):
    with receiver() as got, local_agent(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=got.url, OTEL_EXPORTER_OTLP_HEADERS="x-token=t%201") as desk:
        Talk(desk, "Orders").ask("What is the status of order ORD-12345?")
        services = lambda spans: {span.resource["service.name"] for span in spans}
        got.until(lambda spans: services(spans) >= {"toolgate-dev", "OrdersFunction"})
        assert set(got.tokens) == {"t 1"}


@pytest.mark.parametrize("variables", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_the_local_agent_can_be_switched_off_too(tmp_path, variables):
    with receiver() as got, local_agent(tmp_path, "--otlp", got.url, **variables) as desk:
        Talk(desk, "Orders").ask("What is the status of order ORD-12345?")
        time.sleep(0.5)
        assert got.bodies == []


def test_an_mcp_client_names_the_parent_in_its_request(tmp_path):
    with receiver() as got, mcp_function(tmp_path, "--otlp", got.url) as desk:
        params = {"name": "test_simple_text", "arguments": {}, "_meta": {"traceparent": TRACEPARENT}}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        assert post(desk.mcp_url, json.dumps(body).encode(), {"accept": "application/json"}) == 200
        name = "tools/call test_simple_text"
        [span] = named(got.until(lambda found: named(found, name)), name)
        assert (span.trace, span.parent, span.kind) == (*PARENT, 2)
        assert span.attributes["mcp.method.name"] == "tools/call"


@pytest.fixture(params=["answers", "refuses", "asks for a token", "redirects", "floods", "hangs", "is absent"])
def process(request):
    """A function with a receiver that does this."""
    with receiver() as got:
        got.status = {"refuses": 500, "asks for a token": 401, "redirects": 307}.get(request.param, 200)
        got.hangs, got.floods = request.param == "hangs", request.param == "floods"
        url = f"http://127.0.0.1:{free_port()}" if request.param == "is absent" else got.url
        process = Process(str(PROBE), OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_SERVICE_NAME="probe")
        yield process, got, request.param
        process.end()


def test_a_receiver_never_changes_a_reply_and_delays_at_most_one_call(process):
    process, got, receives = process
    started, times = time.monotonic(), []
    for _ in range(5):
        before = time.monotonic()
        what, payload = process.invoke({"toolName": "act", "toolInput": {"what": "hello"}})
        times.append(time.monotonic() - before)
        assert (what, json.loads(json.loads(payload)["body"])) == ("response", {"text": "hello"})
    # The time of one request is 500 ms, and after a failure there is a pause.
    assert time.monotonic() - started < 1.5 and sorted(times)[-2] < 0.4, times
    takes = receives in ("answers", "floods")
    if takes:
        got.until(lambda found: len(found) == 5)
    _, log = process.end()
    assert log.count("spans could not be sent") == (not takes), log
    # A body is not read, and a redirect is not followed.
    assert got.flooded < 64 << 20 and got.paths <= {"/v1/traces"}
    if takes:
        spans = got.spans()
        assert [span.name for span in spans] == ["execute_tool act"] * 5
        assert [span.attributes["faas.coldstart"] for span in spans] == [True, False, False, False, False]
        assert {span.resource["service.name"] for span in spans} == {"probe"}
    elif receives != "is absent":
        assert len(got.bodies) == 1


@pytest.mark.parametrize("variables", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_spans_can_be_switched_off(variables):
    with receiver() as got:
        process = Process(str(PROBE), OTEL_EXPORTER_OTLP_ENDPOINT=got.url, **variables)
        process.invoke({"toolName": "act", "toolInput": {"what": "hello"}})
        process.invoke({"toolName": "act", "toolInput": {"what": "hello"}})
        process.end()
        assert got.bodies == []


def test_a_variable_that_is_not_valid_stops_the_start_and_is_not_repeated():
    process = Process(str(PROBE), OTEL_EXPORTER_OTLP_ENDPOINT="collector:SECRET")
    process.reader.join(timeout=10)
    log = "".join(process.end())
    assert "OTEL_EXPORTER_OTLP_ENDPOINT must be an `http://` or `https://` URL" in log and "SECRET" not in log
