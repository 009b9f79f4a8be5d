"""Starts `toolgate dev` for each test module, on its own port and data folder, and provides boto3 clients for it."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
# The programs that make calls, such as `questions`, are tested as modules.
sys.path.append(str(ROOT / "scripts"))
TOOLGATE = Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "debug" / "toolgate"
SCENARIO = "scenarios/support-desk.yaml"
# These run in an environment of their own: `make test` runs both.
collect_ignore = [] if find_spec("strands") else ["frameworks"]
AGENT_OF = {"customers": "Orders", "orders": "Orders", "billing": "Billing", "support": "Support"}


class Desk:
    """The example on one port: its clients, and one method per wire."""

    def __init__(self, port):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.functions = self.client("lambda")
        self.agents = self.client("bedrock-agent-runtime")
        self.dynamodb = self.client("dynamodb")

    def client(self, service, config=None):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(max_pool_connections=40, retries={"total_max_attempts": 1}, read_timeout=30).merge(config or Config()),
        )

    def invoke(self, handler, event, context=None):
        """One Lambda invocation: `(reply, FunctionError or None)`."""
        extra = {}
        if context is not None:
            extra["ClientContext"] = base64.b64encode(json.dumps(context).encode()).decode()
        answer = self.functions.invoke(FunctionName=handler, Payload=json.dumps(event).encode(), **extra)
        return json.load(answer["Payload"]), answer.get("FunctionError")

    def reply(self, handler, event, context=None):
        reply, error = self.invoke(handler, event, context)
        assert error is None, reply
        return reply

    def function(self, handler, tool, arguments, **more):
        """A call on the function wire: the parsed body, and the `functionResponse`."""
        event = agents_event(handler, **more) | {"function": tool, "parameters": as_text(arguments)}
        reply = self.reply(handler, event)
        assert reply["messageVersion"] == "1.0"
        assert reply["response"]["actionGroup"] == handler
        assert reply["response"]["function"] == tool
        response = reply["response"]["functionResponse"]
        return json.loads(response["responseBody"]["TEXT"]["body"]), response

    def api(self, handler, tool, arguments, **more):
        """A call on the api wire: the parsed body, and the status."""
        body = {"content": {"application/json": {"properties": as_text(arguments)}}}
        operation = {"apiPath": f"/{tool}", "httpMethod": "POST", "requestBody": body}
        response = self.reply(handler, agents_event(handler, **more) | operation)["response"]
        assert (response["actionGroup"], response["apiPath"], response["httpMethod"]) == (handler, f"/{tool}", "POST")
        return json.loads(response["responseBody"]["application/json"]["body"]), response["httpStatusCode"]

    def direct(self, handler, tool, arguments):
        """A call on the direct wire: the parsed body, and the status."""
        reply = self.reply(handler, {"toolName": tool, "toolInput": arguments})
        return json.loads(reply["body"]), reply["statusCode"]

    def gateway(self, handler, tool, arguments, **custom):
        """A call on the gateway wire: the reply is the body."""
        return self.reply(handler, arguments, gateway_context(handler, tool, **custom))

    def order(self, order_id):
        body, status = self.direct("orders", "get_order_status", {"orderId": order_id})
        assert status == 200, body
        return body


def agents_event(handler, session="e2e", attributes=None):
    agent = AGENT_OF[handler]
    return {
        "messageVersion": "1.0",
        "agent": {"name": agent.lower(), "id": agent, "alias": "TSTALIASID", "version": "DRAFT"},
        "inputText": "what the customer said",
        "sessionId": session,
        "actionGroup": handler,
        "sessionAttributes": attributes or {},
        "promptSessionAttributes": {},
    }


def as_text(arguments):
    """Arguments as Bedrock Agents sends them: always text."""
    text = {True: "true", False: "false"}
    types = {bool: "boolean", int: "integer", float: "number"}
    return [
        {"name": name, "type": types.get(type(value), "string"), "value": text[value] if isinstance(value, bool) else str(value)}
        for name, value in arguments.items()
    ]


def gateway_context(handler, tool, **custom):
    return {
        "custom": {
            "bedrockAgentCoreMessageVersion": "1.0",
            "bedrockAgentCoreTargetId": "TARGET0001",
            "bedrockAgentCoreToolName": f"{handler}___{tool}",
            **custom,
        }
    }


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_healthy(port, process, log, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                return json.load(answer)
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"toolgate dev did not become healthy:\n{log.read_text()}")


@contextmanager
def serving(command, port, log, *seconds, **options):
    """A program that serves a port, from the time when it is healthy; with its report. It must not end by itself. `log`
    is the file with all its output."""
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **options
        )
    try:
        yield process, wait_until_healthy(port, process, log, *seconds)
        assert process.poll() is None, f"it ended by itself:\n{log.read_text()}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def local_agent(folder, *options, template="template.yaml", scenario=SCENARIO, **environment):
    """`toolgate dev` with these options as a `Desk`. `log` is the file with all its output."""
    port, log = free_port(), folder / "log"
    command = [TOOLGATE, "dev", "--template", template, "--port", port, "--data", folder / "data"]
    command += ["--model", f"script:{scenario}", *options]
    with serving(command, port, log, cwd=ROOT, env=os.environ | environment) as (process, health):
        desk = Desk(port)
        desk.process, desk.health, desk.log = process, health, log
        yield desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with local_agent(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture(scope="module")
def browser():
    """A browser-like client of the front door."""
    from front_door import opened

    with opened() as browser:
        yield browser


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """An identity provider of the front door."""
    from front_door import Provider

    return Provider(tmp_path_factory.mktemp("provider"))
