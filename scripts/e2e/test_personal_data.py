"""No personal data in any log or metric. A corpus is sent through every tool of every handler, on every wire, with
maximum logging, over a working database and over failing ones."""

import itertools
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import AGENT_OF, ROOT, TOOLGATE, agents_event, as_text, free_port, gateway_context, local_agent
from lambda_api import Process, QuotingDynamoDB
from personal import EVERYTHING, PIECES, SOME, disguises, leaks

LOUD = {"TOOLGATE_LOG": "trace", "RUST_LOG": "trace", "RUST_BACKTRACE": "1", "TOOLGATE_METRICS": "on"}
CUSTOMER = "CUST-12345"
DATABASES = ["seeded", "unreachable", "quoting"]

# The smallest input with which each tool reaches the database. The test fails for a tool that is missing here.
VALID = {
    "get_customer_info": {"customerId": CUSTOMER, "includeOrderHistory": True},
    "update_user_account": {"customerId": CUSTOMER, "email": "zoe.quartermain@mailbox.example", "phone": "+44 7700 900461"},
    "get_order_status": {"orderId": "ORD-123"},
    "initiate_return": {"orderId": "ORD-12345", "reason": SOME},
    "find_invoices": {"customer": "Acme Corp", "limit": 50},
    "request_refund": {"orderId": "ORD-123", "amount": "1.00", "reason": SOME},
    "escalate_to_human": {"summary": SOME, "customerId": CUSTOMER, "orderId": "ORD-123", "priority": "low"},
    "record_feedback": {"rating": 5, "comment": SOME},
    "search_knowledge_base": {"query": "how long does a refund take"},
}


def program(handler):
    return str(ROOT / TOOLGATE.parent / handler)


def catalog(handler):
    described = subprocess.run([program(handler), "describe"], check=True, capture_output=True)
    return {tool["name"]: list(tool["input"]["properties"]) for tool in json.loads(described.stdout)["tools"]}


def wires(handler, tool, arguments, piece, bound=False):
    """One call on each wire as `(event, client context)`, with the piece in every position that the caller or the
    customer controls."""
    identity = {"customerId": CUSTOMER} if bound else {}
    envelope = agents_event(handler, session=piece, attributes={"note": piece, piece: piece, **identity})
    envelope |= {"inputText": piece, "promptSessionAttributes": {"note": piece, piece: piece}}
    envelope["agent"] = {"name": piece, "id": piece, "alias": piece, "version": piece}
    properties = {"content": {"application/json": {"properties": as_text(arguments)}}}
    yield envelope | {"function": tool, "parameters": as_text(arguments)}, None
    yield envelope | {"apiPath": f"/{tool}", "httpMethod": "POST", "requestBody": properties}, None
    yield {"toolName": tool, "toolInput": arguments, "note": piece, piece: piece, "sessionId": piece}, None
    headers = {"authorization": f"Bearer {piece}", "x-note": piece, piece: [piece], **{"X-Desk-Customer-Id": CUSTOMER for _ in identity}}
    custom = {"bedrockAgentCorePropagatedHeaders": headers, "bedrockAgentCoreTargetId": piece, "note": piece, piece: piece}
    yield arguments, gateway_context(handler, tool, **custom) | {"client": {"app_title": piece}, "env": {piece: piece}}


def good_calls(handler, tools, pieces):
    """Calls that reach the database, as the desk and as the customer."""
    for piece, (tool, bound) in zip(itertools.cycle(pieces), itertools.product(tools, [False, True])):
        yield from wires(handler, tool, VALID[tool], piece, bound)


def odd_calls(handler, tools):
    """Calls of which most are refused at some gate."""
    for number, piece in enumerate([*PIECES, EVERYTHING, SOME]):
        for tool, properties in tools.items():
            one = properties[number % len(properties)]
            yield from wires(handler, tool, VALID[tool] | {one: piece}, piece)
            yield from wires(handler, tool, dict.fromkeys(properties, piece) | {piece: piece, "accountStatus": piece}, piece)
        # The piece as caller, as tool and as action group.
        yield from wires(handler, piece, {piece: piece}, piece)
        tool = next(iter(tools))
        event = agents_event(handler, session=piece, attributes={"customerId": piece}) | {"actionGroup": piece}
        yield event | {"function": tool, "parameters": as_text(VALID[tool])}, None
        yield event | {"function": tool, "parameters": piece}, None
        yield event | {"function": tool, "parameters": [{"name": piece}, {piece: piece}, piece]}, None
        yield event | {"apiPath": f"/{piece}/{{{piece}}}", "httpMethod": piece, "parameters": as_text({piece: piece})}, None
        yield VALID[tool], gateway_context(handler, tool, bedrockAgentCorePropagatedHeaders={"X-Desk-Customer-Id": piece})
        yield piece, gateway_context(handler, tool, bedrockAgentCorePropagatedHeaders=piece)


def no_calls(handler, tools):
    """Events that are not a call, or cannot be parsed."""
    tool = next(iter(tools))
    for piece in [*PIECES[::4], SOME]:
        raw = piece.encode()
        for event in [{"hello": piece, piece: piece}, piece, [piece], {"toolName": [piece]}, {"messageVersion": piece, "actionGroup": piece}]:
            yield event, None
        for body in [raw, b'{"toolName": "' + raw, b'{"toolName": ' + raw + b"}", b'"\xff\xfe' + raw + b'"']:
            yield body, None
        for context in [raw, b'{"custom": {"bedrockAgentCoreToolName": "' + raw, b'{"custom": ' + raw + b"}", b"\xff" + raw]:
            yield VALID[tool], context


def personal_values(desk):
    """The personal values in the seed data, and every id that identifies a person's records."""
    for table in desk.health["tables"]:
        for page in desk.dynamodb.get_paginator("scan").paginate(TableName=table["name"]):
            for item in page["Items"]:
                names = ["customerId", "name", "email", "phone", "billingAddress", "orderId", "invoiceId"]
                yield from (item[name]["S"] for name in names if name in item)


class Run:
    """All input, replies and output of one process."""

    def __init__(self, handler, calls, nothing, **environment):
        process = Process(program(handler), **LOUD, **environment)
        self.replies = []
        try:
            self.replies = [process.invoke(*call) for call in calls]
            self.errors = [process.invoke(*event) for event in nothing]
        finally:
            self.stdout, self.stderr = process.end()

    def metrics(self):
        """The lines of calls."""
        return [line for line in map(json.loads, self.stdout.splitlines()) if "Wire" in line]

    def own_metrics(self):
        """The other lines, which are the functions' own metrics."""
        return [line for line in map(json.loads, self.stdout.splitlines()) if "Wire" not in line]


def run(desk, handler, database):
    tools = catalog(handler)
    tables = {re.sub("(?<!^)(?=[A-Z])", "_", table["logicalId"]).upper(): table["name"] for table in desk.health["tables"]}
    common = tables | {"AWS_MAX_ATTEMPTS": "1", "SUPPORT_DESK_UNBOUND": "allow", "KNOWLEDGE_BASE_ID": "KnowledgeBase"}
    good = list(good_calls(handler, tools, PIECES))
    if database == "seeded":
        calls = good + list(odd_calls(handler, tools)) + good
        nothing = list(no_calls(handler, tools))
        return Run(handler, calls, nothing, AWS_ENDPOINT_URL=desk.url, AWS_LAMBDA_LOG_FORMAT="JSON", **common)
    if database == "unreachable":
        return Run(handler, good, [], AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}", **common)
    quoting = QuotingDynamoDB()
    try:
        # Often enough that each tool meets each kind of failure.
        calls = [call for turn in range(9) for call in good_calls(handler, tools, PIECES[turn:])]
        return Run(handler, calls, [], AWS_ENDPOINT_URL=quoting.url, **common)
    finally:
        quoting.close()


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """Runs of all handlers over all databases, at the same time as the local agent; then the local agent's own log."""
    with local_agent(tmp_path_factory.mktemp("personal"), **LOUD) as desk:
        everything = {"seeds": sorted(set(personal_values(desk)))}
        pairs = list(itertools.product(AGENT_OF, DATABASES))
        with ThreadPoolExecutor(4) as pool:
            everything |= dict(zip(pairs, pool.map(lambda pair: run(desk, *pair), pairs)))
        invoke_the_local_agent(desk)
    everything["local"] = desk.log.read_text()
    return everything


def invoke_the_local_agent(desk):
    """The same through `toolgate dev`: functions on all wires, and an agent that gets the whole corpus."""
    for handler in AGENT_OF:
        for tool in catalog(handler):
            for event, context in wires(handler, tool, VALID[tool], SOME):
                desk.reply(handler, event, context)
        desk.reply(handler, {"toolName": SOME, "toolInput": {SOME: SOME}})
        assert desk.invoke(handler, SOME)[1] is not None
    for attributes in [{"note": EVERYTHING}, {"customerId": CUSTOMER, "note": EVERYTHING}]:
        answer = desk.agents.invoke_agent(
            agentId="Supervisor", agentAliasId="dev", sessionId="s3ss10n-of-quartermain-8842", enableTrace=True,
            inputText=f"Where is my order ORD-12345? {EVERYTHING}", sessionState={"sessionAttributes": attributes},
        )
        assert list(answer["completion"])


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("handler", AGENT_OF)
def test_a_handler_writes_nothing_personal(everything, handler, database):
    run = everything[handler, database]
    pieces = [*PIECES, *everything["seeds"]]
    assert leaks(run.stdout, pieces) == []
    assert leaks(run.stderr, pieces) == []


def test_the_local_agent_writes_nothing_personal(everything):
    assert "metrics" in everything["local"] and "escalate_to_human" in everything["local"]
    # The start screen shows a command with an order of the example. It is written before any call.
    [example] = [line for line in everything["local"].splitlines() if line.startswith("echo '{")]
    assert everything["local"].index(example) < everything["local"].index("toolgate is up at")
    assert leaks(everything["local"].replace(example, ""), [*PIECES, *everything["seeds"]]) == []


@pytest.mark.parametrize("handler", AGENT_OF)
def test_the_calls_were_real(everything, handler):
    """Input and replies contain the personal data; the logs mention every call, tool, wire and failure."""
    tools = set(catalog(handler))
    assert tools <= set(VALID)
    for database in DATABASES:
        run = everything[handler, database]
        assert all(what == "response" for what, _ in run.replies)
        assert all(what == "error" for what, _ in run.errors)
        metrics = run.metrics()
        assert len(metrics) == len(run.replies)
        assert {line.get("Tool") for line in metrics} - {None} == tools
        assert {line["Wire"] for line in metrics} == {"function", "api", "direct", "gateway"}
        assert all(line.keys() == {"_aws", "FeedbackRating"} for line in run.own_metrics())
        # A feedback that was not stored is not measured.
        assert not run.own_metrics() or (handler == "support" and database != "unreachable")
        assert run.stderr.count("request_id") >= len(run.replies)
    outcomes = {database: {line["Outcome"] for line in everything[handler, database].metrics()} for database in DATABASES}
    assert {"ok", "invalid", "unknown tool"} <= outcomes["seeded"]
    assert "internal" in outcomes["unreachable"] and "internal" in outcomes["quoting"]
    replied = "\n".join(payload.decode() for _, payload in everything[handler, "seeded"].replies)
    assert set(PIECES) <= set(leaks(replied, PIECES))
    assert bool(everything[handler, "seeded"].own_metrics()) == (handler == "support")
    if handler == "customers":
        assert {"Jane Doe", "12 Elm Street, Springfield, IL 62701"} <= set(leaks(replied, everything["seeds"]))


def test_the_check_sees_through_disguises():
    for piece in PIECES:
        for name, line in disguises(piece).items():
            assert piece in leaks(f"12:00 something else\n{line}\nthe end", PIECES), (name, line)
    assert leaks('{"level":"INFO","message":"call","tool":"get_order_status","request_id":"id-1"}', PIECES) == []


def test_a_planted_line_is_found():
    """A tool that logs its input at the lowest level, and one that prints it: the same check detects both."""
    probe = Path(program("examples/probe"))
    if not probe.exists():
        subprocess.run(["cargo", "build", "--quiet", "--workspace", "--examples"], cwd=ROOT, check=True)
    for word, place in [("log", 1), ("print", 0)]:
        process = Process(str(probe), **LOUD)
        what, _ = process.invoke({"toolName": "act", "toolInput": {"what": f"{word} {SOME}"}})
        assert what == "response"
        assert {"Zoë Quartermain-Ødegård", "+44 7700 900461", "4111 1111 1111 1111"} <= set(leaks(process.end()[place], PIECES))
