"""`make rollback`: every request and every response fits botocore's models."""

import json
from datetime import UTC, datetime

import boto3
import cloud
import pytest
import rollback
from botocore.stub import Stubber

MADE = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
STACK = "support-desk-dev"
AGENT, ALIAS = "AGENT00001", "ALIAS00001"
HARNESS = "support_desk_dev-abcdefghij"
HARNESS_ARN = f"arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/{HARNESS}"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:support-desk-dev-Orders"
# The versions of an agent on three pages.
PAGES = [("DRAFT", "9"), ("7", "6"), ("5",)]


class Aws:
    """The clients of a test. They answer only what is expected, in this order."""

    def __init__(self):
        self.stubs = {}

    def client(self, _environment, service):
        return self.stub(service).client

    def stub(self, service):
        if service not in self.stubs:
            keys = {"aws_access_key_id": "offline", "aws_secret_access_key": "offline"}
            self.stubs[service] = Stubber(boto3.client(service, region_name="us-east-1", **keys))
            self.stubs[service].activate()
        return self.stubs[service]

    def expect(self, service, operation, response, **request):
        self.stub(service).add_response(operation, response, request)

    def resources(self, *resources):
        """The stack's resources, on two pages."""
        summaries = [{"LogicalResourceId": name, "ResourceType": kind, "PhysicalResourceId": physical,
                      "LastUpdatedTimestamp": MADE, "ResourceStatus": "CREATE_COMPLETE"} for name, kind, physical in resources]
        first, rest = summaries[:1], summaries[1:]
        self.expect("cloudformation", "list_stack_resources", {"StackResourceSummaries": first, "NextToken": "more"}, StackName=STACK)
        self.expect("cloudformation", "list_stack_resources", {"StackResourceSummaries": rest}, StackName=STACK, NextToken="more")

    def events(self, logical_id, *events):
        """The stack's events, the last one first, each on a page of its own."""
        for number, (status, properties) in enumerate(events):
            event = {"StackId": "arn", "EventId": str(number), "StackName": STACK, "Timestamp": MADE, "ResourceStatus": status,
                     "LogicalResourceId": logical_id, "ResourceProperties": properties}
            more = {"NextToken": str(number + 1)} if number + 1 < len(events) else {}
            asked = {"NextToken": str(number)} if number else {}
            self.expect("cloudformation", "describe_stack_events", {"StackEvents": [event], **more}, StackName=STACK, **asked)

    # An agent.

    def alias(self, version, *past, agent=AGENT, alias=ALIAS, status="PREPARED", **more):
        history = [{"routingConfiguration": [{"agentVersion": one}], "startDate": MADE.replace(day=day + 1)}
                   for day, one in enumerate(past)]
        body = {"agentId": agent, "agentAliasId": alias, "agentAliasName": "dev", "description": "release abc",
                "agentAliasArn": f"arn:aws:bedrock:us-east-1:123456789012:agent-alias/{agent}/{alias}",
                "routingConfiguration": [{"agentVersion": version}] if version else [], "createdAt": MADE, "updatedAt": MADE,
                "agentAliasStatus": status, "agentAliasHistoryEvents": history, **more}
        self.expect("bedrock-agent", "get_agent_alias", {"agentAlias": body}, agentId=agent, agentAliasId=alias)

    def agent_versions(self, agent=AGENT, pages=PAGES, status="PREPARED"):
        for number, versions in enumerate(pages):
            summaries = [{"agentName": "a", "agentStatus": status, "agentVersion": one, "createdAt": MADE, "updatedAt": MADE}
                         for one in versions]
            more = {"nextToken": str(number + 1)} if number + 1 < len(pages) else {}
            asked = {"nextToken": str(number)} if number else {}
            self.expect("bedrock-agent", "list_agent_versions", {"agentVersionSummaries": summaries, **more}, agentId=agent, **asked)

    def agent_moves(self, version, agent=AGENT, alias=ALIAS, **more):
        self.alias("7", agent=agent, alias=alias, **more)
        body = {"agentId": agent, "agentAliasId": alias, "agentAliasName": "dev", "routingConfiguration": [],
                "agentAliasArn": f"arn:aws:bedrock:us-east-1:123456789012:agent-alias/{agent}/{alias}",
                "createdAt": MADE, "updatedAt": MADE, "agentAliasStatus": "UPDATING"}
        self.expect("bedrock-agent", "update_agent_alias", {"agentAlias": body}, agentId=agent, agentAliasId=alias,
                    agentAliasName="dev", description="release abc", routingConfiguration=[{"agentVersion": version}], **more)

    # A harness.

    def endpoint(self, version, status="READY"):
        body = {"harnessId": HARNESS, "harnessName": "support_desk_dev", "endpointName": "dev", "status": status,
                "arn": f"{HARNESS_ARN}/harness-endpoint/dev", "createdAt": MADE, "updatedAt": MADE, "liveVersion": version}
        self.expect("bedrock-agentcore-control", "get_harness_endpoint", {"endpoint": body}, harnessId=HARNESS, endpointName="dev")

    def harness_versions(self, *versions):
        """One version on a page."""
        for number, (version, status) in enumerate(versions):
            one = {"harnessId": HARNESS, "harnessName": "support_desk_dev", "arn": HARNESS_ARN, "harnessVersion": version,
                   "status": status, "createdAt": MADE, "updatedAt": MADE}
            more = {"nextToken": str(number + 1)} if number + 1 < len(versions) else {}
            asked = {"nextToken": str(number)} if number else {}
            self.expect("bedrock-agentcore-control", "list_harness_versions", {"harnessVersions": [one], **more}, harnessId=HARNESS, **asked)

    def endpoint_moves(self, version):
        body = {"harnessId": HARNESS, "harnessName": "support_desk_dev", "endpointName": "dev", "status": "UPDATING",
                "arn": f"{HARNESS_ARN}/harness-endpoint/dev", "createdAt": MADE, "updatedAt": MADE}
        self.expect("bedrock-agentcore-control", "update_harness_endpoint", {"endpoint": body}, harnessId=HARNESS,
                    endpointName="dev", targetVersion=version)


@pytest.fixture
def aws(monkeypatch):
    made = Aws()
    monkeypatch.setattr(rollback, "client", made.client)
    monkeypatch.setattr(rollback, "PAUSE_SECONDS", 0)
    monkeypatch.setenv("CONFIRM", "yes")
    yield made
    for service, stub in made.stubs.items():
        assert not stub._queue, f"{service}: {[one['operation_name'] for one in stub._queue]} was not asked"


SUPERVISOR = ("SupervisorAlias", "AWS::Bedrock::AgentAlias", f"{AGENT}|{ALIAS}")
ENDPOINT = ("HarnessEndpoint", "AWS::BedrockAgentCore::HarnessEndpoint", f"{HARNESS_ARN}/harness-endpoint/dev")
LIVE = ("OrdersFunctionAliaslive", "AWS::Lambda::Alias", f"{FUNCTION}:live")
OTHER = ("OrdersTable", "AWS::DynamoDB::Table", "orders")


def refused(match, *arguments):
    with pytest.raises(SystemExit, match=match):
        rollback.main(["dev", *arguments])


def test_an_agent_goes_back_to_the_version_that_was_live_before(aws, capsys):
    aws.resources(OTHER, SUPERVISOR)
    # Version 6 was never live: 5 was, then 7, 9 and again 7.
    aws.alias("7", "4", "5", "7", "9", "7")
    aws.agent_versions()
    aws.alias("7")
    aws.agent_moves("5", aliasInvocationState="REJECT_INVOCATIONS")
    aws.alias("7", status="UPDATING")
    aws.alias("5")
    rollback.main(["dev", "classic"])
    shown = capsys.readouterr().out
    assert "Supervisor: version 7 → 5, made 2026-11-01 09:30" in shown
    assert "moves it forward again" in shown and "Supervisor is at version 5" in shown


def test_all_agents_are_read_before_the_first_is_moved(aws):
    aws.resources(SUPERVISOR, ("BillingAlias", "AWS::Bedrock::AgentAlias", "AGENT00002|ALIAS00002"))
    aws.alias("1", agent="AGENT00002", alias="ALIAS00002")
    aws.agent_versions("AGENT00002", [("1",)])
    aws.alias("7", "5", "7")
    aws.agent_versions()
    aws.alias("1", agent="AGENT00002", alias="ALIAS00002")
    aws.alias("7")
    refused("nothing was moved\nBilling: no version below 1 is known .*it has no other version$", "classic")


def test_one_agent_goes_to_a_named_version(aws):
    aws.resources(SUPERVISOR, ("BillingAlias", "AWS::Bedrock::AgentAlias", "AGENT00002|ALIAS00002"))
    aws.alias("7")
    aws.agent_versions()
    aws.alias("7")
    aws.agent_moves("6")
    aws.alias("6")
    rollback.main(["dev", "classic", "--agent", "Supervisor", "--to", "6"])


@pytest.mark.parametrize(("to", "reason"), [
    ("8", "it has no version 8 that can be served: it has the versions 9, 6, 5"),
    ("7", "it is at version 7 already"),
])
def test_a_version_that_nobody_has_is_refused_with_those_that_are_there(aws, to, reason):
    aws.resources(SUPERVISOR, OTHER)
    aws.alias("7", "5", "7")
    aws.agent_versions()
    aws.alias("7")
    refused(f"nothing was moved\nSupervisor: {reason}", "classic", "--to", to)


@pytest.mark.parametrize(("version", "past", "status", "reason"), [
    # Nothing is guessed, although there are lower versions.
    ("7", (), "PREPARED", "no version below 7 is known to have been live; name one with TO=: it has the versions 9, 6, 5"),
    # What was live is deleted, or newer.
    ("7", ("3", "9", "7"), "PREPARED", "no version below 7 is known"),
    ("7", ("5", "7"), "UPDATING", "it is UPDATING"),
    ("DRAFT", ("5",), "PREPARED", "it is at `DRAFT`, which is not a numbered version"),
    ("", ("5",), "PREPARED", "it is at ``"),
])
def test_nothing_to_roll_back_to(aws, version, past, status, reason):
    aws.resources(SUPERVISOR, OTHER)
    aws.alias(version, *past)
    aws.agent_versions()
    aws.alias(version, status=status)
    refused(f"nothing was moved\nSupervisor: {reason}", "classic")


def test_a_version_that_is_not_prepared_is_none(aws):
    aws.resources(SUPERVISOR, OTHER)
    aws.alias("7", "5", "7")
    aws.agent_versions(status="FAILED")
    aws.alias("7")
    refused("it has no other version", "classic")


def test_a_move_that_fails_is_told(aws):
    aws.resources(SUPERVISOR, OTHER)
    aws.alias("7", "5", "7")
    aws.agent_versions()
    aws.alias("7")
    aws.agent_moves("5")
    aws.alias("7", status="FAILED")
    refused("Supervisor is at version 7, FAILED", "classic")


def test_a_harness_goes_back_to_the_version_of_the_deployment_before(aws, capsys):
    aws.resources(OTHER, ENDPOINT)
    aws.harness_versions(("1", "READY"), ("2", "READY"), ("3", "UPDATE_FAILED"), ("4", "READY"), ("5", "READY"))
    aws.endpoint("5")
    # Not live: what began, what failed, what cannot be read. Not there: version 3.
    aws.events("HarnessEndpoint", ("UPDATE_COMPLETE", '{"TargetVersion": "5"}'), ("UPDATE_IN_PROGRESS", '{"TargetVersion": "4"}'),
               ("UPDATE_FAILED", '{"TargetVersion": "4"}'), ("UPDATE_COMPLETE", "{"), ("UPDATE_COMPLETE", '{"TargetVersion": {"Ref": "x"}}'),
               ("UPDATE_COMPLETE", '{"TargetVersion": "3"}'), ("CREATE_COMPLETE", '{"TargetVersion": "2"}'))
    aws.endpoint_moves("2")
    aws.endpoint("5", "UPDATING")
    aws.endpoint("2")
    rollback.main(["dev", "agentcore"])
    assert "endpoint dev of the harness: version 5 → 2" in capsys.readouterr().out


def test_a_harness_that_no_deployment_has_moved_has_nothing_to_go_back_to(aws):
    aws.resources(OTHER, ENDPOINT)
    aws.harness_versions(("1", "READY"), ("2", "READY"))
    aws.endpoint("2")
    aws.events("HarnessEndpoint", ("CREATE_COMPLETE", '{"TargetVersion": "2"}'), ("CREATE_IN_PROGRESS", "{}"))
    refused("no version below 2 is known to have been live; name one with TO=: it has the versions 1", "agentcore")


def test_an_endpoint_whose_update_failed_can_be_moved(aws):
    aws.resources(OTHER, ENDPOINT)
    aws.harness_versions(("1", "READY"), ("2", "READY"))
    aws.endpoint("2", "UPDATE_FAILED")
    aws.endpoint_moves("1")
    aws.endpoint("1")
    rollback.main(["dev", "agentcore", "--to", "1"])


def test_a_function_goes_back_with_all_its_traffic(aws, capsys):
    aws.resources(OTHER, LIVE)
    for marker, version in (("", "$LATEST"), ("1", "1"), ("2", "2")):
        more = {"NextMarker": str(int(marker or 0) + 1)} if marker != "2" else {}
        asked = {"Marker": marker} if marker else {}
        page = {"Versions": [{"Version": version, "LastModified": "2026-11-01T09:30:00.000+0000"}], **more}
        aws.expect("lambda", "list_versions_by_function", page, FunctionName=FUNCTION, **asked)
    aws.expect("lambda", "get_alias", {"FunctionVersion": "2"}, FunctionName=FUNCTION, Name="live")
    aws.events("OrdersFunctionAliaslive", ("UPDATE_COMPLETE", json.dumps({"FunctionVersion": "2", "Name": "live"})),
               ("CREATE_COMPLETE", json.dumps({"FunctionVersion": "1", "Name": "live"})))
    aws.expect("lambda", "update_alias", {"FunctionVersion": "1"}, FunctionName=FUNCTION, Name="live", FunctionVersion="1",
               RoutingConfig={"AdditionalVersionWeights": {}})
    aws.expect("lambda", "get_alias", {"FunctionVersion": "1"}, FunctionName=FUNCTION, Name="live")
    rollback.main(["dev", "classic", "--function", "OrdersFunction", "--yes"])
    assert "OrdersFunction: version 2 → 1, made 2026-11-01 09:30" in capsys.readouterr().out


@pytest.mark.parametrize("answer", [None, "no"])
def test_without_a_yes_nothing_is_moved(aws, monkeypatch, answer):
    monkeypatch.delenv("CONFIRM")
    if answer:
        monkeypatch.setattr(cloud.sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", lambda _question: answer)
    aws.resources(OTHER, ENDPOINT)
    aws.harness_versions(("1", "READY"), ("2", "READY"))
    aws.endpoint("2")
    refused("nothing was moved", "agentcore", "--to", "1")


@pytest.mark.parametrize(("arguments", "reason"), [
    (["classic"], "has no agents"),
    (["agentcore"], "has no harness"),
    (["classic", "--function", "X"], "has no function `X`: FUNCTION is one of OrdersFunction"),
    (["agentcore", "--agent", "Supervisor"], "AGENT names an agent of classic"),
])
def test_what_is_not_there_is_told(aws, arguments, reason):
    aws.resources(OTHER, LIVE)
    refused(reason, *arguments)


@pytest.mark.parametrize(("arguments", "reason"), [
    (["--agent", "Nobody"], "no agent `Nobody`: AGENT is one of Billing, Supervisor"),
    (["--to", "5"], "each agent has versions of its own"),
])
def test_a_version_belongs_to_one_agent(aws, arguments, reason):
    billing = ("BillingAlias", "AWS::Bedrock::AgentAlias", "AGENT00002|ALIAS00002")
    aws.resources(SUPERVISOR, billing)
    if "--to" in arguments:
        for agent, alias in (("AGENT00002", "ALIAS00002"), (AGENT, ALIAS)):
            aws.alias("7", agent=agent, alias=alias)
            aws.agent_versions(agent)
    refused(reason, "classic", *arguments)


@pytest.mark.parametrize("to", ["latest", "DRAFT", "-1", "1;2", "1234567890"])
def test_a_version_is_a_number(aws, to):
    aws.resources(OTHER, ENDPOINT)
    aws.harness_versions(("1", "READY"))
    refused("TO is the number of a version", "agentcore", f"--to={to}")


def test_an_unknown_environment_is_told():
    with pytest.raises(SystemExit, match="no `nope`: ENV is one of dev"):
        rollback.main(["nope", "classic"])
