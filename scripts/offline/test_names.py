"""Names that are unique in an account: two projects with three environments each, on both platforms at once."""

import json
import re

import pytest
import transform
from variants import Deployed

# Each resource type with names that are unique in an account (per Region), and the property with the name. The length
# limits are the services', from botocore's models and CloudFormation's schemas.
UNIQUE = {
    "AWS::ApiGatewayV2::Api": ("Name", 128, r".+"),
    "AWS::Bedrock::Agent": ("AgentName", 100, r"([0-9a-zA-Z][_-]?)+"),
    "AWS::Bedrock::Guardrail": ("Name", 50, r"[0-9a-zA-Z-_]+"),
    "AWS::Bedrock::KnowledgeBase": ("Name", 100, r"([0-9a-zA-Z][_-]?)+"),
    "AWS::BedrockAgentCore::Gateway": ("Name", 48, r"([0-9a-zA-Z]-?)+"),
    "AWS::BedrockAgentCore::Harness": ("HarnessName", 40, r"[a-zA-Z][a-zA-Z0-9_]*"),
    "AWS::BedrockAgentCore::Policy": ("Name", 48, r"[A-Za-z][A-Za-z0-9_]*"),
    "AWS::BedrockAgentCore::PolicyEngine": ("Name", 48, r"[A-Za-z][A-Za-z0-9_]*"),
    "AWS::CloudWatch::Alarm": ("AlarmName", 255, r".+"),
    "AWS::CloudWatch::Dashboard": ("DashboardName", 255, r"[\w-]+"),
    "AWS::DynamoDB::Table": ("TableName", 255, r"[a-zA-Z0-9_.-]+"),
    "AWS::Events::Rule": ("Name", 64, r"[.\-_A-Za-z0-9]+"),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", 128, r"[\w+=,.@-]+"),
    "AWS::IAM::Role": ("RoleName", 64, r"[\w+=,.@-]+"),
    "AWS::Lambda::Function": ("FunctionName", 64, r"[a-zA-Z0-9-_]+"),
    "AWS::Logs::DeliveryDestination": ("Name", 60, r"[\w-]+"),
    "AWS::Logs::DeliverySource": ("Name", 60, r"[\w-]+"),
    "AWS::Logs::LogGroup": ("LogGroupName", 512, r"[.\-_/#A-Za-z0-9]+"),
    "AWS::S3::Bucket": ("BucketName", 63, r"[a-z0-9.-]+"),
    "AWS::S3Vectors::VectorBucket": ("VectorBucketName", 63, r"[a-z0-9-]+"),
    "AWS::Scheduler::Schedule": ("Name", 64, r"[\w.-]+"),
    "AWS::SQS::Queue": ("QueueName", 80, r"[\w-]+"),
    "AWS::SNS::Topic": ("TopicName", 256, r"[\w-]+"),
}
# Names that are unique within a resource of this template.
WITHIN = {
    "AWS::ApiGatewayV2::Authorizer": "an API",
    "AWS::ApiGatewayV2::Integration": "an API",
    "AWS::ApiGatewayV2::Route": "an API",
    "AWS::ApiGatewayV2::Stage": "an API",
    "AWS::Bedrock::AgentAlias": "an agent",
    "AWS::Bedrock::DataSource": "a knowledge base",
    "AWS::Bedrock::GuardrailVersion": "a guardrail",
    "AWS::BedrockAgentCore::GatewayTarget": "a gateway",
    "AWS::BedrockAgentCore::HarnessEndpoint": "a harness",
    "AWS::IAM::RolePolicy": "a role",
    "AWS::Lambda::Alias": "a function",
    "AWS::Lambda::EventSourceMapping": "a function and a stream",
    "AWS::Lambda::Permission": "a function",
    "AWS::Lambda::Url": "an alias",
    "AWS::Lambda::Version": "a function",
    "AWS::Logs::Delivery": "its source and destination",
    "AWS::S3::BucketPolicy": "a bucket",
    "AWS::S3Vectors::Index": "a vector bucket",
    "AWS::SNS::Subscription": "a topic",
    "AWS::SNS::TopicPolicy": "a topic",
    "AWS::SQS::QueuePolicy": "a queue",
}
LONGEST = "a" * 24
PLAIN = transform.expand()


def stack(project, environment, **more):
    values = {"AgentPlatform": "both", "Environment": environment, "Project": project, "GatewayTraces": "on",
              "McpApi": "on", "ChatAuth": "iam", "Digest": "on", **more}
    return Deployed(f"both-{environment}", transform.Decided(PLAIN, values).result())


@pytest.fixture(scope="module")
def stacks():
    """Projects with hyphens in positions that could make names of two projects ambiguous."""
    projects = ("support-desk", "support", "shop", "shop-dev", LONGEST)
    return {(project, environment): stack(project, environment)
            for project in projects for environment in ("dev", "staging", "prod")}


def names(deployed):
    for kind, (member, _, _) in UNIQUE.items():
        for logical_id, properties in deployed.of(kind).items():
            if member in properties:
                yield kind, properties[member], logical_id


def test_every_type_is_known_to_be_unique_or_not(stacks):
    kinds = {body["Type"] for deployed in stacks.values() for body in deployed.resources.values()}
    assert kinds == kinds & (UNIQUE.keys() | WITHIN.keys())


def test_no_name_appears_twice_in_an_account(stacks):
    seen = {}
    for where, deployed in stacks.items():
        for kind, name, logical_id in names(deployed):
            assert (kind, name) not in seen, f"{kind} `{name}`: {logical_id} of {where}, and {seen[kind, name]}"
            seen[kind, name] = (logical_id, *where)
    kinds = {kind for kind, _ in seen}
    assert {kind for kind in UNIQUE if kind.startswith("AWS::Bedrock")} <= kinds
    # CloudFormation derives the other names from the stack name.
    assert {kind for kind in kinds if not kind.startswith("AWS::Bedrock")} == {
        "AWS::ApiGatewayV2::Api", "AWS::CloudWatch::Dashboard", "AWS::Logs::DeliveryDestination", "AWS::Logs::DeliverySource",
        "AWS::Logs::LogGroup", "AWS::S3Vectors::VectorBucket"}


def test_the_longest_names_are_names(stacks):
    for deployed in stacks.values():
        for kind, name, logical_id in names(deployed):
            _, most, pattern = UNIQUE[kind]
            assert len(name) <= most and re.fullmatch(pattern, name), f"{logical_id}: `{name}`"


def test_a_project_that_would_not_fit_is_refused():
    for project in (LONGEST + "a", "Shop", "shop_a", "shop-", "-shop", "shop--a", "1shop", ""):
        with pytest.raises(AssertionError, match="Project="):
            stack(project, "dev")


def test_nothing_is_exported(stacks):
    # The name of an export is unique, too.
    assert not any("Export" in output for output in PLAIN["Outputs"].values())


def test_no_stack_hears_anothers_metrics(stacks):
    namespaces = {}
    for where, deployed in stacks.items():
        own = {function["Environment"]["Variables"]["TOOLGATE_METRICS_NAMESPACE"]
               for function in deployed.of("AWS::Lambda::Function").values()}
        text = json.dumps(deployed.of("AWS::CloudWatch::Alarm"))
        own |= set(re.findall(r'"Namespace": "(BedrockAgents[^"]*)"', text))
        own |= set(re.findall(r'BedrockAgents[^"\\]*', json.dumps(deployed.of("AWS::CloudWatch::Dashboard"))))
        (namespace,) = own
        assert namespace not in namespaces.values()
        namespaces[where] = namespace
    assert namespaces["support-desk", "prod"] == "BedrockAgents/support-desk/prod"


def test_no_role_reaches_the_gateway_or_memory_of_another_stack(stacks):
    """Names in IAM policies that are patterns, because the ARN does not exist yet."""
    suffix = "-abcdefghij"

    def matches(pattern, arn):
        return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), arn)

    there = {where: deployed.of("AWS::BedrockAgentCore::Gateway")["Gateway"]["Name"] for where, deployed in stacks.items()}
    for where, deployed in stacks.items():
        text = json.dumps([deployed.of("AWS::IAM::Role"), deployed.of("AWS::IAM::RolePolicy")])
        patterns = set(re.findall(r":gateway/([^\"]*\?)\"", text))
        assert patterns
        for other, name in there.items():
            assert any(matches(pattern, name + suffix) for pattern in patterns) == (other == where), (patterns, name)
