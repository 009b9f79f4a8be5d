"""samconfig.toml agrees with the template and is consistent."""

from pathlib import Path

import pytest
import tomlkit
import transform
from samcli.cli.types import CfnParameterOverridesType
from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = tomlkit.parse((ROOT / "samconfig.toml").read_text()).unwrap()
NAMES = [f"{environment}{platform}" for environment in ("dev", "staging", "prod") for platform in ("", "-agentcore")]


@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_deploys_what_its_name_says(name):
    environment, _, platform = name.partition("-")
    deploy = CONFIGS[name]["deploy"]["parameters"]
    assert deploy["stack_name"] == f"support-desk-{environment}"
    *overrides, release = deploy["parameter_overrides"]
    assert release == f"file://.aws-sam/release/{name}.yaml"
    values = CfnParameterOverridesType().convert(tuple(overrides), None, None)
    assert (values["Environment"], values["AgentPlatform"]) == (environment, platform or "classic")
    decided = transform.Decided(transform.expand(), values)
    assert decided.result()["Resources"]
    # Two projects have separate sets of stacks.
    assert deploy["stack_name"] == f"{decided.values['Project']}-{environment}"
    assert bool(deploy.get("confirm_changeset")) == (environment == "prod")


@pytest.mark.parametrize("name", ["staging-agentcore", "prod-agentcore"])
def test_without_an_issuer_the_templates_rules_stop_a_deployment(name):
    *overrides, _ = CONFIGS[name]["deploy"]["parameters"]["parameter_overrides"]
    values = CfnParameterOverridesType().convert(tuple(overrides), None, None)
    assert values["GatewayAuthorizer"] == "jwt"
    template = yaml_parse((ROOT / "template.yaml").read_text())
    decided = transform.Decided(template, values)
    (rule,) = template["Rules"].values()
    assert decided.holds(rule["RuleCondition"])
    assert not any(decided.holds(one["Assert"]) for one in rule["Assertions"])


def test_there_is_no_configuration_that_nobody_knows():
    assert sorted(set(CONFIGS) - {"version", "default"}) == sorted(NAMES)
