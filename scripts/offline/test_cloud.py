"""The Makefile's commands for a deployed stack, against a local AWS."""

import json
import unicodedata

import boto3
import cloud
import pytest
from moto import mock_aws

TABLES = {"A": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "Properties": {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}}}
OUTPUTS = {"ApprovalsTableName": {"Value": {"Ref": "A"}}}


@pytest.fixture(autouse=True)
def aws(monkeypatch):
    # The user's default Region is another one; the stacks are in the Region of samconfig.toml.
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "offline")
    monkeypatch.setenv("CONFIRM", "yes")
    with mock_aws():
        yield


def aws_client(service):
    return boto3.client(service, region_name="us-east-1")


def deploy(environment, more=None):
    body = json.dumps({"Resources": {**TABLES, **(more or {})}, "Outputs": OUTPUTS})
    aws_client("cloudformation").create_stack(StackName=f"support-desk-{environment}", TemplateBody=body)
    return aws_client("dynamodb").list_tables()["TableNames"]


def test_delete_clears_the_tables_of_dev_away(capsys):
    (table,) = deploy("dev")
    cloud.main(["delete", "dev"])
    assert aws_client("dynamodb").list_tables()["TableNames"] == []
    assert f"table {table} deleted" in capsys.readouterr().out


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_delete_empties_the_bucket_of_the_documents(environment):
    deploy(environment, {"KnowledgeDocuments": {"Type": "AWS::S3::Bucket"}})
    (bucket,) = aws_client("s3").list_buckets()["Buckets"]
    for number in range(3):
        aws_client("s3").put_object(Bucket=bucket["Name"], Key=f"{number}.md", Body=b"x")
    cloud.main(["delete", environment])
    assert aws_client("s3").list_buckets()["Buckets"] == []


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_delete_clears_the_digests_of_dev_away_and_no_others(environment, capsys):
    bucket = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}
    deploy(environment, {"DigestBucket": bucket, "AnotherBucket": bucket})
    client = aws_client("s3")
    names = [one["Name"] for one in client.list_buckets()["Buckets"]]
    for name in names:
        client.put_object(Bucket=name, Key="digests/2026-11-30/CUST-12345.json", Body=b"{}")
    cloud.main(["delete", environment])
    left = {one["Name"] for one in client.list_buckets()["Buckets"]}
    (gone,) = [name for name in names if "digestbucket" in name]
    assert left == {*names} - ({gone} if environment == "dev" else set())
    assert f"bucket {gone} {'deleted' if environment == 'dev' else 'kept'}" in capsys.readouterr().out


def test_text_of_a_model_does_not_act_on_the_terminal():
    tricks = "a\r\x1b[2J\x1b]0;x\x07\x9b8m\u202eb\u200b\ufe01\U000e0101\U000e0041\u2028\u00ad\u3164\n\tc \u00e4\u6ce8"
    assert cloud.shown(tricks) == "a[2J]0;x8mb\n\tc \u00e4\u6ce8"
    everything = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    left = cloud.shown(everything)
    assert not [c for c in left if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]
    assert cloud.shown(left) == left


def test_delete_keeps_the_tables_of_prod(capsys):
    (table,) = deploy("prod")
    cloud.main(["delete", "prod"])
    assert aws_client("dynamodb").list_tables()["TableNames"] == [table]
    assert f"table {table} kept" in capsys.readouterr().out


def test_nothing_is_deleted_without_a_yes(monkeypatch):
    monkeypatch.delenv("CONFIRM")
    (table,) = deploy("dev")
    with pytest.raises(SystemExit, match="nothing was deleted"):
        cloud.main(["delete", "dev"])
    assert aws_client("cloudformation").describe_stacks()["Stacks"]
    assert aws_client("dynamodb").list_tables()["TableNames"] == [table]


def test_classic_says_whom_it_is_for_before_anything_is_created(monkeypatch, capsys):
    monkeypatch.delenv("CONFIRM")
    with pytest.raises(SystemExit, match="nothing was created"):
        cloud.main(["preflight", "dev", "classic"])
    output = capsys.readouterr().out
    assert "closed to new customers" in output and "This account has no agents" in output


def test_agentcore_needs_no_yes(monkeypatch, capsys):
    monkeypatch.delenv("CONFIRM")
    cloud.main(["preflight", "dev", "agentcore"])
    assert "account 123456789012, Region us-east-1" in capsys.readouterr().out


def test_an_output_can_be_read(capsys):
    (table,) = deploy("dev")
    cloud.main(["output", "dev", "ApprovalsTableName"])
    assert capsys.readouterr().out.strip() == table


@pytest.mark.parametrize("command", [["preflight", "nope", "classic"], ["delete", "nope"], ["output", "nope", "A"]])
def test_an_unknown_environment_is_told_with_those_that_are_known(command):
    with pytest.raises(SystemExit, match="no `nope`: ENV is one of dev, staging, prod"):
        cloud.main(command)


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_a_gateway_whose_tokens_nobody_named_stops_before_the_build(environment):
    with pytest.raises(SystemExit, match="add JwtDiscoveryUrl and JwtAudience or JwtClient"):
        cloud.main(["preflight", environment, "agentcore"])


def test_a_front_door_whose_tokens_nobody_named_stops_before_the_build(monkeypatch):
    chosen = {**cloud.configuration("prod"), "parameter_overrides": ["Environment=prod", "AgentPlatform=classic", "ChatAuth=jwt"]}
    monkeypatch.setattr(cloud, "configuration", lambda *_: chosen)
    with pytest.raises(SystemExit, match="`prod` in samconfig.toml .* add JwtDiscoveryUrl and JwtAudience or JwtClient"):
        cloud.main(["preflight", "prod", "classic"])


def test_a_harness_behind_tokens_is_not_asked_without_one(monkeypatch):
    url = "https://abc.lambda-url.us-east-1.on.aws/"
    there = {"HarnessArn": "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/desk", "ChatUrl": url}
    monkeypatch.setattr(cloud, "outputs", lambda _: there)
    with pytest.raises(SystemExit, match=f"no tools without a customer's token: send one to {url}"):
        cloud.main(["invoke", "staging", "hello"])


def test_an_api_whose_tokens_nobody_named_stops_before_the_build(monkeypatch):
    chosen = {**cloud.configuration("prod"), "parameter_overrides": ["Environment=prod", "AgentPlatform=classic", "McpApi=on"]}
    monkeypatch.setattr(cloud, "configuration", lambda *_: chosen)
    with pytest.raises(SystemExit, match="`prod` in samconfig.toml .* add JwtDiscoveryUrl and JwtAudience or JwtClient"):
        cloud.main(["preflight", "prod", "classic"])
