"""`sam package` against a local S3: every generated file is uploaded unchanged."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "artifacts"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "offline", "AWS_SECRET_ACCESS_KEY": "offline", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def packaged(tmp_path_factory):
    """The packaged template, and a client of the bucket."""
    folder = tmp_path_factory.mktemp("package")
    # A stand-in for the output of `sam build`.
    (folder / "function").mkdir()
    (folder / "function" / "bootstrap").write_text("#!/bin/false\n")
    template = (ROOT / "template.yaml").read_text()
    assert template.count("    CodeUri: .\n") == 1
    (folder / "template.yaml").write_text(template.replace("    CodeUri: .\n", "    CodeUri: function\n"))
    for name in ("schemas", "prompts"):
        (folder / name).symlink_to(ROOT / name)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    _, port = server.get_host_and_port()
    endpoint = f"http://127.0.0.1:{port}"
    keys = {"aws_access_key_id": "offline", "aws_secret_access_key": "offline"}
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
    client.create_bucket(Bucket=BUCKET)
    sam = Path(sys.executable).parent / "sam"
    environment = {**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": endpoint, "SAM_CLI_TELEMETRY": "0"}
    command = [sam, "package", "--template-file", "template.yaml", "--output-template-file", "out.yaml"]
    command += ["--s3-bucket", BUCKET]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    yield yaml_parse((folder / "out.yaml").read_text()), client
    server.stop()


def includes(node):
    if isinstance(node, list):
        for item in node:
            yield from includes(item)
    elif isinstance(node, dict):
        if isinstance(macro := node.get("Fn::Transform"), dict):
            yield macro["Parameters"]["Location"]
        for value in node.values():
            yield from includes(value)


def read(client, address):
    bucket, key = re.fullmatch(r"s3://([^/]+)/(.+)", address).groups()
    return client.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_every_included_file_is_uploaded_as_it_is(packaged):
    template, client = packaged
    local = list(includes(yaml_parse((ROOT / "template.yaml").read_text())))
    uploaded = list(includes(template))
    # Four prompts, four action groups, four targets.
    assert len(local) == len(uploaded) == 12
    for path, address in zip(local, uploaded, strict=True):
        assert yaml_parse(read(client, address).decode()) == yaml_parse((ROOT / path).read_text()), path
        if path.endswith("action-group.json"):
            payload = json.loads(yaml_parse(read(client, address).decode())["Payload"])
            assert payload["openapi"] == "3.0.0", "the document itself, not a path to it"


def test_every_function_has_its_code_in_the_bucket(packaged):
    template, client = packaged
    functions = [one for one in template["Resources"].values() if one["Type"] == "AWS::Serverless::Function"]
    assert len(functions) == 9
    for function in functions:
        address = function["Properties"].get("CodeUri") or template["Globals"]["Function"]["CodeUri"]
        with zipfile.ZipFile(io.BytesIO(read(client, address))) as code:
            assert code.namelist() == ["bootstrap"]


def test_no_local_path_is_left(packaged):
    template, _ = packaged
    text = json.dumps(template)
    assert "schemas/" not in text and "prompts/" not in text
