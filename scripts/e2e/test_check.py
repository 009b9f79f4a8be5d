"""`toolgate check` on the real template and schemas, with one error per copy."""

import json
import shutil
import subprocess

import pytest
from conftest import ROOT, TOOLGATE


def findings(folder):
    files = ["--template", folder / "template.yaml", "--schemas", folder / "schemas"]
    command = [TOOLGATE, "check", "--format", "json", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    return {(finding["rule"], finding["message"]) for finding in json.loads(done.stdout)["findings"]}


@pytest.fixture
def project(tmp_path):
    shutil.copy(ROOT / "template.yaml", tmp_path)
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    return tmp_path


@pytest.mark.parametrize(
    ("file", "was", "becomes", "rule"),
    [
        ("template.yaml", "AutoPrepare: true", "AutoPrepare: false", "auto-prepare"),
        ("template.yaml", "release ${BillingRelease}", "the release", "alias-version"),
        ("template.yaml", "cloudwatch:PutMetricData", "cloudwatch:GetMetricData", "agent-metrics"),
        ("template.yaml", "Principal: bedrock.amazonaws.com", "Principal: lex.amazonaws.com", "invoke-permission"),
        ("template.yaml", "ActionGroupName: billing", "ActionGroupName: the__billing", "double-underscore"),
        ("schemas/billing/functions.json", '"RequireConfirmation": "ENABLED"', '"RequireConfirmation": "DISABLED"', "confirmation-missing"),
        ("schemas/billing/functions.json", '"Name": "find_invoices"', '"Name": "find_invoice"', "tool-not-in-code"),
        ("schemas/billing/functions.json", '"Name": "find_invoices"', '"Name": "find_invoice"', "tool-not-deployed"),
        ("schemas/billing/gateway.json", '"Required": [', '"Default": [], "Required": [', "gateway-schema"),
    ],
)
def test_a_break_in_the_real_project_is_found(project, file, was, becomes, rule):
    before = findings(project)
    text = (project / file).read_text()
    assert was in text
    (project / file).write_text(text.replace(was, becomes))
    assert rule in {name for name, _ in findings(project) - before}
