"""`toolgate chat` and `toolgate play` with a harness by its ARN: the request against botocore's model, its signature, parked
calls in a named table, and errors. No AWS account is involved: the harness is the local one, or a fake of the service."""

import json
import os
import subprocess
import urllib.request
from urllib.parse import parse_qsl, urlsplit

import pytest
from approvals_kit import refunds
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer
from botocore.session import Session
from botocore.validate import ParamValidator
from conftest import ROOT, SCENARIO, TOOLGATE, local_agent
from lambda_api import Quiet, serve
from test_harness import ARN, REFUND, session

OPERATION = Session().get_service_model("bedrock-agentcore").operation_model("InvokeHarness")


def toolgate(*arguments, typed="", **environment):
    command = [TOOLGATE, *arguments]
    environment = os.environ | {"USER": "dana"} | environment
    done = subprocess.run(command, cwd=ROOT, input=typed, capture_output=True, text=True, timeout=60, env=environment)
    return done.returncode, done.stdout, done.stderr


def signature(url, method, headers, body):
    """The signature that botocore computes for a request with the credentials of a local endpoint."""
    given = dict(part.split("=", 1) for part in headers["authorization"].removeprefix("AWS4-HMAC-SHA256 ").split(", "))
    signed = {name: headers[name] for name in given["SignedHeaders"].split(";") if name not in ("host", "x-amz-date")}
    request = AWSRequest(method=method, url=url, data=body, headers=signed)
    request.context["timestamp"] = headers["x-amz-date"]
    request.headers["X-Amz-Date"] = headers["x-amz-date"]
    auth = SigV4Auth(Credentials("local", "local"), "bedrock-agentcore", "us-east-1")
    expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return given, expected


class Service:
    """A service that checks each request as AWS would, and answers with what it is told."""

    def __init__(self, status=200, kind=None, body=b"", content="application/json"):
        self.requests, self.problems = [], []
        outer = self

        class Handler(Quiet):
            def do_POST(self):
                sent = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.check(self.path, headers, sent)
                self.send_response(status)
                self.send_header("Content-Type", content)
                if kind:
                    self.send_header("x-amzn-ErrorType", kind)
                self.answer(body)

        self.server = serve(Handler)
        self.url = "http://{}:{}".format(*self.server.server_address)

    def check(self, path, headers, body):
        given, expected = signature(self.url + path, "POST", headers, body)
        if given["Signature"] != expected or "/us-east-1/bedrock-agentcore/aws4_request" not in given["Credential"]:
            self.problems.append(f"signature: {given}")
        # botocore reads members by their place in the request.
        names = {shape.serialization["name"].lower(): name for name, shape in OPERATION.input_shape.members.items() if "name" in shape.serialization}
        query = dict(parse_qsl(urlsplit(path).query))
        found = {}
        for name, value in [*((name.lower(), value) for name, value in query.items()), *headers.items()]:
            if name in names:
                found[names[name]] = value
        parameters = found | json.loads(body)
        report = ParamValidator().validate(parameters, OPERATION.input_shape)
        if report.has_errors():
            self.problems.append(report.generate_report())
        self.requests.append((urlsplit(path).path, parameters))


def recorded(desk, text):
    """The bytes of a real stream of the local agent."""
    body = json.dumps({"messages": [{"role": "user", "content": [{"text": text}]}]}).encode()
    headers = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": session(), "Content-Type": "application/json"}
    request = urllib.request.Request(f"{desk.url}/harnesses/invoke?harnessArn={ARN}", body, headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read()


def test_the_request_is_signed_and_has_the_shape_of_the_model(desk):
    stream = recorded(desk, "hello")
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    assert list(buffer), "a stream of events"
    service = Service(body=stream, content="application/vnd.amazon.eventstream")
    chat = ["chat", "--harness-arn", ARN, "--qualifier", "live", "--endpoint-url", service.url]
    code, out, err = toolgate(*chat, "hello")
    assert (code, service.problems) == (0, []), out + err
    [(path, parameters)] = service.requests
    assert (path, parameters["harnessArn"], parameters["qualifier"]) == ("/harnesses/invoke", ARN, "live")
    assert len(parameters["runtimeSessionId"]) >= 33
    assert parameters["messages"] == [{"role": "user", "content": [{"text": "hello"}]}]
    code, out, err = toolgate("chat", "--harness-arn", ARN, "hello", AWS_ENDPOINT_URL_BEDROCK_AGENTCORE=service.url)
    assert code == 0 and len(service.requests) == 2 and "qualifier" not in service.requests[1][1], out + err


@pytest.mark.parametrize(
    ("status", "kind", "message", "expected"),
    [
        (403, "AccessDeniedException", "User: dana is not authorized", "not authorized: the caller needs `bedrock-agentcore:InvokeHarness`"),
        (403, "ExpiredTokenException", "The security token is expired", "your AWS credentials have expired: log in again"),
        (403, "UnrecognizedClientException", "invalid", "AWS does not accept your credentials: check the profile"),
        (429, "ThrottlingException:http://internal/", "Rate exceeded", "Rate exceeded: wait a moment and send the message again"),
        (404, "ResourceNotFoundException", "No such harness", "No such harness (ResourceNotFoundException)"),
    ],
)
def test_an_error_of_the_service_is_one_sentence(status, kind, message, expected):
    service = Service(status, kind, json.dumps({"message": message}).encode())
    code, out, err = toolgate("chat", "--harness-arn", ARN, "--endpoint-url", service.url, "hello")
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert (code, out, len(lines)) == (1, "", 1) and expected in lines[0], err
    assert len(service.requests) == 1, "an invocation has effects, so it is not sent again"


def test_without_credentials_nothing_is_sent(tmp_path):
    nothing = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    code, out, err = toolgate("chat", "--harness-arn", ARN, "hello", **nothing)
    assert code == 1 and "no usable AWS credentials" in err, out + err
    code, out, err = toolgate("chat", "--harness-arn", "Harness", "hello")
    assert code == 2 and "arn:aws:bedrock-agentcore:REGION:ACCOUNT:harness/ID" in err
    code, out, err = toolgate("chat", "--harness-arn", ARN, "--session", "short", "--endpoint-url", "http://127.0.0.1:9", "hello")
    assert code == 1 and "at least 33 characters" in err


def test_a_parked_call_is_decided_in_the_named_table(desk):
    [table] = [table["name"] for table in desk.health["tables"] if table["role"] == "approvals"]
    chat = ["chat", "--harness-arn", ARN, "--endpoint-url", desk.url, "--approvals-table", table]
    code, out, err = toolgate(*chat, REFUND, typed="y\n")
    assert code == 0 and "refund for $129.95" in out and "Allow request_refund?" in err, out + err
    assert len(refunds(desk, "129.95", "ORD-123")) == 1
    code, out, err = toolgate(*chat[:-1], "no-such-table", "Return order ORD-12345", typed="y\n")
    assert code == 1 and "which cannot be decided here" in err, out + err


def test_conversations_play_with_the_harness_of_an_arn(tmp_path):
    with local_agent(tmp_path) as desk:
        play = ["play", "--scenario", SCENARIO, "--harness-arn", ARN, "--endpoint-url", desk.url]
        code, out, err = toolgate(*play)
    assert code == 0 and out.count(f"(with {ARN.rsplit('/')[-1]})") == 3, out + err
    code, out, err = toolgate(*play[:-2], "--hostile")
    assert code == 1 and "omit --hostile or --harness-arn" in err
