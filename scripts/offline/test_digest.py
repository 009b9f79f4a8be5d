"""The requests that can wait: from the schedule and the queue to the digest, and what the roles may do on that way."""

import json
import re

import pytest
from test_permissions import DIGEST, as_list, statements
from variants import ACCOUNT, REGION, ROOT, VARIANTS

QUEUE, DEAD = (f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}" for name in ("DigestQueue", "DigestDeadLetters"))
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/DigestTable"
TLS_ONLY = {"Bool": {"aws:SecureTransport": "false"}}


@pytest.fixture(params=[name for name, deployed in VARIANTS.items() if "DigestQueue" in deployed.resources])
def digests(request):
    return VARIANTS[request.param]


def test_it_exists_only_where_it_is_switched_on():
    there = {name for name, deployed in VARIANTS.items() if any(one.startswith("Digest") for one in deployed.resources)}
    assert there == {name for name in VARIANTS if not name.endswith("-prod")}


def constant(file, name):
    """The number, or the seconds, of a constant in the code."""
    source = (ROOT / "handlers/digest" / file).read_text()
    return int(re.search(rf"const {name}: \w+ = (?:Duration::from_secs\()?(\d+)", source)[1])


def test_a_message_is_tried_again_and_then_kept_for_a_person(digests):
    queue = digests.of("AWS::SQS::Queue")["DigestQueue"]
    function = digests.of("AWS::Lambda::Function")["DigestFunction"]
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    # The function gives up before Lambda stops it.
    assert function["Timeout"] > constant("src/lib.rs", "BATCH_WITHIN") + 10
    tries = constant("tests/it/kit/queue.rs", "RECEIVES")
    assert tries == constant("src/day.rs", "TRIES")
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": DEAD, "maxReceiveCount": tries}
    assert constant("tests/it/kit/queue.rs", "BATCH") == constant("src/lib.rs", "AT_ONCE")
    mapping = digests.of("AWS::Lambda::EventSourceMapping")["DigestMessages"]
    assert (mapping["EventSourceArn"], mapping["FunctionResponseTypes"]) == (QUEUE, ["ReportBatchItemFailures"])
    assert (mapping["BatchSize"], mapping["ScalingConfig"]) == (constant("src/lib.rs", "AT_ONCE"), {"MaximumConcurrency": 3})
    assert mapping["FunctionName"].endswith(":DigestFunctionAliaslive:live")
    # 14 days is the most, and an answered row is kept for 30.
    for name in ("DigestQueue", "DigestDeadLetters"):
        one = digests.of("AWS::SQS::Queue")[name]
        assert one["MessageRetentionPeriod"] == 14 * 86400 and one["SqsManagedSseEnabled"], name


def test_the_schedule_sends_the_day_and_may_do_nothing_else(digests):
    (schedule,) = digests.of("AWS::Scheduler::Schedule").values()
    target = schedule["Target"]
    assert schedule["ScheduleExpression"] == "cron(0 4 * * ? *)" and schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert (target["Arn"], target["DeadLetterConfig"]) == (QUEUE, {"Arn": DEAD})
    # EventBridge Scheduler replaces this attribute by the time, such as 2026-11-30T04:00:00Z.
    assert json.loads(target["Input"]) == {"digestsOf": "<aws.scheduler.scheduled-time>"}
    assert 0 < target["RetryPolicy"]["MaximumRetryAttempts"] <= 185
    assert 60 <= target["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 86400
    assert target["RoleArn"].endswith("role/DigestScheduleRole")
    allowed = [(one["Action"], one["Resource"]) for name, one in statements(digests) if name == "DigestScheduleRole"]
    assert allowed == [(["sqs:SendMessage"], [QUEUE, DEAD])]


def test_the_function_may_do_what_it_does(digests):
    allowed = {(action, arn) for name, one in statements(digests) if name == DIGEST
               for action in as_list(one["Action"]) for arn in as_list(one["Resource"]) if not arn.endswith("/LedgerTable")}
    profile = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0"
    assert allowed == {
        *((f"sqs:{action}", QUEUE) for action in
          ("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "SendMessage")),
        *((f"dynamodb:{action}", TABLE) for action in ("PutItem", "Query", "UpdateItem")),
        ("dynamodb:Scan", f"{TABLE}/index/waiting"),
        ("s3:GetObject", "arn:aws:s3:::digestbucket/digests/*"),
        ("s3:PutObject", "arn:aws:s3:::digestbucket/digests/*"),
        ("s3:ListBucket", "arn:aws:s3:::digestbucket"),
        ("sns:Publish", "DigestTopic"),
        ("bedrock:ApplyGuardrail", "arn:aws:bedrock:us-east-1:123456789012:guardrail/abcdefghij01"),
        ("bedrock:InvokeModel", profile),
        ("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0"),
    }


def test_no_digest_can_be_replaced(digests):
    (write,) = [one for name, one in statements(digests) if "s3:PutObject" in as_list(one["Action"])]
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    assert write["Condition"] == {"Null": {"s3:if-none-match": "false"}}
    assert not any(action.startswith("s3:Delete") for _, one in statements(digests) for action in as_list(one["Action"]))


def test_an_application_sends_requests_and_reads_digests(digests):
    allowed = {(action, arn) for name, one in statements(digests) if name == "DigestClientPolicy"
               for action in as_list(one["Action"]) for arn in as_list(one["Resource"])}
    assert allowed == {("sqs:SendMessage", QUEUE), ("s3:GetObject", "arn:aws:s3:::digestbucket/digests/*")}


def test_what_customers_write_is_encrypted_and_private(digests):
    for kind, names in {
        "AWS::SQS::QueuePolicy": ("DigestQueuePolicy", "DigestDeadLettersPolicy"), "AWS::SNS::TopicPolicy": ("DigestTopicPolicy",),
        "AWS::S3::BucketPolicy": ("DigestBucketPolicy",),
    }.items():
        for name in names:
            (statement,) = digests.of(kind)[name]["PolicyDocument"]["Statement"]
            assert (statement["Effect"], statement["Principal"], statement["Condition"]) == ("Deny", "*", TLS_ONLY), name
    bucket = digests.of("AWS::S3::Bucket")["DigestBucket"]
    assert all(bucket["PublicAccessBlockConfiguration"].values()) and len(bucket["PublicAccessBlockConfiguration"]) == 4
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    # A digest outlives the rows that it has answered, which are kept for 30 days.
    (lifecycle,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (lifecycle["Status"], lifecycle["Prefix"]) == ("Enabled", "digests/") and lifecycle["ExpirationInDays"] > 30
    assert digests.of("AWS::SNS::Topic")["DigestTopic"]["KmsMasterKeyId"] == "alias/aws/sns"


def test_the_index_has_the_rows_that_wait_without_their_questions(digests):
    table = digests.of("AWS::DynamoDB::Table")["DigestTable"]
    assert table["KeySchema"] == [{"AttributeName": "customerId", "KeyType": "HASH"}, {"AttributeName": "requestId", "KeyType": "RANGE"}]
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["KeySchema"] == [{"AttributeName": "waiting", "KeyType": "HASH"}]
    assert index["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["digest"]}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}


def test_the_model_is_the_cheap_one_behind_the_guardrail(digests):
    variables = digests.of("AWS::Lambda::Function")["DigestFunction"]["Environment"]["Variables"]
    assert variables["MODEL"] == "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    assert (variables["GUARDRAIL_ID"], variables["GUARDRAIL_VERSION"]) == ("abcdefghij01", "1")
    assert (variables["DIGEST_USD"], variables["OUTPUT_TOKENS"]) == ("5.00", "4000")
