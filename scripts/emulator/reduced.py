"""The template without resources that the emulator does not support: Bedrock, AgentCore, S3 Vectors, alarms by metric math,
policies apart from their role, and all references to them. The mapping of the stream is removed too. A function keeps a
made-up id and ARN of the knowledge base, which nobody can ask here.

Conditions on `dynamodb:LeadingKeys`, `dynamodb:Attributes` and `events:source` are removed as well, because the emulator
does not support these keys and would refuse every request. test_keys.py evaluates the recorded requests against the
complete policies.
"""

import json
import re

# Services whose resources the emulator cannot create.
# The mapping of a stream would call its function while a test records the requests of another one.
LACKING = ("AWS::Bedrock::", "AWS::BedrockAgentCore::", "AWS::IAM::RolePolicy", "AWS::Lambda::EventSourceMapping", "AWS::Logs::Delivery",
           "AWS::S3Vectors::")
KNOWLEDGE_BASE = {"KnowledgeBaseId": "KB00000001",
                  "KnowledgeBaseArn": "arn:aws:bedrock:us-east-1:123456789012:knowledge-base/KB00000001"}


def reduced(template, code_of):
    """A copy. `template` is the template as SAM reads it, `code_of` maps a logical id to the function's folder."""
    template = json.loads(json.dumps(template))
    resources = template["Resources"]
    for name, one in resources.items():
        if one["Type"] == "AWS::Serverless::Function":
            resources[name] = with_base(one)
    gone = {name for name, one in resources.items() if lacking(one)}
    while more := {name for name, one in resources.items() if name not in gone and references(one["Properties"]) & gone}:
        gone |= more
    for name in gone:
        del resources[name]
    for name, one in resources.items():
        assert not set(as_list(one.get("DependsOn", []))) & gone, name
        if one["Type"] == "AWS::Serverless::Function":
            one["Properties"]["CodeUri"] = code_of(name)
            # The code is already built.
            one.pop("Metadata", None)
            for policy in one["Properties"].get("Policies", []):
                unconditional(policy)
        elif one["Type"] == "AWS::IAM::ManagedPolicy":
            unconditional(one["Properties"]["PolicyDocument"])
    template["Outputs"] = {name: one for name, one in template["Outputs"].items() if not references(one) & gone}
    del template["Globals"]["Function"]["CodeUri"]
    return template


def lacking(resource):
    kind, properties = resource["Type"], resource["Properties"]
    # A schedule would call its function in the middle of a test, as a stream would.
    others = {"AWS::CloudWatch::Alarm": "Metrics", "AWS::Events::Rule": "ScheduleExpression"}
    return kind.startswith(LACKING) or others.get(kind) in properties


def with_base(node):
    """A copy with the made-up attributes of the knowledge base."""
    match node:
        case {"Fn::GetAtt": ["KnowledgeBase", attribute]}:
            return KNOWLEDGE_BASE[attribute]
        case {"Fn::GetAtt": str(name)} if name.startswith("KnowledgeBase."):
            return KNOWLEDGE_BASE[name.split(".")[1]]
        case dict():
            return {key: with_base(value) for key, value in node.items()}
        case list():
            return [with_base(value) for value in node]
    return node


def as_list(value):
    return value if isinstance(value, list) else [value]


def references(node):
    """The logical ids that a node of the template refers to."""
    if isinstance(node, list):
        return set().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    found = set().union(*map(references, node.values()))
    match node:
        case {"Ref": str(name)}:
            found.add(name.split(".")[0])
        case {"Fn::GetAtt": [str(name), *_]} | {"Fn::GetAtt": str(name)}:
            found.add(name.split(".")[0])
        case {"Fn::Sub": text}:
            text = text if isinstance(text, str) else text[0]
            found |= {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text)}
    return found


def unconditional(node):
    """Removes the conditions on leading keys and on the source of events, in place."""
    if isinstance(node, list):
        for item in node:
            unconditional(item)
    elif isinstance(node, dict):
        condition = json.dumps(node.get("Condition", {}))
        if any(key in condition for key in ("dynamodb:LeadingKeys", "dynamodb:Attributes", "events:source")):
            del node["Condition"]
        for value in node.values():
            unconditional(value)
