"""The announcement of calls that wait for a person: from the stream to the sentence in a mail."""

import fnmatch
import json
import re

import pytest
from moto.events.models import EventPattern
from variants import ACCOUNT, REGION, ROOT
from test_permissions import ANNOUNCE, as_list, statements

# A test of handlers/announce holds the function to the same event.
ENTRY = json.loads((ROOT / "handlers" / "announce" / "tests" / "announcement.json").read_text())
# What else an item of a parked call has (toolgate-dynamodb, approval.rs).
SECRET = ["input", "caller", "session"]
# What the function asks for, as its tests check: for an announcement, and for a count.
NEEDED = ["id", "approval", "tool", "expiresAt", "usedBy"]
COUNTED = ["id", "approval", "parkedAt", "expiresAt", "usedBy"]


def event(environment, **detail):
    """The event as EventBridge delivers it."""
    return {"version": "0", "id": "1", "account": ACCOUNT, "region": REGION, "time": "2026-11-30T00:00:00Z", "resources": [],
            "source": ENTRY["Source"], "detail-type": ENTRY["DetailType"],
            "detail": {**ENTRY["Detail"], "environment": environment, **detail}}


def environment_of(deployed):
    return deployed.name.split("-")[1]


def holds(condition, context):
    """Evaluates the operators that the role uses. `context` has lists of values, and None for a missing key."""
    for operator, keys in condition.items():
        for key, expected in keys.items():
            values, expected = context.get(key), as_list(expected)
            match operator:
                case "ForAllValues:StringLike" | "ForAllValues:StringEquals":
                    # Without values it holds.
                    same = fnmatch.fnmatchcase if operator.endswith("Like") else str.__eq__
                    result = all(any(same(value, one) for one in expected) for value in values or [])
                case "StringEquals":
                    result = values is not None and values[0] in expected
                case "Null":
                    result = (values is None) == (expected == ["true"])
            if not result:
                return False
    return True


def may(deployed, action, **context):
    context = {f"dynamodb:{name}": value for name, value in context.items()}
    return any(action in as_list(one["Action"]) and holds(one.get("Condition", {}), context)
               for name, one in statements(deployed) if name == ANNOUNCE)


def test_the_role_cannot_read_what_would_be_done_and_for_whom(deployed):
    own, specific = ["call#request_refund#1"], ["SPECIFIC_ATTRIBUTES"]
    get = "dynamodb:GetItem"
    assert may(deployed, get, LeadingKeys=own, Attributes=NEEDED, Select=specific)
    for name in [*SECRET, "parkedAt"]:
        assert not may(deployed, get, LeadingKeys=own, Attributes=[name], Select=specific), name
        assert not may(deployed, get, LeadingKeys=own, Attributes=[*NEEDED, name], Select=specific), name
    # A request without a list of attributes gets all of them.
    for attributes in (None, ["id"], NEEDED):
        for select in (None, ["ALL_ATTRIBUTES"]):
            assert not may(deployed, get, LeadingKeys=own, Attributes=attributes, Select=select), (attributes, select)
    assert not may(deployed, get, LeadingKeys=own, Attributes=None, Select=specific)
    # Nobody's decision, and no other item.
    for keys in (["decision#request_refund#1"], ["waiting#x"], None):
        assert not may(deployed, get, LeadingKeys=keys, Attributes=NEEDED, Select=specific), keys
    actions = {action for name, one in statements(deployed) if name == ANNOUNCE for action in as_list(one["Action"])}
    assert actions == {get, "dynamodb:Scan", "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator",
                       "dynamodb:ListStreams", "events:PutEvents", "sqs:SendMessage"}


def test_a_count_cannot_read_it_either(deployed):
    specific, scan = ["SPECIFIC_ATTRIBUTES"], "dynamodb:Scan"
    assert may(deployed, scan, Attributes=COUNTED, Select=specific)
    for name in [*SECRET, "tool", "digest", "decision", "decidedBy"]:
        assert not may(deployed, scan, Attributes=[name], Select=specific), name
        assert not may(deployed, scan, Attributes=[*COUNTED, name], Select=specific), name
    for attributes in (None, COUNTED):
        for select in (None, ["ALL_ATTRIBUTES"], ["COUNT"]):
            assert not may(deployed, scan, Attributes=attributes, Select=select), (attributes, select)
    assert not may(deployed, scan, Attributes=None, Select=specific)


def test_what_waits_is_counted_every_5_minutes_and_by_the_schedule_only(deployed):
    rule = deployed.of("AWS::Events::Rule")["CountSchedule"]
    (target,) = rule["Targets"]
    assert (rule["ScheduleExpression"], json.loads(target["Input"])) == ("rate(5 minutes)", {"count": "waiting"})
    (permission,) = [one for one in deployed.of("AWS::Lambda::Permission").values() if one["Principal"] == "events.amazonaws.com"]
    assert permission["FunctionName"] == target["Arn"] and target["Arn"].endswith(":AnnounceFunctionAliaslive:live")
    assert permission["SourceArn"] == f"arn:aws:events:{REGION}:{ACCOUNT}:rule/CountSchedule"
    # The function gives up before Lambda stops it: handlers/announce.
    assert deployed.of("AWS::Lambda::Function")["AnnounceFunction"]["Timeout"] > 45 + 5


def test_the_stream_has_keys_only(deployed):
    streams = {name: table["StreamSpecification"] for name, table in deployed.of("AWS::DynamoDB::Table").items()
               if "StreamSpecification" in table}
    assert streams == {"ApprovalsTable": {"StreamViewType": "KEYS_ONLY"}}


def test_the_role_sends_these_events_and_no_others(deployed):
    (statement,) = [one for name, one in statements(deployed) if "events:PutEvents" in as_list(one["Action"])]
    assert statement["Resource"] == f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    assert statement["Condition"]["StringEquals"] == {"events:source": ENTRY["Source"], "events:detail-type": ENTRY["DetailType"]}


def record(kind, key):
    return {"eventName": kind, "dynamodb": {"Keys": {"id": {"S": key}}, "SequenceNumber": "1"}}


@pytest.mark.parametrize(("kind", "key", "delivered"), [
    ("INSERT", "call#request_refund#1", True),
    # A call that is parked over an expired one.
    ("MODIFY", "call#request_refund#1", True),
    ("REMOVE", "call#request_refund#1", False),
    ("INSERT", "decision#request_refund#1", False),
    ("INSERT", "waiting#CUST-1#3", False),
    ("INSERT", "elicit#request_refund#1", False),
])
def test_the_stream_delivers_parked_calls_to_the_alias(deployed, kind, key, delivered):
    mapping = deployed.of("AWS::Lambda::EventSourceMapping")["AnnounceStream"]
    (pattern,) = [one["Pattern"] for one in mapping["FilterCriteria"]["Filters"]]
    assert EventPattern.load(pattern).matches_event(record(kind, key)) is delivered
    assert mapping["FunctionName"].endswith(":AnnounceFunctionAliaslive:live")
    assert ":table/ApprovalsTable/stream/" in mapping["EventSourceArn"]


def test_nothing_is_lost_in_silence(deployed):
    mapping = deployed.of("AWS::Lambda::EventSourceMapping")["AnnounceStream"]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:UnannouncedCalls"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # A retry repeats all records from the one that failed.
    assert mapping["BatchSize"] == 1 and mapping["BisectBatchOnFunctionError"]
    assert 0 < mapping["MaximumRetryAttempts"] <= 10 and mapping["MaximumRecordAgeInSeconds"] > 0
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": queue}}
    (target,) = rule(deployed)["Targets"]
    assert target["DeadLetterConfig"] == {"Arn": queue}
    alarm = deployed.of("AWS::CloudWatch::Alarm")["UnannouncedAlarm"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": "UnannouncedCalls"}]
    assert (alarm["Namespace"], alarm["Threshold"], alarm["ComparisonOperator"]) == ("AWS/SQS", 0, "GreaterThanThreshold")


def rule(deployed):
    return deployed.of("AWS::Events::Rule")["AnnounceRule"]


def test_the_rule_matches_the_events_of_its_own_stack(deployed):
    pattern = EventPattern.load(json.dumps(rule(deployed)["EventPattern"]))
    own = environment_of(deployed)
    assert pattern.matches_event(event(own))
    assert not pattern.matches_event(event("another"))
    assert not pattern.matches_event(event(own, project="another"))
    # Another account may be allowed to send to this bus.
    for name, value in (("source", "x"), ("detail-type", "x"), ("account", "210987654321")):
        assert not pattern.matches_event({**event(own), name: value}), name


def test_a_person_gets_one_sentence_with_the_command(deployed):
    (target,) = rule(deployed)["Targets"]
    transformer = target["InputTransformer"]
    paths, template = transformer["InputPathsMap"], transformer["InputTemplate"]
    assert {*re.findall(r"<([^>]*)>", template)} == paths.keys()
    for name, path in paths.items():
        assert path.startswith("$.detail."), path
        template = template.replace(f"<{name}>", event(environment_of(deployed))["detail"][path.removeprefix("$.detail.")])
    # A text of a target is in quotation marks, without a line break.
    assert re.fullmatch(r'"[^"\n]*"', template)
    assert template == (
        f'"A call of request_refund (support-desk, {environment_of(deployed)}) waits for a person until '
        "2099-12-31T00:00:00Z. Look at it, and approve or deny it: toolgate approvals approve APR-PBDV34NOK5 "
        '--table ApprovalsTable --by YOUR-NAME"'
    )


def test_only_the_rule_publishes_and_only_the_named_person_is_told(deployed):
    for name, kind, action in (("ApprovalsTopic", "SNS::Topic", "sns:Publish"), ("UnannouncedCalls", "SQS::Queue", "sqs:SendMessage")):
        policy = deployed.of(f"AWS::{kind}Policy")[f"{name}Policy"]
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "events.amazonaws.com"} and statement["Action"] == action
        assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/AnnounceRule"}}
    subscriptions = {name: one["Endpoint"] for name, one in deployed.of("AWS::SNS::Subscription").items()}
    named = {"ApprovalsSubscription": "approvers@example.com"} if deployed.name.endswith("-staging") else {}
    assert {name: one for name, one in subscriptions.items() if name == "ApprovalsSubscription"} == named
