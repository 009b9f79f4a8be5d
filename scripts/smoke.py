"""Asks a deployed stack a fixed set of questions, and prints a line for each. It changes nothing.

    smoke.py ENV PLATFORM    exit code 1 if a check failed

It reads what the stack has and asks all of it. Functions are called through their alias, as an agent or the gateway
calls them, for a customer that does not exist (scripts/questions.py). With tokens, a gateway is asked for its tools only
if SMOKE_TOKEN has a user's token; without one it must refuse.
"""

import argparse
import os
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from questions import OTHERS, READS, WIRES, answered, get, post, refused, replied, tools

import cloud
from cloud import client, configuration, outputs, run, shown, stack
from rollback import is_number, resources

# Tables whose items expire.
EXPIRING = {"LedgerTable": "expiresAt", "ApprovalsTable": "expiresAt", "DigestTable": "expiresAt"}
OK, FAILED, SKIPPED = "ok", "FAILED", "skipped"
REFUSED = (401, 403)


class Smoke:
    """One run: the stack, what is in it, and the lines so far."""

    def __init__(self, environment, platform):
        self.environment, self.platform = environment, platform
        self.lines = []
        self.there, self.outputs = {}, {}

    def of(self, kind):
        """The physical ids of a type, by logical id."""
        return {name: physical for name, (its, physical) in sorted(self.there.items()) if its == kind}

    def client(self, service):
        return client(self.environment, service)

    def note(self, state, what, detail=""):
        self.lines.append((state, what))
        print(shown(f"{state:8}{what}{': ' if detail else ''}{detail}"), flush=True)

    def check(self, what, ask):
        """Runs one check. `ask` returns the problem, or `None`."""
        try:
            problem = ask()
        except (BotoCoreError, ClientError) as error:
            problem = f"AWS says: {error}"
        except (OSError, ValueError, KeyError, TypeError) as error:
            problem = str(error) or type(error).__name__
        self.note(FAILED if problem else OK, what, problem or "")

    def run(self):
        self.check(f"stack `{stack(self.environment)}`", self.stack)
        if not self.there:
            return 1
        for part in (self.functions, self.streams, self.tables, self.knowledge, self.alarms, self.agents, self.gateway, self.harness,
                     self.api):
            part()
        failed = sum(state == FAILED for state, _ in self.lines)
        print(f"{len(self.lines)} checks: {failed} failed, {sum(state == SKIPPED for state, _ in self.lines)} skipped")
        return 1 if failed else 0

    def stack(self):
        (found,) = self.client("cloudformation").describe_stacks(StackName=stack(self.environment))["Stacks"]
        self.there, self.outputs = resources(self.environment), outputs(self.environment)
        status = found["StackStatus"]
        # The last deployment was undone, or is not done.
        return None if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE") else f"it is {status}"

    # Functions.

    def functions(self):
        functions = self.client("lambda")
        for logical_id, arn in self.of("AWS::Lambda::Alias").items():
            name = logical_id.removesuffix("Aliaslive").removesuffix("Function").lower()
            self.check(f"function {name}", lambda arn=arn: live(functions, arn))
            if name in OTHERS:
                self.check(f"function {name} replies", lambda arn=arn, name=name: replied(functions, arn, name))
            if name not in READS:
                continue
            for wire in WIRES[self.platform]:
                self.check(f"function {name} reads on the {wire} wire",
                           lambda arn=arn, name=name, wire=wire: answered(functions, arn, name, wire))
            if self.environment != "dev":
                wire = WIRES[self.platform][0]
                # The help articles are for everybody.
                if name != "support":
                    self.check(f"function {name} refuses a call without a customer",
                               lambda arn=arn, name=name, wire=wire: refused(functions, arn, name, wire, None))
                self.check(f"function {name} refuses the direct wire",
                           lambda arn=arn, name=name: refused(functions, arn, name, "direct", None))

    def streams(self):
        functions = self.client("lambda")
        for name, uuid in self.of("AWS::Lambda::EventSourceMapping").items():
            self.check(f"stream {name}", lambda uuid=uuid: unless(
                functions.get_event_source_mapping(UUID=uuid)["State"], "Enabled"))

    # Tables.

    def tables(self):
        tables = self.client("dynamodb")
        for name, table in self.of("AWS::DynamoDB::Table").items():
            self.check(f"table {name}", lambda name=name, table=table: self.table(tables, name, table))
        if approvals := self.outputs.get("ApprovalsTableName"):
            # No item has this key, so nobody's call is read.
            self.check("approvals can be read", lambda: None if tables.get_item(
                TableName=approvals, Key={"id": {"S": "smoke#none"}}) else "no reply")

    def table(self, tables, name, table):
        body = tables.describe_table(TableName=table)["Table"]
        if body["TableStatus"] != "ACTIVE":
            return f"it is {body['TableStatus']}"
        backups = tables.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
        if recovery != "ENABLED":
            return "it has no point-in-time recovery"
        expiry = tables.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if name in EXPIRING and (expiry["TimeToLiveStatus"] not in ("ENABLED", "ENABLING")
                                 or expiry.get("AttributeName") != EXPIRING[name]):
            return f"its items do not expire by `{EXPIRING[name]}`"
        if self.environment != "dev" and not body.get("DeletionProtectionEnabled"):
            return "it is not protected from deletion: `make deploy` turns that on"
        return None

    # The help articles.

    def knowledge(self):
        for name, base in self.of("AWS::Bedrock::KnowledgeBase").items():
            self.check(f"knowledge base {name}", lambda base=base: self.base(base))

    def base(self, base):
        api = self.client("bedrock-agent")
        if problem := unless(api.get_knowledge_base(knowledgeBaseId=base)["knowledgeBase"]["status"], "ACTIVE"):
            return problem
        newest = {"attribute": "STARTED_AT", "order": "DESCENDING"}
        source = self.outputs["KnowledgeSourceId"]
        jobs = api.list_ingestion_jobs(knowledgeBaseId=base, dataSourceId=source, sortBy=newest, maxResults=1)["ingestionJobSummaries"]
        if not jobs:
            return "it has no documents yet: make ingest"
        return unless(jobs[0]["status"], "COMPLETE")

    # Alarms.

    def alarms(self):
        names = self.of("AWS::CloudWatch::Alarm")
        if not names:
            return self.note(FAILED, "alarms", "the stack has none")
        pages = self.client("cloudwatch").get_paginator("describe_alarms")
        asked = list(names.values())
        states = {}

        def read():
            for at in range(0, len(asked), 100):
                for page in pages.paginate(AlarmNames=asked[at:at + 100]):
                    states.update({one["AlarmName"]: one["StateValue"] for one in page["MetricAlarms"]})

        self.check("alarms can be read", read)
        for logical_id, name in names.items():
            state = states.get(name, "missing")
            self.note(FAILED if state in ("ALARM", "missing") else OK, f"alarm {logical_id}", state)

    # Classic.

    def agents(self):
        aliases = self.of("AWS::Bedrock::AgentAlias")
        if self.platform == "classic" and not aliases:
            self.note(FAILED, "agents", "the stack has none")
        for name, physical in aliases.items():
            self.check(f"agent {name.removesuffix('Alias')}", lambda physical=physical: self.agent(*physical.split("|")))
        if aliases:
            self.note(SKIPPED, "a conversation", "it costs tokens: make invoke")

    def agent(self, agent, alias):
        api = self.client("bedrock-agent")
        found = api.get_agent_alias(agentId=agent, agentAliasId=alias)["agentAlias"]
        if found["agentAliasStatus"] != "PREPARED":
            return f"its alias is {found['agentAliasStatus']}"
        if found.get("aliasInvocationState") == "REJECT_INVOCATIONS":
            return "its alias rejects invocations"
        version = (found.get("routingConfiguration") or [{}])[0].get("agentVersion", "")
        if not is_number(version):
            return f"its alias is at `{version}`, which is not a numbered version"
        groups = api.list_agent_action_groups(agentId=agent, agentVersion=version)["actionGroupSummaries"]
        others = api.list_agent_collaborators(agentId=agent, agentVersion=version)["agentCollaboratorSummaries"]
        if not [one for one in groups if one["actionGroupState"] == "ENABLED"] and not others:
            return f"version {version} has neither tools nor collaborators"
        return None

    # AgentCore.

    def gateway(self):
        gateway = self.outputs.get("GatewayId")
        if not gateway:
            if self.platform == "agentcore":
                self.note(FAILED, "gateway", "the stack has none")
            return
        api, url = self.client("bedrock-agentcore-control"), self.outputs["GatewayUrl"]
        found = {}

        def read():
            found.update(api.get_gateway(gatewayIdentifier=gateway))
            return unless(found["status"], "READY")

        self.check("gateway", read)
        self.check("gateway has its targets", lambda: targets(api, gateway))
        self.check("gateway refuses a caller without credentials", lambda: unless_refused(post(url, "tools/list")[0]))
        if found.get("authorizerType") == "CUSTOM_JWT":
            if not (token := os.environ.get("SMOKE_TOKEN")):
                return self.note(SKIPPED, "gateway lists its tools", "it needs a user's token in SMOKE_TOKEN")
            return self.check("gateway lists its tools", lambda: listed(tools(url, {"Authorization": f"Bearer {token}"})))
        try:
            names = tools(url, sign=self.signed)
        except (OSError, ValueError) as error:
            return self.note(FAILED, "gateway lists its tools", str(error))
        if not names:
            return self.note(SKIPPED, "gateway lists its tools", "its policies permit none to this caller")
        return self.note(OK, "gateway lists its tools", str(len(names)))

    def signed(self, url, data, headers):
        """The headers with a signature of the caller's credentials."""
        credentials = cloud.boto3.Session().get_credentials()
        if not credentials:
            raise ValueError("no AWS credentials were found")
        request = AWSRequest("POST", url, headers, data)
        SigV4Auth(credentials, "bedrock-agentcore", configuration(self.environment)["region"]).add_auth(request)
        return dict(request.headers)

    def harness(self):
        for name, arn in self.of("AWS::BedrockAgentCore::HarnessEndpoint").items():
            _, harness, _, endpoint = arn.rsplit("/", 3)
            self.check(f"harness {name}", lambda harness=harness, endpoint=endpoint: self.endpoint(harness, endpoint))
            self.note(SKIPPED, "a conversation", "it costs tokens: make invoke")

    def endpoint(self, harness, name):
        api = self.client("bedrock-agentcore-control")
        found = api.get_harness_endpoint(harnessId=harness, endpointName=name)["endpoint"]
        if found["status"] != "READY":
            return f"it is {found['status']}"
        return None if is_number(found.get("liveVersion")) else "it is at no version"

    # MCP without a gateway.

    def api(self):
        if not (url := self.outputs.get("McpApiUrl")):
            return

        def metadata():
            status, found = get(f"{url}/.well-known/oauth-protected-resource")
            return None if status == 200 and (found or {}).get("authorization_servers") else f"status {status}"

        self.check("MCP names its issuer", metadata)
        for group in sorted(READS):
            self.check(f"MCP of {group} refuses a caller without a token",
                       lambda group=group: unless_refused(post(f"{url}/{group}/mcp", "tools/list")[0]))


def live(functions, alias):
    """The version behind an alias can be called."""
    version = functions.get_function_configuration(FunctionName=alias)
    if not is_number(version["Version"]):
        return f"its alias is at `{version['Version']}`"
    problem = unless(version.get("State", "Active"), "Active")
    return problem or unless(version.get("LastUpdateStatus", "Successful"), "Successful")


def targets(api, gateway):
    pages = api.get_paginator("list_gateway_targets").paginate(gatewayIdentifier=gateway)
    states = {one["name"]: one["status"] for page in pages for one in page["items"]}
    wrong = [f"{name} is {states.get(name, 'missing')}" for name in sorted(READS) if states.get(name) != "READY"]
    return ", ".join(wrong) or None


def listed(names):
    return None if names else "it lists none to this token"


def unless(state, wanted):
    return None if state == wanted else f"it is {state}"


def unless_refused(status):
    return None if status in REFUSED else f"it answers with status {status}"


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environment")
    parser.add_argument("platform", choices=["classic", "agentcore"])
    chosen = parser.parse_args(arguments)
    return Smoke(chosen.environment, chosen.platform).run()


if __name__ == "__main__":
    run(main)
