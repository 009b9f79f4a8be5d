"""The deployment workflow: its rights, its order, and what it may not do. It has never run, so this is all that holds it.

test_release.py holds what all workflows have in common: pins, tokens, timeouts, secrets, and that each target exists.
"""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / ".github" / "workflows" / "deploy.yml").read_text()
ENVIRONMENTS = ("dev", "staging", "prod")
# The order in which jobs run, each after the one before.
ORDER = ["build", "dev", "staging-changes", "staging", "prod-changes", "prod"]


def made(job):
    """The make targets of a job, in order, with their environment."""
    runs = [step.get("run", "") for step in job["steps"] if step.get("if") != "failure()"]
    return [tuple(found) for run in runs for found in re.findall(r"\bmake ([a-z-]+)(?: ENV=([a-z]+))?", run)]


def faults(text):
    """What is wrong with a deployment workflow."""
    jobs = yaml.safe_load(text)["jobs"]
    if list(jobs) != ORDER:
        yield f"its jobs are {list(jobs)}"
        return
    if yaml.safe_load(text).get(True, {}).keys() != {"workflow_dispatch"}:
        yield "it begins by itself"
    if jobs["build"]["permissions"] != {"contents": "read"} or "environment" in jobs["build"]:
        yield "the build has an identity"
    for name, before in zip(ORDER[1:], ORDER):
        job, environment = jobs[name], name.removesuffix("-changes")
        if before not in job["needs"]:
            yield f"{name} does not wait for {before}"
        if job["permissions"] != {"contents": "read", "id-token": "write"}:
            yield f"{name} has other rights: {job['permissions']}"
        if job["environment"] != name:
            yield f"{name} has the role and the approval of another environment"
        if job["concurrency"] != {"group": f"deploy-{environment}", "cancel-in-progress": False}:
            yield f"two runs may change {environment} at once, or end each other"
        if any("if" in step and step["if"] != "failure()" for step in job["steps"]) or "if" in job:
            yield f"{name} may be skipped"
        if any("continue-on-error" in step for step in job["steps"]) or "continue-on-error" in job:
            yield f"{name} goes on after an error"
        wanted = [("changes", environment)] if name == environment == "dev" or name != environment else []
        if name == environment:
            wanted += [("execute", environment), ("ingest", environment), ("smoke", environment)]
        if made(job) != wanted:
            yield f"{name} makes {made(job)}"
        [role] = [step["with"]["role-to-assume"] for step in job["steps"] if "configure-aws-credentials" in step.get("uses", "")]
        if role != "${{ vars.AWS_ROLE_ARN }}":
            yield f"{name} has a role of its own: {role}"
        if name == environment:
            hints = [step["run"] for step in job["steps"] if step.get("if") == "failure()"]
            if not any(f"make rollback ENV={environment}" in hint for hint in hints):
                yield f"{name} does not say how to go back"
            shown = "steps" if name == "dev" else f"needs.{name}-changes"
            executed = [step["env"]["CHANGES"] for step in job["steps"] if "make execute" in step.get("run", "")]
            if not executed or not executed[0].startswith("${{ " + shown):
                yield f"{name} carries out another change set than the one that was shown"
    builds = re.findall(r"\bmake (?:build|deploy)\b|\bsam build\b", text)
    if builds != ["make build"]:
        yield f"it builds more than once: {builds}"


def test_the_workflow_promotes_one_build_after_each_smoke_test():
    assert list(faults(TEXT)) == []


@pytest.mark.parametrize(("old", "new"), [
    ("needs: [build, staging]", "needs: [build]"),
    ("    environment: prod\n", "    environment: dev\n"),
    ("      - run: make smoke ENV=staging\n", ""),
    ("      - run: make execute ENV=dev\n", "      - run: make deploy ENV=dev\n"),
    ("cancel-in-progress: false", "cancel-in-progress: true"),
    ("      contents: read\n      id-token: write", "      contents: write\n      id-token: write"),
    ("needs.prod-changes.outputs.changes", "needs.staging-changes.outputs.changes"),
    ("role-to-assume: ${{ vars.AWS_ROLE_ARN }}", "role-to-assume: arn:aws:iam::123456789012:role/admin"),
    ("  workflow_dispatch:\n", "  workflow_dispatch:\n  push:\n"),
    ("make rollback ENV=prod", "echo"),
    ("      - run: make smoke ENV=prod\n", "      - run: make smoke ENV=prod\n        continue-on-error: true\n"),
])
def test_a_fault_is_found(old, new):
    assert old in TEXT and list(faults(TEXT.replace(old, new, 1)))
