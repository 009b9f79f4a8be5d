"""`make changes` and `make execute`: what is carried out is what was shown. `make emulator` runs both."""

import subprocess
import sys

import changes
import pytest
from test_rollback import MADE, STACK, Aws

ARN = "arn:aws:cloudformation:us-east-1:123456789012:changeSet/samcli-deploy1764500000/0a1b2c3d-0000-4000-8000-000000000001"
STACK_ID = f"arn:aws:cloudformation:us-east-1:123456789012:stack/{STACK}/0a1b2c3d-0000-4000-8000-000000000002"


@pytest.fixture
def aws(monkeypatch):
    aws = Aws()
    monkeypatch.setattr(changes, "client", aws.client)
    monkeypatch.setattr(changes, "protect", lambda *_: aws.moved.append("protected"))
    aws.moved = []
    yield aws
    for stub in aws.stubs.values():
        stub.assert_no_pending_responses()


def describes(aws, stack=STACK, execution="AVAILABLE"):
    found = {"StackName": stack, "StackId": STACK_ID, "ExecutionStatus": execution, "ChangeSetId": ARN}
    aws.expect("cloudformation", "describe_change_set", found, ChangeSetName=ARN)


def stacks(aws, *statuses):
    for status in statuses:
        one = {"StackName": STACK, "CreationTime": MADE, "StackStatus": status}
        aws.expect("cloudformation", "describe_stacks", {"Stacks": [one]}, StackName=STACK_ID)


@pytest.mark.parametrize(("before", "after"), [("REVIEW_IN_PROGRESS", "CREATE_COMPLETE"), ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")])
def test_a_change_set_is_carried_out_and_awaited(aws, capsys, before, after):
    describes(aws)
    aws.expect("cloudformation", "execute_change_set", {}, ChangeSetName=ARN)
    stacks(aws, before, after)
    changes.main(["execute", "dev", "classic", ARN])
    assert aws.moved == ["protected"] and "has changed" in capsys.readouterr().out


@pytest.mark.parametrize(("found", "reason"), [
    ({"stack": "support-desk-prod"}, "of the stack `support-desk-prod`"),
    ({"execution": "OBSOLETE"}, "the stack has changed since"),
])
def test_another_change_set_is_not_carried_out(aws, found, reason):
    describes(aws, **found)
    with pytest.raises(SystemExit, match=reason):
        changes.main(["execute", "dev", "classic", ARN])
    assert aws.moved == []


@pytest.mark.parametrize("arn", ["", "samcli-deploy1", f"{ARN} --x", ARN.replace("changeSet", "stack")])
def test_only_the_arn_of_a_change_set_is_taken(aws, arn):
    with pytest.raises(SystemExit, match="is not the ARN of a change set"):
        changes.main(["execute", "dev", "classic", arn])


def test_nothing_to_change_is_no_failure(aws):
    changes.main(["execute", "dev", "classic", "none"])
    assert aws.moved == ["protected"]


def test_a_change_that_fails_names_what_failed(aws):
    describes(aws)
    aws.expect("cloudformation", "execute_change_set", {}, ChangeSetName=ARN)
    stacks(aws, "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")
    event = {"StackId": STACK_ID, "EventId": "1", "StackName": STACK, "Timestamp": MADE, "LogicalResourceId": "Gateway",
             "ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": "the name is taken"}
    aws.expect("cloudformation", "describe_stack_events", {"StackEvents": [event]}, StackName=STACK_ID)
    with pytest.raises(SystemExit, match="Gateway: the name is taken"):
        changes.main(["execute", "dev", "classic", ARN])
    assert aws.moved == []


def fake_sam(monkeypatch, output, code=0):
    program = f"import sys; sys.stdout.write({output!r}); sys.exit({code})"
    monkeypatch.setattr(changes, "sam", lambda *_: [sys.executable, "-c", program])


def last_line(capsys):
    return capsys.readouterr().out.splitlines()[-1]


def test_the_last_line_is_the_change_set(monkeypatch, capsys):
    fake_sam(monkeypatch, f"Modify OrdersFunction\x1b[2J\nChangeset created successfully. {ARN}\n\nDone.\n")
    changes.main(["create", "dev", "classic"])
    output = capsys.readouterr().out
    assert output.splitlines()[-1] == ARN and "\x1b" not in output
    fake_sam(monkeypatch, "No changes to deploy. Stack support-desk-dev is up to date\n")
    changes.main(["create", "dev", "classic"])
    assert last_line(capsys) == "none"


@pytest.mark.parametrize(("output", "code", "reason"), [("Error: no rights\n", 1, "1"), ("something else\n", 0, "named no change set")])
def test_a_failure_of_sam_is_one(monkeypatch, output, code, reason):
    fake_sam(monkeypatch, output, code)
    with pytest.raises(SystemExit, match=reason):
        changes.main(["create", "dev", "classic"])


def test_sam_makes_the_change_set_and_does_not_execute_it(monkeypatch):
    seen = []
    real = subprocess.Popen

    def popen(command, **options):
        seen.append([str(part) for part in command])
        return real([sys.executable, "-c", f"print('{ARN}')"], **options)

    monkeypatch.setattr(changes.subprocess, "Popen", popen)
    changes.main(["create", "prod", "agentcore"])
    [command] = seen
    assert command[1:] == ["deploy", "--config-env", "prod-agentcore", "--no-execute-changeset", "--no-fail-on-empty-changeset"]
