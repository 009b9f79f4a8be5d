"""Attacks on the gateway: they must neither get through nor stop it."""

import http.client
import json

import pytest
from conftest import local_agent
from gateways import TAKES_TOKENS, Issuer, bearer, rpc, unsigned
from mcp_client import body, calling, listing, over_http

HEADER = "X-Desk-Customer-Id"
LOOK_UP = {"name": "orders___get_order_status", "arguments": {"orderId": "ORD-12345"}}  # CUST-12345's
MEGABYTE = 1024 * 1024


def ask(desk, content, method="POST", path="/mcp", **headers):
    """The status and the parsed body of a response. The server must then serve the next request."""
    connection = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=60)
    try:
        headers = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=content, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None
    finally:
        connection.close()


@pytest.fixture(autouse=True)
def stays_up(desk):
    """After all requests of a test the next call is served."""
    yield
    status, answer = ask(desk, rpc("tools/call", LOOK_UP))
    assert (status, answer["result"]["isError"]) == (200, False)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, -32700),
        (b"{", 400, -32700),
        (b"\xff\xfe", 400, -32700),
        (b"[" * 100_000, 400, -32700),
        (b"null", 400, -32600),
        (b"[]", 400, -32600),
        (f"[{rpc('ping')}]".encode(), 400, -32600),
        (b'{"id": 1, "method": "ping"}', 400, -32600),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "ping"}', 400, -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": ["ping"]}', 400, -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": "x"}', 400, -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "resources/list"}', 200, -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "no/such/method"}', 200, -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call"}', 200, -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 7}}', 200, -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "a", "arguments": []}}', 200, -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}', 200, -32602),
        (rpc("tools/list", {"cursor": "no cursor"}).encode(), 200, -32602),
    ],
)
def test_a_bad_message_is_told_what_is_wrong(desk, content, status, code):
    answered, answer = ask(desk, content)
    assert (answered, answer["jsonrpc"], answer["error"]["code"]) == (status, "2.0", code), answer
    assert answer["error"]["message"]


def test_a_huge_body_is_refused_and_a_large_one_read(desk):
    status, answer = ask(desk, b" " * (8 * MEGABYTE))
    assert (status, answer["error"]["code"]) == (413, -32600)
    assert "6291456 bytes" in answer["error"]["message"]
    large = {"name": LOOK_UP["name"], "arguments": {"orderId": "x" * (5 * MEGABYTE)}}
    status, answer = ask(desk, rpc("tools/call", large))
    assert (status, json.loads(answer["result"]["content"][0]["text"])["error"]["kind"]) == (200, "invalid")


def test_other_media_types_are_refused(desk):
    for kind, status in [("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("application/json; charset=utf-8", 200)]:
        answered, answer = ask(desk, rpc("tools/list"), Content_Type=kind)
        assert answered == status, answer
    for accept, status in [("text/html", 406), ("*/*", 200), ("application/json", 200)]:
        assert ask(desk, rpc("tools/list"), Accept=accept)[0] == status


def test_there_are_no_sessions_to_misuse(desk):
    assert ask(desk, rpc("tools/list"), Mcp_Session_Id="somebody-elses")[0] == 200
    for method in ["GET", "DELETE", "PUT", "PATCH"]:
        status, answer = ask(desk, None, method=method, Mcp_Session_Id="somebody-elses", Accept="text/event-stream")
        assert (status, answer["error"]["code"]) == (405, -32600)
    # A response without a request.
    status, answer = ask(desk, json.dumps({"jsonrpc": "2.0", "id": 1, "result": {}}))
    assert (status, answer["error"]["code"]) == (400, -32600)


def test_a_version_that_the_template_does_not_list_is_refused(desk):
    assert desk.health["gateway"]["versions"] == ["2025-03-26", "2025-06-18", "2025-11-25"]
    for version in desk.health["gateway"]["versions"]:
        assert ask(desk, rpc("tools/list"), MCP_Protocol_Version=version)[0] == 200
    for version in ["2024-11-05", "2026-07-28", "1.0", "\u00e9"]:
        status, answer = ask(desk, rpc("tools/list"), MCP_Protocol_Version=version)
        assert (status, answer["error"]["code"]) == (400, -32600)
        assert "2025-11-25" in answer["error"]["message"]


# --- who is asking ---


@pytest.mark.parametrize("name", [HEADER, HEADER.lower(), HEADER.upper()])
def test_with_iam_no_client_may_name_a_customer(desk, name):
    status, answer = ask(desk, rpc("tools/call", LOOK_UP), **{name: "CUST-00001"})
    assert (status, answer["error"]["message"]) == (403, f"`{HEADER}` is not for clients to set")


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    return Issuer(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def by_token(issuer, tmp_path_factory):
    with local_agent(tmp_path_factory.mktemp("by_token"), *TAKES_TOKENS, "--jwt-keys", issuer.file) as desk:
        yield desk


def test_the_token_names_the_customer_whatever_a_header_claims(by_token, issuer):
    for customer, found in [("CUST-12345", True), ("CUST-00001", False)]:
        for claimed in [{}, {HEADER: "CUST-12345"}, {HEADER.lower(): "CUST-12345"}]:
            headers = bearer(issuer.token(customer_id=customer)) | claimed
            [result] = over_http(by_token, calling(**LOOK_UP["arguments"], tool=LOOK_UP["name"]), headers=headers)
            reply = body(result)
            assert (reply.get("status") == "shipped") == found, reply
            assert found or reply["error"]["kind"] == "not found"


def test_without_a_good_token_nothing_is_said(by_token, issuer, tmp_path):
    stranger = Issuer(tmp_path)
    bad = {
        "none": {},
        "basic": {"Authorization": "Basic dXNlcjpwYXNz"},
        "garbage": bearer("not.a-token"),
        "unsigned": bearer(unsigned(sub="user-1", aud="desk", exp=9_999_999_999, customer_id="CUST-12345")),
        "by a stranger": bearer(stranger.token(customer_id="CUST-12345")),
        "expired": bearer(issuer.token(customer_id="CUST-12345", exp=1)),
        "for somebody else": bearer(issuer.token(customer_id="CUST-12345", aud="other")),
    }
    for why, headers in bad.items():
        for message in [rpc("tools/list"), rpc("tools/call", LOOK_UP)]:
            status, answer = ask(by_token, message, **headers)
            assert (status, answer["id"]) == (401, 1), why
            assert "result" not in answer
    assert "CUST-12345" not in by_token.log.read_text()


def test_a_token_without_a_customer_lists_nothing_that_it_may_not_call(by_token, issuer):
    headers = bearer(issuer.token())
    [tools] = over_http(by_token, listing, headers=headers)
    assert tools == []
    status, answer = ask(by_token, rpc("tools/call", LOOK_UP), **headers)
    assert (status, answer["error"]["message"]) == (403, "the token has no claim `customer_id`")


def test_a_principal_of_the_persons_choice_comes_with_a_token_of_its_claims(tmp_path):
    principal = "--principal=oauth:user-1,customer_id=CUST-12345"
    with local_agent(tmp_path, *TAKES_TOKENS, principal) as desk:
        # The caller is the chosen principal, whatever token a client sends.
        for headers in [{}, bearer(unsigned(sub="x", customer_id="CUST-00001")), {HEADER: "CUST-00001"}]:
            status, answer = ask(desk, rpc("tools/call", LOOK_UP), **headers)
            assert json.loads(answer["result"]["content"][0]["text"])["status"] == "shipped"


def test_a_gateway_with_tokens_and_no_keys_lets_nobody_in(tmp_path):
    with local_agent(tmp_path, *TAKES_TOKENS) as desk:
        status, answer = ask(desk, rpc("tools/list"), **bearer(unsigned(sub="x", customer_id="CUST-12345")))
        assert status == 401
        assert "--jwt-keys" in answer["error"]["message"] and "--principal" in answer["error"]["message"]
        assert "caller   none: the gateway takes tokens, so start with --jwt-keys or --principal" in desk.log.read_text()
