"""A deployment in two steps, so that a person can look at the changes in between: `make deploy` in a workflow.

    changes.py create ENV PLATFORM       uploads the build of `make build`, and prints the change set; the last line is its ARN
    changes.py execute ENV PLATFORM ARN  carries out that change set; `none` does nothing

CloudFormation refuses a change set that was made before another deployment, so what is carried out is what was shown.
"""

import argparse
import re
import subprocess
import sys

from botocore.exceptions import WaiterError
from cloud import client, configuration, protect, run, sam, shown, stack

ARN = re.compile(r"arn:aws[\w-]*:cloudformation:[\w-]+:\d{12}:changeSet/[\w-]+/[\w-]+")
NONE = "none"


def create(environment, platform):
    """Runs `sam deploy` up to the change set. Its output is the list of the changes."""
    command = [*sam(environment, platform), "--no-execute-changeset", "--no-fail-on-empty-changeset"]
    done = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, errors="replace")
    lines = []
    for line in done.stdout:
        print(shown(line), end="", flush=True)
        lines.append(line)
    if done.wait():
        sys.exit(done.returncode)
    text = "".join(lines)
    found = ARN.findall(text)
    if not found and "No changes to deploy" not in text:
        sys.exit("`sam deploy` named no change set; its output is above")
    print(found[-1] if found else NONE)


def execute(environment, platform, arn):
    """Carries out a change set of this stack, and waits until the stack has changed."""
    if arn != NONE:
        if not ARN.fullmatch(arn):
            sys.exit(f"`{shown(arn)}` is not the ARN of a change set")
        formation = client(environment, "cloudformation")
        found = formation.describe_change_set(ChangeSetName=arn)
        if found["StackName"] != stack(environment):
            sys.exit(f"this change set is of the stack `{found['StackName']}`, not of `{stack(environment)}`")
        if found["ExecutionStatus"] != "AVAILABLE":
            sys.exit(f"this change set is {found['ExecutionStatus']}: the stack has changed since; begin again")
        formation.execute_change_set(ChangeSetName=arn)
        new = found.get("StackId") and is_new(formation, found["StackId"])
        waiter = formation.get_waiter("stack_create_complete" if new else "stack_update_complete")
        try:
            waiter.wait(StackName=found["StackId"], WaiterConfig={"Delay": 5, "MaxAttempts": 720})
        except WaiterError:
            sys.exit(failures(formation, found["StackId"]))
        print(f"`{stack(environment)}` has changed")
    protect(environment, platform)


def is_new(formation, stack_id):
    (found,) = formation.describe_stacks(StackName=stack_id)["Stacks"]
    return found["StackStatus"] in ("REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE")


def failures(formation, stack_id):
    """What failed in the last change of a stack. CloudFormation has undone it."""
    events = formation.describe_stack_events(StackName=stack_id)["StackEvents"]
    lines = [f"  {one['LogicalResourceId']}: {one.get('ResourceStatusReason', 'no reason')}" for one in events
             if one.get("ResourceStatus", "").endswith("_FAILED")]
    return shown("\n".join(["the stack did not change; CloudFormation goes back to the state before:", *lines[:10]]))


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("create", "execute"):
        command = commands.add_parser(name)
        command.add_argument("environment")
        command.add_argument("platform", choices=["classic", "agentcore"])
    command.add_argument("arn")
    chosen = parser.parse_args(arguments)
    configuration(chosen.environment, chosen.platform)
    if chosen.command == "create":
        create(chosen.environment, chosen.platform)
    else:
        execute(chosen.environment, chosen.platform, chosen.arn)


if __name__ == "__main__":
    run(main)
