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


def refusals(values):
    """What the template's rules say about these parameters."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    decided = transform.Decided(template, values)
    return [one["AssertDescription"] for rule in template["Rules"].values() if decided.holds(rule["RuleCondition"])
            for one in rule["Assertions"] if not decided.holds(one["Assert"])]


@pytest.mark.parametrize("name", ["staging-agentcore", "prod-agentcore"])
def test_without_an_issuer_the_templates_rules_stop_a_deployment(name):
    *overrides, _ = CONFIGS[name]["deploy"]["parameters"]["parameter_overrides"]
    values = CfnParameterOverridesType().convert(tuple(overrides), None, None)
    assert values["GatewayAuthorizer"] == "jwt"
    assert [one.split(":")[0] for one in refusals(values)] == ["set JwtDiscoveryUrl", "set JwtAudience or JwtClient"]


ISSUER = {"JwtDiscoveryUrl": "https://login.example.com/.well-known/openid-configuration"}


@pytest.mark.parametrize(("values", "refused"), [
    ({}, ["set JwtDiscoveryUrl", "set JwtAudience or JwtClient"]),
    (ISSUER, ["set JwtAudience or JwtClient"]),
    # An HTTP API accepts a token that has either.
    ({**ISSUER, "JwtAudience": "desk", "JwtClient": "app"}, ["set only one of JwtAudience and JwtClient"]),
    ({**ISSUER, "JwtAudience": "desk"}, []),
    ({**ISSUER, "JwtClient": "app", "McpElicit": "trusted"}, []),
    ({"McpApi": "off", "McpElicit": "trusted"}, ["set McpApi=on, or McpElicit=off"]),
    ({"McpApi": "off"}, []),
])
def test_an_api_for_mcp_says_whose_tokens_it_takes(values, refused):
    values = {"AgentPlatform": "classic", "McpApi": "on", **values}
    assert [one.split(":")[0] for one in refusals(values)] == refused


TOKENS = {**ISSUER, "JwtAudience": "desk"}
ALIKE = "set ChatAuth and GatewayAuthorizer alike"


@pytest.mark.parametrize(("values", "refused"), [
    ({"AgentPlatform": "classic", "ChatAuth": "jwt"}, ["set JwtDiscoveryUrl", "set JwtAudience or JwtClient"]),
    ({"AgentPlatform": "classic", "ChatAuth": "jwt", **ISSUER}, ["set JwtAudience or JwtClient"]),
    ({"AgentPlatform": "classic", "ChatAuth": "jwt", **ISSUER, "JwtClient": "app"}, []),
    ({"AgentPlatform": "classic", "ChatAuth": "jwt", **TOKENS, "JwtClient": "app"}, []),
    ({"AgentPlatform": "classic", "ChatAuth": "iam"}, []),
    # On classic and on both the front door calls the agent, and no token goes on to the gateway.
    *(({"AgentPlatform": platform, "ChatAuth": chat, "GatewayAuthorizer": gateway, **TOKENS}, [])
      for platform in ("classic", "both") for chat in ("off", "iam", "jwt") for gateway in ("iam", "jwt")),
    *(({"AgentPlatform": "agentcore", "ChatAuth": chat, "GatewayAuthorizer": gateway, **TOKENS},
       [] if chat in ("off", gateway) else [ALIKE])
      for chat in ("off", "iam", "jwt") for gateway in ("iam", "jwt")),
    ({"AgentPlatform": "agentcore", "ChatAuth": "jwt"}, ["set JwtDiscoveryUrl", "set JwtAudience or JwtClient", ALIKE]),
])
def test_a_front_door_knows_its_callers_and_passes_them_on(values, refused):
    assert [one.split(":")[0] for one in refusals(values)] == refused


@pytest.mark.parametrize("origin", ["*", "https://*.example.com", "https://a.example/page", "a.example", "null"])
def test_an_origin_is_one_origin(origin):
    with pytest.raises(AssertionError, match="ChatOrigin="):
        refusals({"AgentPlatform": "classic", "ChatAuth": "iam", "ChatOrigin": origin})


def test_there_is_no_configuration_that_nobody_knows():
    assert sorted(set(CONFIGS) - {"version", "default"}) == sorted(NAMES)
