"""The budget of a harness' session: its hook books each token at a price in the template, because the event names no
model. A price below the model's own would let a session cost more than its budget."""

import json
import re
from decimal import Decimal

import pytest
import release
import transform
from variants import ROOT, Deployed

PRICES = json.loads((ROOT / "crates" / "toolgate" / "src" / "prices.json").read_text(), parse_float=Decimal)
PLAIN = transform.expand()
PARAMETERS = PLAIN["Parameters"]
HARNESS = {"AgentPlatform": "agentcore", "GatewayAuthorizer": "iam"}
KINDS = {"input": "INPUT_USD_PER_MILLION", "output": "OUTPUT_USD_PER_MILLION"}


def is_of(model, known):
    """Whether an id names a model of the table, followed by nothing but a date and versions, as in `prices.rs`."""
    return re.fullmatch(re.escape(known) + r"(-(\d{8}|v\d+))*(:\d+)?", model) is not None


def price(profile, kind):
    """The highest price of a million tokens of an inference profile, such as `us.anthropic.…`."""
    area, model = profile.split(".", 1)
    found = [one for one in PRICES["models"] if is_of(model, one["id"])]
    assert len(found) == 1, f"prices.json has no price of `{model}`, so that nobody can say that the budget holds"
    (one,) = found
    highest = max(Decimal(at[kind]) for at in [one, *one.get("above", [])])
    return highest * (1 if area == "global" else Decimal(one.get("regional", 1)))


def deployed(**values):
    return Deployed("agentcore-dev", transform.Decided(PLAIN, {**HARNESS, **values}).result())


def callable_profiles(stack):
    """The profiles that the harness' role may call. A caller who names another model for an invocation is refused."""
    resources = [arn for policy in stack.of("AWS::IAM::Role")["HarnessRole"]["Policies"]
                 for statement in policy["PolicyDocument"]["Statement"] if "bedrock:InvokeModel" in statement["Action"]
                 for arn in [statement["Resource"]]]
    return {arn.rsplit("/", 1)[1] for arn in resources if ":inference-profile/" in arn}


def too_low(stack):
    """The prices of the template that are lower than those of a model that the harness may call."""
    variables = stack.of("AWS::Lambda::Function")["HooksFunction"]["Environment"]["Variables"]
    profiles = callable_profiles(stack)
    assert profiles == {stack.of("AWS::BedrockAgentCore::Harness")["Harness"]["Model"]["BedrockModelConfig"]["ModelId"]}
    return [f"{variable}={variables[variable]}: `{profile}` costs {price(profile, kind)}"
            for profile in profiles for kind, variable in KINDS.items()
            if Decimal(variables[variable]) < price(profile, kind)]


@pytest.mark.parametrize("profile", PARAMETERS["InferenceProfile"]["AllowedValues"])
def test_a_token_is_booked_at_no_less_than_it_costs(profile):
    assert too_low(deployed(InferenceProfile=profile)) == []


# A harness has another model if one of these sets it. Then the template needs the prices of that one.
CONFIGURATIONS = {
    name: values for name, values in release.configurations()
    if transform.Decided(PLAIN, values).holds("HasHarness")
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_token_is_booked_at_no_less_than_it_costs_as_configured(name):
    assert too_low(deployed(**CONFIGURATIONS[name])) == []


def test_a_price_that_is_too_low_is_found(monkeypatch):
    stack = deployed(SupervisorModel="a.model-20260101-v1:0", InferenceProfile="global")
    variables = stack.of("AWS::Lambda::Function")["HooksFunction"]["Environment"]["Variables"]
    booked = {kind: Decimal(variables[variable]) for kind, variable in KINDS.items()}
    for more, found in ((Decimal(0), []), (Decimal("0.01"), [*KINDS.values()])):
        dearer = {"id": "a.model", **{kind: amount + more for kind, amount in booked.items()}}
        monkeypatch.setitem(PRICES, "models", [dearer])
        assert [one.split("=")[0] for one in too_low(stack)] == found
    # A price that nobody knows may be any.
    monkeypatch.setitem(PRICES, "models", [])
    with pytest.raises(AssertionError, match="no price"):
        too_low(stack)


def test_the_highest_price_of_a_model_counts(monkeypatch):
    model = {"id": "a.model", "input": 3, "output": 15, "regional": Decimal("1.1")}
    monkeypatch.setitem(PRICES, "models", [model, {"id": "a.model-2", "input": 1, "output": 1}])
    assert [price(f"{area}.a.model-20260101-v1:0", "input") for area in ("us", "global")] == [Decimal("3.3"), 3]
    # Longer prompts may cost more.
    model["above"] = [{"tokens": 200_000, "input": 6, "output": 22}]
    assert [price("us.a.model-v1:0", kind) for kind in KINDS] == [Decimal("6.6"), Decimal("24.2")]


def test_a_budget_is_an_amount():
    for amount in ("0.00", "10.00", "2500.50"):
        assert deployed(SessionUsdBudget=amount)
    for amount in ("", "10", "10.0", "-1.00", "ten", "1e3", "10.000"):
        with pytest.raises(AssertionError, match="SessionUsdBudget="):
            deployed(SessionUsdBudget=amount)
