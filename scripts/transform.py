"""Transforms template.yaml into plain CloudFormation as AWS would, without AWS.

A lint of the SAM template sees neither the output of the Serverless transform nor the generated schemas of
AWS::Include. This script applies both and writes, for cfn-lint:

- `all.json`, with its conditions (cfn-lint evaluates both branches of each by itself), and
- one template per platform and environment, with all parameters and conditions resolved.

    python scripts/transform.py DIR && cfn-lint DIR/*.json
"""

import copy
import json
import os
import re
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).resolve().parent.parent
MANAGED = {
    "AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    "AWSXrayWriteOnlyAccess": "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
}
TOKENS = {
    "GatewayAuthorizer": "jwt",
    "McpApi": "on",
    "JwtDiscoveryUrl": "https://login.example.com/.well-known/openid-configuration",
}
# The callers differ by environment, so that each authorizer is covered: IAM with a harness and without an HTTP API,
# tokens for an audience, tokens of a client whose person is asked. The front door admits a backend, customers, and does
# not exist. The options differ as well.
DOORS = {
    "dev": {"GatewayCallerRole": "desk-backend", "ChatAuth": "iam", "Digest": "on"},
    "staging": {
        **TOKENS, "JwtAudience": "support-desk", "AlarmEmail": "desk@example.com", "SessionCallBudget": "100",
        "ApprovalsEmail": "approvers@example.com", "Digest": "on", "ChatAuth": "jwt", "ChatOrigin": "https://desk.example.com",
    },
    "prod": {
        **TOKENS, "JwtClient": "desk-app", "AlarmEmail": "desk@example.com", "TableProtection": "on",
        "GatewayTraces": "on", "McpElicit": "trusted",
    },
}
VARIANTS = {
    f"{platform}-{environment}": {"AgentPlatform": platform, "Environment": environment, **door}
    for platform in ("classic", "agentcore", "both")
    for environment, door in DOORS.items()
}


def include(node, folder=ROOT):
    """Replaces each AWS::Include by the named file."""
    if isinstance(node, list):
        return [include(item, folder) for item in node]
    if not isinstance(node, dict):
        return node
    macro = node.get("Fn::Transform")
    if isinstance(macro, dict) and macro.get("Name") == "AWS::Include":
        included = yaml_parse((folder / macro["Parameters"]["Location"]).read_text())
        rest = {key: value for key, value in node.items() if key != "Fn::Transform"}
        return {**include(rest, folder), **included}
    return {key: include(value, folder) for key, value in node.items()}


def read(folder=ROOT):
    """The SAM template with its included files, in the form that `sam package` produces: its code is in a bucket."""
    template = include(yaml_parse((folder / "template.yaml").read_text()), folder)
    template["Globals"]["Function"]["CodeUri"] = "s3://a-bucket/function.zip"
    return template


def unreleased(template):
    """The release parameters, each with its own name in place of a hash."""
    return {name: name for name in template["Parameters"] if name.endswith("Release")}


def expand(template=None, values=None):
    """The template after its transforms, with all its conditions. As in CloudFormation, the transform uses the values
    of parameters but resolves no other reference."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # The translator requires a Region.
    # The translator modifies its input.
    template = copy.deepcopy(template) if template else read()
    translator = Translator(MANAGED, Parser())
    plain = translator.translate(template, {**unreleased(template), **(values or {})})
    translator.metrics.publish()  # Without this call the translator logs a warning. Nothing is sent.
    # Converts Python objects, some of them shared, to plain data.
    return json.loads(json.dumps(plain))


class Decided:
    """A template with parameter values: its conditions are evaluated, and resources that do not exist are removed."""

    def __init__(self, template, values):
        self.template = template
        declared = template.get("Parameters", {})
        unknown = values.keys() - declared.keys()
        assert not unknown, f"the template has no parameters {sorted(unknown)}"
        values = {**unreleased(template), **values}
        self.values = {name: str(values.get(name, body.get("Default"))) for name, body in declared.items()}
        for name, body in declared.items():
            value = self.values[name]
            assert value in map(str, body.get("AllowedValues", [value])), f"{name}={value}"
            assert re.fullmatch(body.get("AllowedPattern", ".*"), value), f"{name}={value}"
            assert len(value) <= int(body.get("MaxLength", len(value))), f"{name}={value}"

    def holds(self, condition):
        if isinstance(condition, str):
            return self.holds(self.template["Conditions"][condition])
        ((kind, argument),) = condition.items()
        if kind == "Condition":
            return self.holds(argument)
        if kind == "Fn::Equals":
            left, right = (self.decide(side) for side in argument)
            return str(left) == str(right)
        results = [self.holds(part) for part in argument]
        return {"Fn::Not": not any(results), "Fn::And": all(results), "Fn::Or": any(results)}[kind]

    def decide(self, node):
        if isinstance(node, list):
            items = [self.decide(item) for item in node]
            return [item for item in items if item != {"Ref": "AWS::NoValue"}]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((kind, argument),) = node.items()
            if kind == "Fn::If":
                name, yes, no = argument
                return self.decide(yes if self.holds(name) else no)
            if kind == "Ref" and argument in self.values:
                return self.values[argument]
            if kind == "Fn::FindInMap":
                first, second, third = (self.decide(key) for key in argument)
                return self.template["Mappings"][first][second][third]
            if kind == "Fn::Sub":
                return self.substitute(argument)
            if kind == "Fn::Split":
                separator, whole = (self.decide(part) for part in argument)
                return whole.split(separator) if isinstance(whole, str) else {kind: [separator, whole]}
            if kind == "Fn::Select":
                index, items = self.decide(argument)
                return items[int(index)] if isinstance(items, list) else {kind: [index, items]}
            if kind == "Fn::Join":
                separator, parts = argument[0], self.decide(argument[1])
                texts = isinstance(parts, list) and all(isinstance(part, str) for part in parts)
                return separator.join(parts) if texts else {kind: [separator, parts]}
        members = {key: self.decide(value) for key, value in node.items()}
        return {key: value for key, value in members.items() if value != {"Ref": "AWS::NoValue"}}

    def substitute(self, argument):
        """Replaces known values. Values that only AWS has stay."""
        text, names = argument if isinstance(argument, list) else (argument, {})
        left = {}
        for name, value in names.items():
            match self.decide(value):
                case str(known):
                    text = text.replace("${" + name + "}", known)
                case {"Ref": resource}:
                    text = text.replace("${" + name + "}", "${" + resource + "}")
                case {"Fn::Sub": str(inner)}:
                    text = text.replace("${" + name + "}", inner)
                case unknown:
                    left[name] = unknown
        text = re.sub(r"\$\{([^!}]+)\}", lambda match: self.values.get(match[1], match[0]), text)
        if "${" not in text:
            return text
        return {"Fn::Sub": [text, left] if left else text}

    def result(self):
        plain = {key: self.template[key] for key in ("AWSTemplateFormatVersion", "Description") if key in self.template}
        for section in ("Resources", "Outputs"):
            there = {
                name: {key: value for key, value in body.items() if key != "Condition"}
                for name, body in copy.deepcopy(self.template[section]).items()
                if "Condition" not in body or self.holds(body["Condition"])
            }
            plain[section] = self.decide(there)
        return plain


def decided(template=None):
    """All variants by name."""
    template = template or expand()
    return {name: Decided(template, values).result() for name, values in VARIANTS.items()}


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: transform.py OUT_DIR [PROJECT]")
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    if len(sys.argv) == 3:
        # another project, without the example's variants
        (out / "all.json").write_text(json.dumps(expand(read(Path(sys.argv[2])), {"Release": "abc"}), indent=1))
        sys.exit()
    template = expand()
    variants = decided(template)
    # The transform has already applied these: they are the functions' versions now.
    text = json.dumps([template["Resources"], template["Outputs"]])
    used_up = [name for name in unreleased(template) if f'"{name}"' not in text and f"${{{name}}}" not in text]
    plain = {**template, "Parameters": {k: v for k, v in template["Parameters"].items() if k not in used_up}}
    for name, plain in {"all": plain, **variants}.items():
        (out / f"{name}.json").write_text(json.dumps(plain, indent=1))
