"""The Makefile's commands for a deployed stack. Name and Region come from samconfig.toml, as for `sam`; credentials
from boto3.

    cloud.py preflight ENV PLATFORM  shows account and Region, and checks the requirements
    cloud.py deploy ENV PLATFORM     deploys the build; outside of dev its tables are protected once they exist
    cloud.py output ENV NAME         prints one output of the stack
    cloud.py invoke ENV TEXT         sends the text to the supervisor, or to the harness if there is no supervisor
    cloud.py delete ENV              deletes the stack; in dev also the tables and digests that it leaves behind
"""

import argparse
import json
import os
import subprocess
import sys
import unicodedata
import uuid
from functools import cache
from pathlib import Path

import boto3
import tomlkit  # SAM installs it.
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

SAMCONFIG = Path(__file__).resolve().parent.parent / "samconfig.toml"

CLASSIC = """\
`classic` runs on Amazon Bedrock Agents, which has been closed to new customers since 2026-07-30: AWS refuses to create
an agent in an account that has used none in the past 12 months. Nothing has been created yet. If that is your account,
choose PLATFORM=agentcore."""


def shown(text):
    """Text of a model or a service for a terminal. Line feeds and tabs stay; other control and invisible characters are
    removed."""
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    ignorable = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    is_selector = lambda c: "\u180b" <= c <= "\u180f" or "\ufe00" <= c <= "\ufe0f" or "\U000e0000" <= c <= "\U000e0fff"
    is_seen = lambda c: c in "\n\t" or not (unicodedata.category(c) in hidden or c in ignorable or is_selector(c))
    return "".join(filter(is_seen, text))


@cache
def configurations():
    """The options of `sam deploy` by configuration: `dev`, `dev-agentcore`, and so on."""
    read = tomlkit.parse(SAMCONFIG.read_text()).unwrap()
    tables = {name: commands for name, commands in read.items() if isinstance(commands, dict)}
    return {name: commands["deploy"]["parameters"] for name, commands in tables.items() if "deploy" in commands}


def configuration(environment, platform="classic"):
    name = environment if platform == "classic" else f"{environment}-agentcore"
    if name not in configurations():
        known = ", ".join(name for name in configurations() if not name.endswith("-agentcore"))
        sys.exit(f"samconfig.toml has no `{name}`: ENV is one of {known}; PLATFORM is classic or agentcore")
    return configurations()[name]


def client(environment, service):
    # A turn of several agents can take a minute or more.
    region = configuration(environment)["region"]
    return boto3.client(service, region_name=region, config=Config(read_timeout=300))


def stack(environment):
    return configuration(environment)["stack_name"]


def missing_issuer(parameters):
    """The missing parameters of what requires tokens (gateway, API, front door), as text for a message; empty if none is
    missing."""
    missing = [] if parameters.get("JwtDiscoveryUrl") else ["JwtDiscoveryUrl"]
    if not parameters.get("JwtAudience") and not parameters.get("JwtClient"):
        missing.append("JwtAudience or JwtClient")
    return " and ".join(missing)


def outputs(environment):
    (found,) = client(environment, "cloudformation").describe_stacks(StackName=stack(environment))["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def is_agreed(question):
    """Asks the user, or reads the variable CONFIRM if there is no terminal."""
    if sys.stdin.isatty():
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    print(f"{question} (no terminal: CONFIRM=yes goes on)")
    return os.environ.get("CONFIRM") == "yes"


def preflight(environment, platform):
    chosen = configuration(environment, platform)
    parameters = dict(one.split("=", 1) for one in chosen["parameter_overrides"] if "=" in one)
    takes_tokens = {("GatewayAuthorizer", "jwt"), ("McpApi", "on"), ("ChatAuth", "jwt")}
    if takes_tokens & parameters.items() and (missing := missing_issuer(parameters)):
        name = environment if platform == "classic" else f"{environment}-agentcore"
        sys.exit(
            f"`{name}` in samconfig.toml requires tokens but does not define which ones: "
            f"add {missing} to its parameter_overrides (docs/deploying.md, AgentCore)"
        )
    who = client(environment, "sts").get_caller_identity()
    print(f"account {who['Account']}, Region {chosen['region']}, as {who['Arn']}")
    if platform == "agentcore":
        return
    print(CLASSIC)
    agents = client(environment, "bedrock-agent").list_agents(maxResults=1)["agentSummaries"]
    if agents:
        print("This account has agents in this Region, so it is most likely one that may.")
    else:
        print("This account has no agents in this Region: expect a refusal, unless it used some in the past 12 months.")
    if not is_agreed("Deploy to classic?"):
        sys.exit("nothing was created")


def sam(environment, platform):
    """The command that deploys a configuration."""
    name = environment if platform == "classic" else f"{environment}-agentcore"
    return [Path(sys.executable).parent / "sam", "deploy", "--config-env", name]


def deploy(environment, platform):
    """Runs `sam deploy`, and a second time if the tables of a new stack must be protected."""
    subprocess.run(sam(environment, platform), check=True)
    protect(environment, platform)


def protect(environment, platform):
    """Protects the tables of a new stack from deletion, outside of dev."""
    if environment == "dev" or outputs(environment)["TableProtection"] == "on":
        return
    overrides = configuration(environment, platform)["parameter_overrides"]
    print("the stack exists: a second deployment now protects its tables from deletion and changes nothing else")
    # Nothing to look at, and a workflow has no terminal.
    command = [*sam(environment, platform), "--no-confirm-changeset", "--parameter-overrides", *overrides, "TableProtection=on"]
    subprocess.run(command, check=True)


def invoke(environment, text, agent=None, alias=None, session=None):
    session = session or str(uuid.uuid4())
    if not agent:
        there = outputs(environment)
        if harness := there.get("HarnessArn"):
            if "SupervisorAgentId" not in there:
                if "ChatUrl" in there and "ChatCallerPolicyArn" not in there:
                    sys.exit(f"the harness has no tools without a customer's token: send one to {there['ChatUrl']}")
                return ask_harness(environment, harness, there.get("HarnessEndpointName"), text, session)
        if "SupervisorAgentId" not in there:
            sys.exit(f"`{stack(environment)}` has no agent; its tools are at {there.get('GatewayUrl')}")
        agent, alias = there["SupervisorAgentId"], there["SupervisorAliasId"]
    runtime = client(environment, "bedrock-agent-runtime")
    answer = runtime.invoke_agent(agentId=agent, agentAliasId=alias, sessionId=session, inputText=text)
    for event in answer["completion"]:
        if "chunk" in event:
            print(shown(event["chunk"]["bytes"].decode(errors="replace")), end="")
        if asked := event.get("returnControl"):
            # JSON in ASCII, so that no argument can imitate other text.
            print(f"a person is asked to confirm: {json.dumps(asked['invocationInputs'], default=str)}", end="")
    print()


def ask_harness(environment, harness, endpoint, text, session):
    messages = [{"role": "user", "content": [{"text": text}]}]
    # Without its endpoint, a harness answers with its newest version.
    named = {"qualifier": endpoint} if endpoint else {}
    runtime = client(environment, "bedrock-agentcore")
    answer = runtime.invoke_harness(harnessArn=harness, runtimeSessionId=session, messages=messages, **named)
    for event in answer["stream"]:
        print(shown(event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")), end="", flush=True)
    print()


def delete(environment):
    name = stack(environment)
    if not is_agreed(f"Delete the stack `{name}`?"):
        sys.exit("nothing was deleted")
    formation, tables, buckets = (client(environment, service) for service in ("cloudformation", "dynamodb", "s3"))
    pages = formation.get_paginator("list_stack_resources").paginate(StackName=name)
    there = [resource for page in pages for resource in page["StackResourceSummaries"]]
    kept = [one["PhysicalResourceId"] for one in there if one["ResourceType"] == "AWS::DynamoDB::Table"]
    named = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in there}
    if documents := named.get("KnowledgeDocuments"):
        # CloudFormation deletes no bucket that has objects. The documents are in the repository.
        empty(buckets, documents)
    formation.delete_stack(StackName=name)
    formation.get_waiter("stack_delete_complete").wait(StackName=name)
    for table in kept:
        if environment == "dev":
            tables.delete_table(TableName=table)
        print(f"table {table} {'deleted' if environment == 'dev' else 'kept: it is protected, with all its data'}")
    if bucket := named.get("DigestBucket"):
        if environment == "dev":
            empty(buckets, bucket)
            buckets.delete_bucket(Bucket=bucket)
        print(f"bucket {bucket} {'deleted' if environment == 'dev' else 'kept, with all its data'}")


def empty(s3, bucket):
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        if keys := [{"Key": one["Key"]} for one in page.get("Contents", [])]:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("preflight", "deploy"):
        both = commands.add_parser(name)
        both.add_argument("environment")
        both.add_argument("platform", choices=["classic", "agentcore"])
    one = commands.add_parser("output")
    one.add_argument("environment")
    one.add_argument("name")
    ask = commands.add_parser("invoke")
    ask.add_argument("environment")
    ask.add_argument("text")
    for option in ("--agent", "--alias", "--session"):
        ask.add_argument(option)
    commands.add_parser("delete").add_argument("environment")
    chosen = parser.parse_args(arguments)
    match chosen.command:
        case "preflight":
            preflight(chosen.environment, chosen.platform)
        case "deploy":
            deploy(chosen.environment, chosen.platform)
        case "output":
            print(outputs(chosen.environment)[chosen.name])
        case "invoke":
            invoke(chosen.environment, chosen.text, chosen.agent, chosen.alias, chosen.session)
        case "delete":
            delete(chosen.environment)


def run(main):
    """Runs a command with the arguments of the process. An error of AWS or of another program is no traceback."""
    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    except NoCredentialsError:
        sys.exit("no AWS credentials were found: `aws configure sso` or `aws login`, or set AWS_PROFILE")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"AWS says: {shown(str(error))}")


if __name__ == "__main__":
    run(main)
