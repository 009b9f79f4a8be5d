"""Writes the parameters of each configuration in samconfig.toml, for the deployment of a build:

    release.py BUILD ARCHITECTURE OUT    for example .aws-sam/build arm64 .aws-sam/release

CloudFormation publishes a version of a Lambda function or an agent only if the template requests one. SAM does not
detect a changed parameter, and Bedrock creates a version only if the alias changes. Each function, agent and guardrail
therefore has a parameter `<logical id>Release` with a hash of all inputs of its version: its properties with every
parameter resolved, a function's code, and the identity of each resource that it refers to (another table under the same
logical id has another name in the function's environment).

All other parameters are written as well, with their defaults. `sam deploy` keeps the previous value of a parameter that
is not passed, so a line removed from samconfig.toml would change nothing, and a hash of its default would be wrong.
"""

import hashlib
import json
import re
import sys
from functools import cache
from pathlib import Path

import tomlkit  # SAM installs it.
import transform
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from samcli.cli.types import CfnParameterOverridesType

ROOT = Path(__file__).resolve().parent.parent
SUFFIX = "Release"
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html: properties of the function, not of a version
OUTSIDE_VERSIONS = {
    "AWS::Lambda::Function": {"Code", "CodeSigningConfigArn", "RecursiveLoop", "ReservedConcurrentExecutions", "Tags"},
    "AWS::Bedrock::Agent": {"AutoPrepare", "SkipResourceInUseCheckOnDelete", "Tags", "TestAliasTags"},
    "AWS::Bedrock::Guardrail": {"Tags"},
}
# Parameters that a deployment sets later: `cloud.py deploy` turns them on when the stack exists, and they keep their
# value.
KEPT = {"TableProtection"}


def digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]


def code(folder):
    """A hash of the files in a function's package."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        sys.exit(f"`{folder}` holds no code: run `make build`")
    return digest(*(f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files))


@cache
def identifying(kind):
    """The properties that identify a resource, or `None` if CloudFormation's schema is not available."""
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    except Exception:  # noqa: BLE001 - a schema may be missing for several reasons
        return None
    paths = schema.get("createOnlyProperties", []) + schema.get("conditionalCreateOnlyProperties", [])
    return {path.split("/")[2] for path in paths}


class Releases:
    """The releases of one deployment, from its decided template and the hash of each function's code."""

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
        """The properties as text, followed by the identity of each resource in them."""
        # If another resource refers to a release, the inputs of that release are used.
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
    """The logical ids and other names that a node of a decided template refers to."""
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
    """The value of every parameter except those in KEPT. `source` is the SAM template, `plain` the same after the
    transform."""
    plain = plain or transform.expand(source)
    decided = transform.Decided(plain, overrides)
    releases = Releases(decided.result(), code_of)
    values = {name: value for name, value in decided.values.items() if name not in KEPT - overrides.keys()}
    for name in transform.unreleased(plain):
        resource = name.removesuffix(SUFFIX)
        # A resource that does not exist on this platform has no release.
        values[name] = releases.of(resource) if resource in releases.resources else "notdeployed"
    return values


def configurations():
    """The values that samconfig.toml sets for each configuration, except for the file that this script writes."""
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
