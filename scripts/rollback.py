"""Moves an alias or an endpoint of a deployed stack back to an earlier version, without a deployment.

    rollback.py ENV classic [--agent Supervisor]     the aliases of all agents, or of one
    rollback.py ENV agentcore                        the endpoint of the harness
    rollback.py ENV PLATFORM --function OrdersFunction    the alias `live` of a function

`--to VERSION` names the version. Without it, it is the last one that was live before and is lower than the present one.
An agent's alias knows which versions it has had, and the events of the stack name those of an endpoint and of a
function. If these name none, nothing is moved. Everything is read and compared before the first change.

`--yes` asks nobody. Without a terminal, CONFIRM=yes does the same.
"""

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cloud import client, is_agreed, run, stack

MADE = "%Y-%m-%d %H:%M"
BUSY = {"CREATING", "UPDATING", "DELETING"}
# How long a move may take, and the pause between two looks.
PATIENCE_SECONDS, PAUSE_SECONDS = 120, 1


@dataclass
class Pointer:
    """An alias or an endpoint: a name that points to a version."""

    name: str
    # The status and the version to which it points.
    state: Callable[[], tuple[str, str]]
    # The versions that can be served, with the time at which they were made.
    versions: dict[str, str]
    # The versions to which it has pointed, the last one first.
    past: Iterable[str]
    move: Callable[[str], object]


def is_number(version):
    return isinstance(version, str) and re.fullmatch("[0-9]{1,9}", version) is not None


def resources(environment):
    """The type and the physical id of each resource, by logical id."""
    pages = client(environment, "cloudformation").get_paginator("list_stack_resources")
    found = [one for page in pages.paginate(StackName=stack(environment)) for one in page["StackResourceSummaries"]]
    return {one["LogicalResourceId"]: (one["ResourceType"], one.get("PhysicalResourceId", "")) for one in found}


def deployed_versions(environment, logical_id, member):
    """The versions that the stack's deployments gave to a resource, the last one first: its property `member` in the
    events of the stack, which CloudFormation keeps for 90 days."""
    pages = client(environment, "cloudformation").get_paginator("describe_stack_events")
    for page in pages.paginate(StackName=stack(environment)):
        for event in page["StackEvents"]:
            ended = event.get("ResourceStatus") in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
            if event["LogicalResourceId"] == logical_id and ended:
                try:
                    version = json.loads(event.get("ResourceProperties") or "{}").get(member)
                except json.JSONDecodeError:
                    continue
                if is_number(version):
                    yield version


def agents(environment, there, chosen):
    """The aliases of the agents. Their logical ids are the agents' with `Alias`."""
    api = client(environment, "bedrock-agent")
    aliases = {name.removesuffix("Alias"): physical for name, (kind, physical) in there.items()
               if kind == "AWS::Bedrock::AgentAlias"}
    if not aliases:
        sys.exit(f"`{stack(environment)}` has no agents; its harness is moved with PLATFORM=agentcore")
    if chosen and chosen not in aliases:
        sys.exit(f"`{stack(environment)}` has no agent `{chosen}`: AGENT is one of {', '.join(sorted(aliases))}")
    return [agent(api, name, *aliases[name].split("|")) for name in sorted([chosen] if chosen else aliases)]


def agent(api, name, agent_id, alias_id):
    def read():
        return api.get_agent_alias(agentId=agent_id, agentAliasId=alias_id)["agentAlias"]

    def state():
        alias = read()
        return alias["agentAliasStatus"], routed(alias)

    def routed(one):
        (route,) = one.get("routingConfiguration") or [{}]
        return route.get("agentVersion", "")

    def move(version):
        alias = read()
        # What is left out would be removed.
        kept = {key: alias[key] for key in ("description", "aliasInvocationState") if alias.get(key)}
        route = {**(alias["routingConfiguration"] or [{}])[0], "agentVersion": version}
        api.update_agent_alias(agentId=agent_id, agentAliasId=alias_id, agentAliasName=alias["agentAliasName"],
                               routingConfiguration=[route], **kept)

    history = sorted(read().get("agentAliasHistoryEvents", []), key=lambda one: one["startDate"], reverse=True)
    pages = api.get_paginator("list_agent_versions").paginate(agentId=agent_id)
    versions = {one["agentVersion"]: f"{one['createdAt']:{MADE}}" for page in pages for one in page["agentVersionSummaries"]
                if is_number(one["agentVersion"]) and one["agentStatus"] == "PREPARED"}
    return Pointer(name, state, versions, [routed(one) for one in history], move)


def endpoint(environment, there):
    """The endpoint of the harness, by its ARN `…:harness/ID/harness-endpoint/NAME`."""
    found = [(name, arn) for name, (kind, arn) in there.items() if kind == "AWS::BedrockAgentCore::HarnessEndpoint"]
    if not found:
        sys.exit(f"`{stack(environment)}` has no harness with an endpoint; a function is moved with FUNCTION=…")
    ((logical_id, arn),) = found
    _, harness, _, name = arn.rsplit("/", 3)
    api = client(environment, "bedrock-agentcore-control")

    def state():
        one = api.get_harness_endpoint(harnessId=harness, endpointName=name)["endpoint"]
        return one["status"], one.get("liveVersion") or one.get("targetVersion", "")

    def move(version):
        api.update_harness_endpoint(harnessId=harness, endpointName=name, targetVersion=version)

    pages = api.get_paginator("list_harness_versions").paginate(harnessId=harness)
    versions = {one["harnessVersion"]: f"{one['createdAt']:{MADE}}" for page in pages for one in page["harnessVersions"]
                if one["status"] == "READY"}
    past = deployed_versions(environment, logical_id, "TargetVersion")
    return Pointer(f"endpoint {name} of the harness", state, versions, past, move)


def function(environment, there, chosen):
    """The alias of a function. SAM names it `<logical id>Alias<alias>`."""
    aliases = {name.removesuffix("Aliaslive"): (name, arn) for name, (kind, arn) in there.items()
               if kind == "AWS::Lambda::Alias"}
    if chosen not in aliases:
        sys.exit(f"`{stack(environment)}` has no function `{chosen}`: FUNCTION is one of {', '.join(sorted(aliases))}")
    logical_id, arn = aliases[chosen]
    own, _, alias = arn.rpartition(":")
    api = client(environment, "lambda")

    def state():
        return "READY", api.get_alias(FunctionName=own, Name=alias)["FunctionVersion"]

    def move(version):
        # All calls go to it, also if a part of them went to another version.
        api.update_alias(FunctionName=own, Name=alias, FunctionVersion=version,
                         RoutingConfig={"AdditionalVersionWeights": {}})

    pages = api.get_paginator("list_versions_by_function").paginate(FunctionName=own)
    versions = {one["Version"]: one["LastModified"][:16].replace("T", " ") for page in pages for one in page["Versions"]
                if is_number(one["Version"])}
    return Pointer(chosen, state, versions, deployed_versions(environment, logical_id, "FunctionVersion"), move)


def planned(pointer, to):
    """The present version and the one to move to, or the reason why there is none."""
    status, now = pointer.state()
    others = sorted((one for one in pointer.versions if one != now), key=int, reverse=True)
    has = f"it has the versions {', '.join(others)}" if others else "it has no other version"
    if status in BUSY:
        return now, None, f"it is {status}; repeat the command when that has ended"
    if not is_number(now):
        return now, None, f"it is at `{now}`, which is not a numbered version"
    if to == now:
        return now, None, f"it is at version {now} already"
    if to:
        return now, to if to in others else None, f"it has no version {to} that can be served: {has}"
    lower = (one for one in pointer.past if is_number(one) and int(one) < int(now) and one in others)
    return now, next(lower, None), f"no version below {now} is known to have been live; name one with TO=: {has}"


def roll_back(environment, pointers, to, is_sure):
    if to and not is_number(to):
        sys.exit(f"TO is the number of a version, not `{to}`")
    if to and len(pointers) > 1:
        sys.exit("each agent has versions of its own: with TO, name the agent with AGENT=…")
    plans = [(pointer, *planned(pointer, to)) for pointer in pointers]
    problems = [f"{pointer.name}: {why}" for pointer, _, target, why in plans if target is None]
    if problems:
        sys.exit("\n".join(["nothing was moved", *problems]))
    print(f"`{stack(environment)}`:")
    for pointer, now, target, _ in plans:
        print(f"  {pointer.name}: version {now} → {target}, made {pointer.versions[target]}")
    print("The stack does not know of this: the next deployment that changes one of them moves it forward again.")
    if not is_sure and not is_agreed("Move?"):
        sys.exit("nothing was moved")
    for pointer, _, target, _ in plans:
        pointer.move(target)
    failed = [name for name in (arrived(pointer, target) for pointer, _, target, _ in plans) if name]
    if failed:
        sys.exit("\n".join(failed))


def arrived(pointer, target):
    """Waits until the move has ended. Returns the problem, if there is one."""
    status, now = pointer.state()
    for _ in range(PATIENCE_SECONDS):
        if status not in BUSY:
            break
        time.sleep(PAUSE_SECONDS)
        status, now = pointer.state()
    if now == target and status not in BUSY and not status.endswith("FAILED"):
        print(f"{pointer.name} is at version {target}")
        return None
    return f"{pointer.name} is at version {now}, {status}: look at it in the console of AWS"


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environment")
    parser.add_argument("platform", choices=["classic", "agentcore"])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--agent")
    what.add_argument("--function")
    parser.add_argument("--to")
    parser.add_argument("--yes", action="store_true")
    chosen = parser.parse_args(arguments)
    environment = chosen.environment
    there = resources(environment)
    if chosen.function:
        pointers = [function(environment, there, chosen.function)]
    elif chosen.platform == "agentcore":
        if chosen.agent:
            sys.exit("AGENT names an agent of classic; a harness has one endpoint")
        pointers = [endpoint(environment, there)]
    else:
        pointers = agents(environment, there, chosen.agent)
    roll_back(environment, pointers, chosen.to, chosen.yes)


if __name__ == "__main__":
    run(main)
