"""Who the caller of a function's own MCP is, on the example: the customer of a verified token, and nobody else."""

import json
import subprocess
import urllib.error
import urllib.request

import pytest
from conftest import ROOT, TOOLGATE, local_agent
from gateways import TAKES_TOKENS, Issuer, bearer, unsigned
from mcp_function import over_url
from mcp_types import ElicitResult

NAMED = ["--env", "TOOLGATE_WIRES=gateway,mcp"]


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="module")
def by_token(tmp_path_factory, issuer):
    with local_agent(tmp_path_factory.mktemp("by_token"), *TAKES_TOKENS, "--jwt-keys", issuer.file, *NAMED) as desk:
        yield desk


def url(desk, function="orders"):
    return f"{desk.url}/functions/{function}/url/mcp"


def status_of(order, **headers):
    """Looks up an order. Returns its state, or the kind of the error."""

    def step(client):
        return client.call_tool("get_order_status", {"orderId": order})

    def at(desk, mode="auto"):
        result, _ = over_url(url(desk), step, mode, headers=headers)
        body = json.loads(result.content[0].text)
        return body["error"]["kind"] if result.is_error else body["customerId"]

    return at


def post(desk, headers, function="orders"):
    """The status of a list of tools, as an older client requests it."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    request = urllib.request.Request(
        url(desk, function), json.dumps(message).encode(), {"Content-Type": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_caller_sees_the_orders_of_its_own_token(by_token, issuer, mode):
    own, other = (bearer(issuer.token(customer_id=customer)) for customer in ["CUST-12345", "CUST-10001"])
    assert status_of("ORD-12345", **own)(by_token, mode) == "CUST-12345"
    assert status_of("ORD-12345", **other)(by_token, mode) == "not found"


def test_claims_elsewhere_change_nothing(by_token, issuer):
    headers = bearer(issuer.token(customer_id="CUST-10001"))
    headers |= {"X-Desk-Customer-Id": "CUST-12345", "customer_id": "CUST-12345", "Cookie": "customer_id=CUST-12345"}
    assert status_of("ORD-12345", **headers)(by_token) == "not found"

    def step(client):
        arguments = {"orderId": "ORD-12345", "customerId": "CUST-12345"}
        return client.call_tool("get_order_status", arguments, meta={"customer_id": "CUST-12345"})

    result, _ = over_url(url(by_token), step, headers=headers)
    assert result.is_error and "no such field" in result.content[0].text


def test_a_caller_without_a_customer_gets_nothing(by_token, issuer):
    assert post(by_token, bearer(issuer.token(customer_id="CUST-12345"))) == 200
    assert post(by_token, bearer(issuer.token())) == 403
    for headers in [{}, bearer(unsigned(sub="user-1", customer_id="CUST-12345")), bearer("x"), {"Authorization": "x"}]:
        assert post(by_token, headers) == 401


def test_without_an_authorizer_or_a_name_nothing_is_answered(desk, tmp_path):
    assert post(desk, {}) == 403, "the wire is not named"
    with local_agent(tmp_path, *NAMED) as unverified:
        assert post(unverified, {}) == 401
        assert post(unverified, {"X-Desk-Customer-Id": "CUST-12345"}) == 401


API = [*TAKES_TOKENS, "--parameter=McpApi=on"]


def test_the_templates_parameters_turn_it_on(tmp_path, issuer):
    claim = "--parameter=JwtCustomerClaim=account"
    with local_agent(tmp_path, *API, claim, "--jwt-keys", issuer.file) as desk:
        own = bearer(issuer.token(account="CUST-12345"))
        for function in ("billing", "customers", "orders", "support"):
            assert post(desk, own, function) == 200
            assert post(desk, bearer(issuer.token(customer_id="CUST-12345")), function) == 403
            assert post(desk, {}, function) == 401
        assert status_of("ORD-12345", **own)(desk) == "CUST-12345"
        metadata = url(desk).removesuffix("/mcp") + "/.well-known/oauth-protected-resource/mcp"
        with urllib.request.urlopen(metadata, timeout=30) as answer:
            assert json.load(answer)["authorization_servers"] == ["https://issuer.example"]


@pytest.mark.parametrize(("trust", "answered"), [("trusted", 1), ("off", 0)])
def test_a_client_asks_its_person_only_where_the_template_trusts_it(tmp_path, issuer, trust, answered):
    def step(client):
        return client.call_tool("initiate_return", {"orderId": "ORD-12345"})

    with local_agent(tmp_path, *API, f"--parameter=McpElicit={trust}", "--jwt-keys", issuer.file) as desk:
        yes = ElicitResult(action="accept", content={"ok": True})
        own = bearer(issuer.token(customer_id="CUST-12345"))
        result, asked = over_url(url(desk), step, answer=yes, headers=own)
        assert len(asked) == answered
        assert ("returnId" in result.content[0].text) == bool(answered)
        assert ("waiting for approval" in result.content[0].text) != bool(answered)


@pytest.mark.parametrize(("options", "refusal"), [
    (["--parameter=McpApi=on"], "set JwtDiscoveryUrl"),
    (TAKES_TOKENS + ["--parameter=McpElicit=trusted"], "set McpApi=on"),
])
def test_the_templates_rules_refuse_an_api_that_cannot_work(options, refusal, tmp_path):
    command = [TOOLGATE, "dev", "--port", "0", "--data", tmp_path, *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and refusal in done.stderr + done.stdout, done.stderr
