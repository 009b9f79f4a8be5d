"""Writes the parameters of each configuration in samconfig.toml, as it would be deployed with what was built:

    release.py BUILD ARCHITECTURE OUT    such as .aws-sam/build arm64 .aws-sam/release

A Lambda version and an agent's version are cut only when something in the template asks for one. SAM does not see that a
parameter has changed, and Bedrock cuts a version only when the alias changes. So each function, agent and guardrail has a
parameter `<logical id>Release` with a hash of all that its version is made of: its properties with every parameter
resolved, for a function its code, and what identifies each resource that it refers to (another table under the same
logical id is another name in the function's environment).

All other parameters are written too, with their defaults: `sam deploy` keeps the previous value of one that it is not
given, so a line taken out of samconfig.toml would change nothing, and a hash of its default would be wrong.
"""

import hashlib
import json
import re
import sys
from functools import cache
from pathlib import Path

import tomlkit  # it comes with SAM
import transform
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from samcli.cli.types import CfnParameterOverridesType

ROOT = Path(__file__).resolve().parent.parent
SUFFIX = "Release"
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html: these are the function's, not a version's
OUTSIDE_VERSIONS = {
    "AWS::Lambda::Function": {"Code", "CodeSigningConfigArn", "RecursiveLoop", "ReservedConcurrentExecutions", "Tags"},
    "AWS::Bedrock::Agent": {"AutoPrepare", "SkipResourceInUseCheckOnDelete", "Tags", "TestAliasTags"},
    "AWS::Bedrock::Guardrail": {"Tags"},
}
# What a deployment decides later: `cloud.py deploy` turns it on when the stack is there, and it stays as it is.
KEPT = {"TableProtection"}


def digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]


def code(folder):
    """A hash of what a function's package holds."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        sys.exit(f"`{folder}` holds no code: run `make build`")
    return digest(*(f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files))


@cache
def identifying(kind):
    """The properties without which a resource would be another one, or `None` where CloudFormation's schema is unknown."""
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    except Exception:  # noqa: BLE001 - one for each way in which a schema may be missing
        return None
    paths = schema.get("createOnlyProperties", []) + schema.get("conditionalCreateOnlyProperties", [])
    return {path.split("/")[2] for path in paths}


class Releases:
    """The releases of one deployment: its decided template, and the hash of each function's code."""

    def __init__(self, template, code_of):
        self.resources = template["Resources"]
        self.code_of = code_of

    def of(self, name):
        resource = self.resources[name]
        kind, properties = resource["Type"], resource.get("Properties", {})
        own = {key: value for key, value in properties.items() if key not in OUTSIDE_VERSIONS.get(kind, set())}
        parts = [self.described(name, own, set())]
        if kind == "AWS::Lambda::Function":
            parts.append(self.code_of(name))
        return digest(*parts)

    def described(self, name, properties, seen):
        """The properties as text, then what identifies each resource in them."""
        # a release that another resource names stands for what it was made of
        seen = seen | {name, f"{name}{SUFFIX}"}
        parts = [json.dumps(properties, sort_keys=True)]
        for other in sorted(references(properties) & self.resources.keys() - seen):
            resource = self.resources[other]
            known = identifying(resource["Type"])
            there = resource.get("Properties", {})
            kept = {key: value for key, value in there.items() if known is None or key in known}
            parts.append(f"{other} {resource['Type']} {self.described(other, kept, seen)}")
        for release in sorted(set(re.findall(rf"\b(\w+){SUFFIX}\b", parts[0])) & self.resources.keys()):
            if f"{release}{SUFFIX}" not in seen:
                parts.append(f"{release}{SUFFIX} {self.of(release)}")
        return "\n".join(parts)


def references(node):
    """The logical ids, and other names, that a decided template's node refers to."""
    if isinstance(node, list):
        return set().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    found = set().union(*map(references, node.values()))
    match node:
        case {"Ref": str(name)}:
            found.add(name)
        case {"Fn::GetAtt": [str(name), *_]}:
            found.add(name)
        case {"Fn::Sub": text}:
            text = text if isinstance(text, str) else text[0]
            found |= {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text)}
    return found


def parameters(source, overrides, code_of, plain=None):
    """Every parameter's value, but those that a deployment keeps: `source` is the SAM template, `plain` the same
    transformed."""
    plain = plain or transform.expand(source)
    decided = transform.Decided(plain, overrides)
    releases = Releases(decided.result(), code_of)
    values = {name: value for name, value in decided.values.items() if name not in KEPT - overrides.keys()}
    for name in transform.unreleased(plain):
        resource = name.removesuffix(SUFFIX)
        # what does not exist on this platform has nothing to release
        values[name] = releases.of(resource) if resource in releases.resources else "notdeployed"
    return values


def configurations():
    """What samconfig.toml sets for each configuration, apart from the file that this writes."""
    read = tomlkit.parse((ROOT / "samconfig.toml").read_text()).unwrap()
    for name, commands in read.items():
        if isinstance(commands, dict) and "deploy" in commands:
            given = commands["deploy"]["parameters"]["parameter_overrides"]
            own = tuple(one for one in given if not one.startswith("file://.aws-sam/"))
            yield name, CfnParameterOverridesType().convert(own, None, None)


def main(build, architecture, out):
    source = transform.read()
    plain = transform.expand(source)
    hashes = cache(lambda name: code(Path(build) / name))
    Path(out).mkdir(parents=True, exist_ok=True)
    for name, overrides in configurations():
        values = parameters(source, {**overrides, "Architecture": architecture}, hashes, plain)
        lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items())
        (Path(out) / f"{name}.yaml").write_text(lines)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: release.py BUILD ARCHITECTURE OUT")
    main(*sys.argv[1:])
