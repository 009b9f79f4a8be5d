"""The public MCP conformance suite against the gateway. Applicable checks pass; the others are listed with the
reason."""

import json
import re

import pytest
from node_tools import PACKAGES, node

SUITE = PACKAGES / "node_modules/@modelcontextprotocol/conformance/dist/index.js"

NAME = "calls a tool of this name, and a gateway's tools are named TARGET___TOOL"
CONTENT = f"{NAME}; a function behind a gateway replies JSON, which becomes one text, and no other kind of content"
STREAM = f"{NAME}; a function's reply comes at once, so nothing is sent before it and the gateway streams nothing"
ASKS = f"{NAME}; a function cannot ask the client anything while it runs"
RESOURCES = "a gateway has resources from MCP servers among its targets; functions have none"
PROMPTS = "a gateway has prompts from MCP servers among its targets; functions have none"

NOT_APPLICABLE = {
    "logging-set-level": "a gateway without streaming sends no log messages, so it does not offer `logging`",
    "completion-complete": "completion is for prompts and resources, of which functions have none",
    "tools-call-simple-text": NAME,
    "tools-call-image": CONTENT,
    "tools-call-audio": CONTENT,
    "tools-call-embedded-resource": CONTENT,
    "tools-call-mixed-content": CONTENT,
    "tools-call-with-logging": STREAM,
    "tools-call-error": NAME,
    "tools-call-with-progress": STREAM,
    "tools-call-sampling": ASKS,
    "tools-call-elicitation": ASKS,
    "json-schema-2020-12": "lists a tool whose schema has `$defs`; the dialect of a gateway's targets has no such thing",
    "elicitation-sep1034-defaults": ASKS,
    "elicitation-sep1330-enums": ASKS,
    "server-sse-polling": "resumes streams of a session; a gateway without `SessionConfiguration` has neither",
    "server-sse-multiple-streams": "opens streams in a session; a gateway without `SessionConfiguration` has neither",
    "resources-list": RESOURCES,
    "resources-read-text": RESOURCES,
    "resources-read-binary": RESOURCES,
    "resources-templates-read": RESOURCES,
    "resources-subscribe": RESOURCES,
    "resources-unsubscribe": RESOURCES,
    "prompts-list": PROMPTS,
    "prompts-get-simple": PROMPTS,
    "prompts-get-with-args": PROMPTS,
    "prompts-get-embedded-resource": PROMPTS,
    "prompts-get-with-image": PROMPTS,
}


@pytest.fixture(scope="module")
def outcomes(desk, tmp_path_factory):
    """The checks of each scenario of the suite, by name: `{"SUCCESS": n, "FAILURE": n, ..}`."""
    folder = tmp_path_factory.mktemp("conformance")
    listed = node(SUITE, "list", "--server")
    scenarios = re.findall(r"^ *- ([\w-]+)", listed.stdout, re.MULTILINE)
    assert scenarios, listed
    ran = node(SUITE, "server", "--url", f"{desk.url}/mcp", "--suite", "all", "-o", folder, timeout=300)
    outcomes = {}
    for scenario in scenarios:
        found = [each for each in folder.iterdir() if re.fullmatch(rf"server-{scenario}-\d{{4}}-.*", each.name)]
        assert len(found) == 1, f"{scenario} did not run:\n{ran.stdout}\n{ran.stderr}"
        checks = json.loads((found[0] / "checks.json").read_text())
        outcomes[scenario] = (
            [check["status"] for check in checks],
            [f"{check['name']}: {check.get('errorMessage')}" for check in checks if check["status"] == "FAILURE"],
        )
    return outcomes


def test_every_scenario_that_applies_passes(outcomes):
    applies = {name: outcome for name, outcome in outcomes.items() if name not in NOT_APPLICABLE}
    failed = {name: failures for name, (_, failures) in applies.items() if failures}
    assert not failed
    # A scenario without checks proves nothing.
    assert not [name for name, (statuses, _) in applies.items() if "SUCCESS" not in statuses]
    assert {"server-initialize", "ping", "tools-list", "dns-rebinding-protection"} <= applies.keys()


def test_the_list_of_what_does_not_apply_is_true(outcomes):
    assert not NOT_APPLICABLE.keys() - outcomes.keys(), "the suite has no such scenarios any more"
    passed = [name for name in NOT_APPLICABLE if not outcomes[name][1] and "SUCCESS" in outcomes[name][0]]
    assert not passed, "these pass, so they apply"
