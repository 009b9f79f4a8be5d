"""Streamed responses of a function on the local port, for Python's HTTP client and for boto3."""

import http.client
import json
import sys
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from conftest import ROOT, TOOLGATE, free_port, serving

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Chat:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: chat}}
    Properties: {Timeout: 20, FunctionUrlConfig: {AuthType: NONE, InvokeMode: RESPONSE_STREAM}}
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streams")
    (folder / "template.yaml").write_text(TEMPLATE)
    program = folder / "target" / "debug" / "chat"
    program.parent.mkdir(parents=True)
    source = ROOT / "scripts" / "e2e" / "streaming_function.py"
    program.write_text(f"#!{sys.executable}\n{source.read_text()}")
    program.chmod(0o755)
    port = free_port()
    command = [ROOT / TOOLGATE, "dev", "--port", port, "--data", folder / "data", "--model", "none"]
    with serving(command, port, folder / "log", cwd=folder, env={"CARGO_TARGET_DIR": str(folder / "target")}):
        yield port


@pytest.fixture
def asked(tmp_path):
    return {"count": 3, "folder": str(tmp_path)}


def release(asked, number):
    Path(asked["folder"], str(number)).touch()


def send(port, asked):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Content-Type": "application/json", "Authorization": "Bearer mine"}
    connection.request("POST", "/functions/chat/url/chat", json.dumps(asked), headers)
    return connection.getresponse()


def test_each_piece_arrives_before_the_next_one_is_written(port, asked):
    answer = send(port, asked)
    assert (answer.status, answer.headers["content-type"]) == (201, "text/event-stream")
    assert (answer.headers["set-cookie"], answer.headers["x-token"]) == ("a=b", "Bearer mine")
    for number in range(3):
        assert answer.readline() + answer.readline() == f"data: {number}\n\n".encode()
        release(asked, number)
    assert answer.read() == b""


def test_a_client_sees_that_a_response_broke_off(port, asked):
    for number in range(3):
        release(asked, number)
    with pytest.raises(http.client.IncompleteRead):
        send(port, asked | {"fails": True}).read()


def test_boto3_reads_the_stream(port, asked):
    client = boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
    )
    for fails in (False, True):
        payload = json.dumps(asked | {"fails": fails})
        answer = client.invoke_with_response_stream(FunctionName="chat", Payload=payload, LogType="Tail")
        assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
        seen, end = b"", None
        for event in answer["EventStream"]:
            seen += event.get("PayloadChunk", {}).get("Payload", b"")
            end = event.get("InvokeComplete", end)
            for number in range(3):
                if f"data: {number}\n".encode() in seen:
                    release(asked, number)
        head, data = seen.split(bytes(8))
        assert json.loads(head)["statusCode"] == 201
        assert data == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
        assert "LogResult" in end
        if fails:
            assert end["ErrorCode"] == "Unhandled"
            assert json.loads(end["ErrorDetails"])["errorType"] == "Runtime.ExitError"
        else:
            assert "ErrorCode" not in end
