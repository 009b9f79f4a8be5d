"""The template as it would be deployed, once per platform and environment."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import transform  # noqa: E402

REGION, ACCOUNT = "us-east-1", "123456789012"
AGENT_ID = "AAAAAAAAAA"
BEDROCK = f"arn:aws:bedrock:{REGION}:{ACCOUNT}"
AGENTCORE = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}"
# Example values in the formats of AWS.
ATTRIBUTES = {
    "AgentId": AGENT_ID,
    "AgentArn": f"{BEDROCK}:agent/{AGENT_ID}",
    "AgentAliasArn": f"{BEDROCK}:agent-alias/{AGENT_ID}/BBBBBBBBBB",
    "AgentAliasId": "BBBBBBBBBB",
    "GuardrailId": "abcdefghij01",
    "GuardrailArn": f"{BEDROCK}:guardrail/abcdefghij01",
    "Version": "1",
    "GatewayArn": f"{AGENTCORE}:gateway/support-desk-abcdefghij",
    "GatewayIdentifier": "support-desk-abcdefghij",
    "GatewayUrl": "https://support-desk-abcdefghij.gateway.bedrock-agentcore.us-east-1.amazonaws.com/mcp",
    "PolicyEngineArn": f"{AGENTCORE}:policy-engine/support_desk-abcdefghij",
    "PolicyEngineId": "support_desk-abcdefghij",
    "HarnessId": "support_desk_dev-abcdefghij",
}
PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}


class Deployed:
    """One variant, with plausible values in place of those that only AWS has."""

    def __init__(self, name, template):
        self.name = name
        self.resources = template["Resources"]

    def of(self, kind):
        """The properties of all resources of a type, by logical id."""
        found = {key: body for key, body in self.resources.items() if body["Type"] == kind}
        return {key: self.fill(body.get("Properties", {})) for key, body in found.items()}

    def fill(self, node):
        match node:
            case {"Ref": name}:
                return self.reference(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return self.attribute(name, attribute)
            case {"Fn::Sub": [text, names]}:
                return self.substitute(text, self.fill(names))
            case {"Fn::Sub": text}:
                return self.substitute(text, {})
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self.fill(parts))
            case dict():
                assert not any(key.startswith("Fn::") for key in node), node
                return {key: self.fill(value) for key, value in node.items()}
            case list():
                return [self.fill(value) for value in node]
            case _:
                return node

    def reference(self, name):
        if name in PSEUDO:
            return PSEUDO[name]
        kind = self.resources[name]["Type"]
        function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
        return {"AWS::Lambda::Alias": f"{function}:{name}:live", "AWS::S3::Bucket": name.lower()}.get(kind, name)

    def attribute(self, name, attribute):
        kind = self.resources[name]["Type"]
        if attribute in ("StreamArn", "QueueName"):
            table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"
            return {"StreamArn": f"{table}/stream/2026-11-30T00:00:00.000", "QueueName": name}[attribute]
        if attribute == "Arn":
            of = {
                "AWS::BedrockAgentCore::Harness": f"{AGENTCORE}:harness/support_desk_dev-abcdefghij",
                "AWS::BedrockAgentCore::HarnessEndpoint":
                    f"{AGENTCORE}:harness/support_desk_dev-abcdefghij/harness-endpoint/dev",
                "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}",
                "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}",
                "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
                "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*",
                "AWS::Logs::DeliveryDestination": f"arn:aws:logs:{REGION}:{ACCOUNT}:delivery-destination:{name}",
                "AWS::S3::Bucket": f"arn:aws:s3:::{name.lower()}",
                "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
                "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
                "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}",
            }
            return of[kind]
        return ATTRIBUTES[attribute]

    def substitute(self, text, names):
        for name, value in {**PSEUDO, **names}.items():
            text = text.replace("${" + name + "}", value)
        while "${" in text:
            name = text.split("${", 1)[1].split("}", 1)[0]
            resource, _, attribute = name.partition(".")
            value = self.attribute(resource, attribute) if attribute else self.reference(resource)
            text = text.replace("${" + name + "}", value)
        return text


VARIANTS = {name: Deployed(name, template) for name, template in sorted(transform.decided().items())}
