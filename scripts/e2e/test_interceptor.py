"""The gateway's interceptor as the deployed binary, and the tools behind it."""

import base64
import json

import pytest
from conftest import TOOLGATE
from lambda_api import Process

HEADER = "X-Desk-Customer-Id"


@pytest.fixture
def interceptor():
    process = Process(
        TOOLGATE.with_name("interceptor").resolve(), TOOLGATE_IDENTITY_HEADER=HEADER, TOOLGATE_IDENTITY_CLAIM="customer_id"
    )
    yield process
    process.end()


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def request(headers, method="tools/call"):
    body = {"jsonrpc": "2.0", "id": 1, "method": method}
    passed = {"path": "/mcp", "httpMethod": "POST", "headers": headers, "body": body}
    return {"interceptorInputVersion": "1.0", "mcp": {"gatewayRequest": passed}}


def test_a_tool_serves_the_customer_of_the_token_and_not_the_one_that_the_client_names(interceptor, desk):
    token = f"Bearer {part({'alg': 'RS256'})}.{part({'customer_id': 'CUST-00001'})}.c2ln"
    # ORD-12345 belongs to CUST-12345, which the client claims to be.
    sent = {"authorization": token, "x-desk-customer-id": "CUST-12345", "accept": "application/json"}
    what, answer = interceptor.invoke(request(sent))
    assert what == "response"
    headers = json.loads(answer)["mcp"]["transformedGatewayRequest"]["headers"]
    assert headers == {"authorization": token, "accept": "application/json", HEADER: "CUST-00001"}
    for customer, found in [(headers[HEADER], False), ("CUST-12345", True)]:
        order = desk.gateway(
            "orders", "get_order_status", {"orderId": "ORD-12345"}, bedrockAgentCorePropagatedHeaders={HEADER: customer}
        )
        assert (order.get("status") == "shipped") == found, order


def test_nobody_gets_through_unnamed_and_the_log_holds_nothing_of_them(interceptor):
    secret = "Bearer not.a-token"
    for event in [request({"authorization": secret, "x-desk-customer-id": "CUST-12345"}), request({}), {}, b"[1]"]:
        what, answer = interceptor.invoke(event)
        assert what == "response"
        refused = json.loads(answer)["mcp"]
        assert list(refused) == ["transformedGatewayResponse"]
        assert refused["transformedGatewayResponse"]["statusCode"] == 403
    out, log = interceptor.end()
    assert log.count('"refused"') == 4
    for text in ("CUST-12345", "not.a-token"):
        assert text not in out + log
