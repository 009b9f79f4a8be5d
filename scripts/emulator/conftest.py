"""A copy of the project, built for this machine and deployed by `sam` to an emulator of AWS on the loopback interface.

The emulator is MiniStack, from PyPI, with IAM on. It runs as a separate process from its own virtual environment. All
tools and the deployed functions use it as their endpoint, so no request leaves the machine.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "scripts" / "offline")]

from reduced import reduced  # noqa: E402
from tap import Tap  # noqa: E402

EMULATOR = Path(os.environ.get("EMULATOR", ROOT / ".venv-emulator" / "bin" / "ministack"))
BINARIES = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
REGION = "us-east-1"
ROOT_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
ISSUER = ["JwtDiscoveryUrl=https://login.example.com/.well-known/openid-configuration", "JwtAudience=desk"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cloud:
    """The emulator, and the project that is deployed to it."""

    def __init__(self, url, folder, tap):
        self.url, self.folder, self.tap = url, folder, tap
        # Without these a tool would look for a real account.
        clean = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        self.environment = {**clean, **ROOT_KEYS, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": url,
                            "AWS_EC2_METADATA_DISABLED": "true", "SAM_CLI_TELEMETRY": "0", "CONFIRM": "yes"}

    def client(self, service):
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="test",
                            aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}, read_timeout=120))

    def run(self, *command, check=True):
        done = subprocess.run([*map(str, command)], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=300)
        if check and done.returncode:
            lines = [line for line in (done.stdout + done.stderr).splitlines() if "Uploading to" not in line]
            pytest.fail(f"{' '.join(map(str, command))}\n" + "\n".join(lines[-60:]))
        return done

    def build(self):
        """The result of `make build`, with the functions' code already in place."""
        self.run(sys.executable, "scripts/release.py", ".aws-sam/build", "x86_64", ".aws-sam/release")

    def cloud(self, *arguments, check=True):
        return self.run(sys.executable, "scripts/cloud.py", *arguments, check=check)

    def deploy(self, environment, platform, check=True):
        """The last step of `make deploy`. AWS passes the values of the parameters to the transform. The emulator passes
        only their defaults, so these are set to the values."""
        self.as_aws(environment, platform)
        return self.cloud("deploy", environment, platform, check=check)

    def changes(self, command, environment, platform, *arguments, check=True):
        self.as_aws(environment, platform)
        return self.run(sys.executable, "scripts/changes.py", command, environment, platform, *arguments, check=check)

    def as_aws(self, environment, platform):
        """Sets the defaults of the parameters to the values of a deployment."""
        name = environment if platform == "classic" else f"{environment}-agentcore"
        values = yaml_parse((self.folder / ".aws-sam" / "release" / f"{name}.yaml").read_text())
        path = self.folder / ".aws-sam" / "build" / "template.yaml"
        template = json.loads(path.read_text())
        for parameter, value in values.items():
            template["Parameters"][parameter]["Default"] = value
        path.write_text(json.dumps(template, indent=1))

    def set(self, name, *parameters):
        """Sets parameters of a configuration in samconfig.toml, as a user would write them."""
        path = self.folder / "samconfig.toml"
        lines = path.read_text().splitlines()
        at = lines.index(f"[{name}.deploy.parameters]")
        line = next(index for index in range(at, len(lines)) if lines[index].startswith("parameter_overrides"))
        lines[line] = lines[line].replace('"file://', "".join(f'"{one}", ' for one in parameters) + '"file://')
        # No terminal, so no confirmation of the changes.
        path.write_text("\n".join(lines).replace("confirm_changeset = true", "confirm_changeset = false") + "\n")

    def resources(self, environment):
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        found = [one for page in pages.paginate(StackName=f"support-desk-{environment}") for one in page["StackResourceSummaries"]]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}

    def live(self, environment, function):
        """The configuration of the version behind the alias."""
        name = self.resources(environment)[f"{function}Function"]
        return self.client("lambda").get_function_configuration(FunctionName=name, Qualifier="live")

    def invoke(self, environment, function, event):
        """A call through the alias, and its reply."""
        name = self.resources(environment)[f"{function}Function"]
        answer = self.client("lambda").invoke(FunctionName=f"{name}:live", Payload=json.dumps(event))
        reply = json.load(answer["Payload"])
        assert "FunctionError" not in answer, reply
        return reply


@pytest.fixture(scope="session")
def aws(tmp_path_factory):
    """The emulator without any resources."""
    if not EMULATOR.is_file():
        pytest.fail("the emulator is not installed: `make emulator`")
    port = free_port()
    tap = Tap(port)
    state = tmp_path_factory.mktemp("emulator")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "LAMBDA_", "MINISTACK_"))}
    environment = {**clean, **ROOT_KEYS, "AUTH": "true", "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port),
                   # The settings for the functions, in place of the real AWS.
                   "AWS_ENDPOINT_URL": tap.url, "AWS_EC2_METADATA_DISABLED": "true",
                   "STATE_DIR": str(state), "TMPDIR": str(state), "HOME": str(state)}
    log = (state / "log").open("w")
    process = subprocess.Popen([EMULATOR], cwd=state, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                               start_new_session=True)
    cloud = Cloud(f"http://127.0.0.1:{port}", project(tmp_path_factory.mktemp("project")), tap)
    try:
        for _ in range(600):
            assert process.poll() is None, (state / "log").read_text()
            try:
                cloud.client("sts").get_caller_identity()
                break
            except (BotoCoreError, ClientError):
                time.sleep(0.1)
        else:
            pytest.fail("the emulator does not answer: " + (state / "log").read_text())
        yield cloud
    finally:
        # Together with its functions.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        tap.close()


def project(folder):
    """A copy of the files that a deployment needs, with this machine's binaries in place of those of `sam build`."""
    for name in ("samconfig.toml", "template.yaml"):
        shutil.copy(ROOT / name, folder)
    for name in ("schemas", "prompts"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "scripts").mkdir()
    for name in ("changes.py", "cloud.py", "questions.py", "release.py", "rollback.py", "smoke.py", "transform.py"):
        shutil.copy(ROOT / "scripts" / name, folder / "scripts")
    build = folder / ".aws-sam" / "build"
    template = yaml_parse((ROOT / "template.yaml").read_text())
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            (build / name).mkdir(parents=True)
            binary = BINARIES / resource["Metadata"]["BuildProperties"]["Binary"]
            if not binary.is_file():
                pytest.fail(f"`{binary.name}` is not built: `make binaries`")
            # Debug information is not needed.
            subprocess.run(["strip", "-o", build / name / "bootstrap", binary], check=True)
    (build / "template.yaml").write_text(json.dumps(reduced(template, str), indent=1))
    return folder
