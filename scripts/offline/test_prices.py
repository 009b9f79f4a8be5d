"""The budget of a harness' session: its hook books each token at a price in the template, because the event names no
model. A price below the model's own would let a session cost more than its budget. And the budgets of the front door:
without the price of a model, or with a limit below one model turn, its function does not start."""

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


def callable_profiles(stack, *roles):
    """The profiles that the roles may call. A caller who names another model for an invocation is refused."""
    resources = [arn for role in roles for policy in stack.of("AWS::IAM::Role")[role]["Policies"]
                 for statement in policy["PolicyDocument"]["Statement"] if "bedrock:InvokeModel" in statement["Action"]
                 for arn in [statement["Resource"]]]
    return {arn.rsplit("/", 1)[1] for arn in resources if ":inference-profile/" in arn}


def too_low(stack):
    """The prices of the template that are lower than those of a model that the harness may call."""
    variables = stack.of("AWS::Lambda::Function")["HooksFunction"]["Environment"]["Variables"]
    profiles = callable_profiles(stack, "HarnessRole")
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


@pytest.mark.parametrize("budget", ["SessionUsdBudget", "DailyUsdBudget", "TurnUsdBudget"])
def test_a_budget_is_an_amount(budget):
    for amount in ("0.00", "10.00", "2500.50"):
        assert deployed(**{budget: amount})
    for amount in ("", "10", "10.0", "-1.00", "ten", "1e3", "10.000"):
        with pytest.raises(AssertionError, match=f"{budget}="):
            deployed(**{budget: amount})


def dearest_turn(profile, output):
    """The most that one model turn can cost: a full context, and `output` tokens."""
    of_input, of_output = (price(profile, kind) for kind in KINDS)
    (known,) = [one for one in PRICES["models"] if is_of(profile.split(".", 1)[1], one["id"])]
    return (of_input * known.get("context", 200_000) + of_output * output) / 1_000_000


def limits_too_low(stack):
    """The budgets with which the front door would not start."""
    variables = stack.of("AWS::Lambda::Function")["ChatFunction"]["Environment"]["Variables"]
    turn, output = Decimal(variables["TURN_USD"]), int(variables["OUTPUT_TOKENS"])
    models = variables["MODELS"].split(",")
    # A turn uses no other model, and none of them writes more.
    roles = {"HarnessRole"} if variables["HARNESS_ARN"] else {"SupervisorRole", "SpecialistRole"}
    assert callable_profiles(stack, *roles) <= {*models}
    assert {output} == most_output(stack, variables["HARNESS_ARN"])
    found = [f"TURN_USD={turn}: one model turn of `{model}` costs {dearest_turn(model, output)}"
             for model in models if turn < dearest_turn(model, output)]
    return found + [name for name in ("SESSION_USD", "DAILY_USD") if Decimal(variables[name]) < turn]


def most_output(stack, on_harness):
    if on_harness:
        (harness,) = stack.of("AWS::BedrockAgentCore::Harness").values()
        return {int(harness["Model"]["BedrockModelConfig"]["MaxTokens"])}
    return {int(prompt["InferenceConfiguration"]["MaximumLength"]) for agent in stack.of("AWS::Bedrock::Agent").values()
            for prompt in agent["PromptOverrideConfiguration"]["PromptConfigurations"]}


@pytest.mark.parametrize("profile", PARAMETERS["InferenceProfile"]["AllowedValues"])
@pytest.mark.parametrize("platform", PARAMETERS["AgentPlatform"]["AllowedValues"])
def test_a_front_door_starts_with_its_defaults(platform, profile):
    assert limits_too_low(deployed(AgentPlatform=platform, InferenceProfile=profile, ChatAuth="iam")) == []


# With the front door that they have, or would have if somebody turned it on.
DOORS = {name: {**values, "ChatAuth": values.get("ChatAuth", values.get("GatewayAuthorizer", "iam"))}
         for name, values in release.configurations()}


@pytest.mark.parametrize("name", DOORS)
def test_a_front_door_starts_as_configured(name):
    assert limits_too_low(deployed(**DOORS[name])) == []


@pytest.mark.parametrize("platform", PARAMETERS["AgentPlatform"]["AllowedValues"])
def test_a_limit_that_is_too_low_is_found(platform):
    # 200,000 tokens of Sonnet 4.5 at $3.30 a million, and 4,000 at $16.50
    assert dearest_turn("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 4000) == Decimal("0.726")
    for turn, found in (("0.72", 1), ("0.73", 0)):
        assert len(limits_too_low(deployed(AgentPlatform=platform, ChatAuth="iam", TurnUsdBudget=turn))) == found
    low = {"SessionUsdBudget": "1.49", "DailyUsdBudget": "1.49"}
    assert limits_too_low(deployed(AgentPlatform=platform, ChatAuth="iam", **low)) == ["SESSION_USD", "DAILY_USD"]
    with pytest.raises(AssertionError, match="no price"):
        limits_too_low(deployed(AgentPlatform=platform, ChatAuth="iam", SpecialistModel="a.model-20260101-v1:0"))
