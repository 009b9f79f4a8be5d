"""The questions of `make smoke`, and which replies are right. They read and change nothing.

The customer and the order of the questions have never existed, so the right reply of a tool is `not found`: the function
has run, has read its table under its role, and has shown no one's data. If they do exist, their data is right too.
"""

import base64
import json
import uuid
from itertools import count
from urllib.error import HTTPError
from urllib.request import Request, urlopen

CUSTOMER = "CUST-99999"
# A session of this run alone, because a budget counts its calls.
SESSION = f"smoke-{uuid.uuid4()}"
# The tool, its input, and a member of a successful reply.
READS = {
    "customers": ("get_customer_info", {"customerId": CUSTOMER}, "customerId"),
    "orders": ("get_order_status", {"orderId": "ORD-99999"}, "orderId"),
    "billing": ("find_invoices", {"customer": CUSTOMER}, "invoices"),
    "support": ("search_knowledge_base", {"query": "refund"}, "articles"),
}
# These have no tools. Each event is answered without a write.
OTHERS = {
    "interceptor": {"interceptorInputVersion": "1.0", "mcp": {"gatewayRequest": {
        "path": "/mcp", "httpMethod": "POST", "headers": {"accept": "application/json"}, "body": {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}}}},
    "hooks": {"hookEventId": "smoke", "name": "budget", "event": "before_invocation", "harnessArn": "arn:smoke",
              "sessionId": SESSION, "context": {"messageCount": 1, "messages": []}},
    "announce": {"Records": []},
    "digest": {"Records": []},
}
WIRES = {"classic": ("function", "api"), "agentcore": ("gateway",)}
SECONDS = 30


def question(handler, wire, customer=CUSTOMER):
    """The event of a read on a wire, and its client context. Without a customer the call is unbound."""
    tool, arguments, _ = READS[handler]
    attributes = {"customerId": customer} if customer else {}
    agents = {"messageVersion": "1.0", "agent": {"name": handler, "id": "SMOKE", "alias": "SMOKE", "version": "1"},
              "inputText": "smoke test", "sessionId": SESSION, "actionGroup": handler,
              "sessionAttributes": attributes, "promptSessionAttributes": {}}
    texts = [{"name": name, "type": "string", "value": value} for name, value in arguments.items()]
    match wire:
        case "function":
            return {**agents, "function": tool, "parameters": texts}, None
        case "api":
            content = {"application/json": {"properties": texts}}
            return {**agents, "apiPath": f"/{tool}", "httpMethod": "POST", "requestBody": {"content": content}}, None
        case "gateway":
            custom = {"bedrockAgentCoreMessageVersion": "1.0", "bedrockAgentCoreTargetId": "SMOKE",
                      "bedrockAgentCoreToolName": f"{handler}___{tool}"}
            if customer:
                custom["bedrockAgentCorePropagatedHeaders"] = {"X-Desk-Customer-Id": customer}
            return arguments, {"custom": custom}
        case "direct":
            return {"toolName": tool, "toolInput": arguments}, None
    raise ValueError(wire)


def invoke(functions, name, event, context=None):
    """The reply of a function. A failure of the function is an error."""
    extra = {"ClientContext": base64.b64encode(json.dumps(context).encode()).decode()} if context else {}
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode(), **extra)
    reply = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        raise ValueError(f"it failed: {reply.get('errorType', 'no type') if isinstance(reply, dict) else 'no type'}")
    return reply


def body(reply, wire):
    """The body of a reply on a wire."""
    match wire:
        case "function":
            return json.loads(reply["response"]["functionResponse"]["responseBody"]["TEXT"]["body"])
        case "api":
            return json.loads(reply["response"]["responseBody"]["application/json"]["body"])
        case "direct":
            return json.loads(reply["body"])
    return reply


def kind(found):
    """The kind of the error in a body, or `None`."""
    error = found.get("error") if isinstance(found, dict) else None
    return error.get("kind", "unknown") if isinstance(error, dict) else None


def answered(functions, name, handler, wire):
    """Asks a function with tools for its read. Returns the problem, or `None`."""
    found = body(invoke(functions, name, *question(handler, wire)), wire)
    if kind(found) == "not found" or (isinstance(found, dict) and READS[handler][2] in found):
        return None
    return f"it answers `{kind(found) or 'something else'}`; `make logs` has its log"


def refused(functions, name, handler, wire, customer):
    """Asks a function what it must refuse. Returns the problem, or `None`."""
    found = body(invoke(functions, name, *question(handler, wire, customer)), wire)
    if kind(found) in (None, "not found"):
        return "it answers a call that it must refuse"
    return None


def replied(functions, name, handler):
    """Sends its event to a function without tools. Returns the problem, or `None`."""
    reply = invoke(functions, name, OTHERS[handler])
    right = {
        "interceptor": lambda: "transformedGatewayRequest" in reply["mcp"],
        "hooks": lambda: reply["decision"] in ("allow", "deny") and "hook failed" not in reply.get("reason", ""),
        "announce": lambda: reply == {"batchItemFailures": []},
        "digest": lambda: reply == {"batchItemFailures": []},
    }
    try:
        return None if right[handler]() else "its reply is not the right one"
    except (KeyError, TypeError, AttributeError):
        return "its reply has another shape"


IDS = count(1)


def post(url, method, headers=None, sign=None):
    """A JSON-RPC request to an MCP endpoint: the status, and the message of the reply, or `None`."""
    data = json.dumps({"jsonrpc": "2.0", "id": next(IDS), "method": method, "params": {}}).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **(headers or {})}
    headers = sign(url, data, headers) if sign else headers
    try:
        with urlopen(Request(url, data, headers), timeout=SECONDS) as answer:
            text = answer.read().decode()
            status = answer.status
    except HTTPError as error:
        return error.code, None
    events = [line[5:] for line in text.splitlines() if line.startswith("data:")]
    try:
        return status, json.loads(events[-1] if events else text)
    except json.JSONDecodeError:
        return status, None


def get(url):
    """The status and the JSON of a document, or `None`."""
    try:
        with urlopen(Request(url, headers={"Accept": "application/json"}), timeout=SECONDS) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        return error.code, None
    except json.JSONDecodeError:
        return 200, None


def tools(url, headers=None, sign=None):
    """The names of the tools that an MCP endpoint lists.

    Raises `ValueError` if it lists none of its own accord."""
    status, message = post(url, "tools/list", headers, sign)
    if status != 200 or not isinstance(message, dict) or "result" not in message:
        raise ValueError(f"`tools/list` ends with status {status}")
    return sorted(tool["name"] for tool in message["result"].get("tools", []))
