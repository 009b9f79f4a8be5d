"""The public MCP conformance suite against the mcp wire, per protocol version. Applicable scenarios pass; the others are
listed with the reason."""

import json
import re

import pytest
from mcp_function import mcp_function
from node_tools import PACKAGES, node

SUITE = PACKAGES / "node_modules/@modelcontextprotocol/conformance-2026/dist/index.js"

CONTENT = "a tool returns JSON or a text, which becomes one text, and no other kind of content"
STREAM = "replies are JSON: nothing is sent before a reply, and nothing is streamed"
SESSION = "asks over the open stream of a session; this server keeps no sessions"
TOOLS_ONLY = "the server has tools, and neither resources, prompts nor completion"
FORM = "a confirmation is a form with one switch; a tool cannot ask for anything else, and it never asks twice"
TASKS = "tasks are an extension that this server does not offer"
DIALECT = "lists a tool whose schema has `$defs`; the schemas of tools are inlined, because AWS supports no references"

NOT_APPLICABLE = {
    "2026-07-28": {
        "server-stateless": "4 of its 25 checks need tools that ask for sampling, stream or log",
        "completion-complete": TOOLS_ONLY,
        "tools-call-image": CONTENT,
        "tools-call-audio": CONTENT,
        "tools-call-embedded-resource": CONTENT,
        "tools-call-mixed-content": CONTENT,
        "tools-call-with-progress": STREAM,
        "resources-list": TOOLS_ONLY,
        "resources-read-text": TOOLS_ONLY,
        "resources-read-binary": TOOLS_ONLY,
        "resources-templates-read": TOOLS_ONLY,
        "prompts-list": TOOLS_ONLY,
        "prompts-get-simple": TOOLS_ONLY,
        "prompts-get-with-args": TOOLS_ONLY,
        "prompts-get-embedded-resource": TOOLS_ONLY,
        "prompts-get-with-image": TOOLS_ONLY,
        "caching": "3 of its 7 checks list prompts and resources",
        "input-required-result-basic-elicitation": FORM,
        "input-required-result-basic-sampling": FORM,
        "input-required-result-basic-list-roots": FORM,
        "input-required-result-multiple-input-requests": FORM,
        "input-required-result-multi-round": FORM,
        "input-required-result-capability-check": "wants a request for sampling; a client that cannot ask gets a parked approval",
        "input-required-result-non-tool-request": TOOLS_ONLY,
        "tasks-lifecycle": TASKS,
        "tasks-capability-negotiation": TASKS,
        "tasks-wire-fields": TASKS,
        "tasks-request-state-removal": TASKS,
        "tasks-mrtr-input": TASKS,
        "tasks-request-headers": TASKS,
        "tasks-dispatch-and-envelope": TASKS,
        "tasks-required-task-error": TASKS,
        "tasks-mrtr-composition": TASKS,
        "json-schema-2020-12": DIALECT,
        "http-custom-header-server-validation": "no schema of a tool has `x-mcp-header`",
    },
    "2025-11-25": {
        "logging-set-level": "replies are JSON, so the server sends no log messages and does not offer `logging`",
        "completion-complete": TOOLS_ONLY,
        "tools-call-image": CONTENT,
        "tools-call-audio": CONTENT,
        "tools-call-embedded-resource": CONTENT,
        "tools-call-mixed-content": CONTENT,
        "tools-call-with-logging": STREAM,
        "tools-call-with-progress": STREAM,
        "tools-call-sampling": SESSION,
        "tools-call-elicitation": SESSION,
        "elicitation-sep1034-defaults": SESSION,
        "elicitation-sep1330-enums": SESSION,
        "resources-list": TOOLS_ONLY,
        "resources-read-text": TOOLS_ONLY,
        "resources-read-binary": TOOLS_ONLY,
        "resources-templates-read": TOOLS_ONLY,
        "resources-subscribe": TOOLS_ONLY,
        "resources-unsubscribe": TOOLS_ONLY,
        "prompts-list": TOOLS_ONLY,
        "prompts-get-simple": TOOLS_ONLY,
        "prompts-get-with-args": TOOLS_ONLY,
        "prompts-get-embedded-resource": TOOLS_ONLY,
        "prompts-get-with-image": TOOLS_ONLY,
        "json-schema-2020-12": DIALECT,
    },
}

# The failed checks of the scenarios that apply in part.
PARTLY = {
    "server-stateless": {
        "sep-2575-server-rejects-undeclared-capability",
        "sep-2575-missing-capability-http-400",
        "sep-2575-http-server-no-independent-requests-on-stream",
        "sep-2575-server-no-log-without-loglevel",
    },
    "caching": {
        "sep-2549-prompts-list-caching-hints",
        "sep-2549-resources-list-caching-hints",
        "sep-2549-resources-templates-list-caching-hints",
    },
}


@pytest.fixture(scope="module", params=sorted(NOT_APPLICABLE))
def run(request, tmp_path_factory):
    """A version, and the checks of each scenario that the version requires, by name."""
    folder, results = tmp_path_factory.mktemp("function"), tmp_path_factory.mktemp("results")
    with mcp_function(folder) as desk:
        ran = node(SUITE, "server", "--url", desk.mcp_url, "--requirements", request.param, "-o", results, timeout=300)
    outcomes = {}
    for each in results.iterdir():
        name = re.fullmatch(r"server-(.+)-\d{4}-\d\d-\d\dT.*", each.name)
        if name and (each / "checks.json").exists():
            outcomes[name[1]] = json.loads((each / "checks.json").read_text())
    assert len(outcomes) > 30, f"{ran.stdout}\n{ran.stderr}"
    return request.param, outcomes


def failed(checks):
    return {check["id"]: check.get("errorMessage") for check in checks if check["status"] == "FAILURE"}


def test_every_scenario_that_applies_passes(run):
    version, outcomes = run
    applies = {name: checks for name, checks in outcomes.items() if name not in NOT_APPLICABLE[version]}
    assert not {name: failed(checks) for name, checks in applies.items() if failed(checks)}
    expected = {"tools-list", "tools-call-simple-text", "tools-call-error", "dns-rebinding-protection"}
    if version == "2026-07-28":
        expected |= {"input-required-result-tampered-state", "input-required-result-request-state"}
    else:
        expected |= {"server-initialize", "ping"}
    assert expected <= applies.keys()
    for name in expected:
        assert any(check["status"] == "SUCCESS" for check in applies[name]), name


def test_what_applies_in_part_fails_only_there(run):
    version, outcomes = run
    for name, checks in PARTLY.items():
        if version == "2026-07-28":
            assert failed(outcomes[name]).keys() == checks


def test_the_list_of_what_does_not_apply_is_true(run):
    version, outcomes = run
    listed = NOT_APPLICABLE[version]
    assert not listed.keys() - outcomes.keys(), "the suite has no such scenarios any more"
    assert not [name for name in listed if not failed(outcomes[name])], "these pass, so they apply"
