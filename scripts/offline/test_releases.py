"""Changes take effect: a change of code, of a parameter or of a property publishes a new version of each affected
function and agent, and of no other. Evaluated on the transformed template, by the version that each alias points to."""

import copy

import pytest
import release
import transform

SOURCE = transform.read()
PLAIN = transform.expand(SOURCE)
FUNCTIONS = [name for name, one in SOURCE["Resources"].items() if one["Type"] == "AWS::Serverless::Function"]
AGENTS = [name for name, one in SOURCE["Resources"].items() if one["Type"] == "AWS::Bedrock::Agent"]
EVERY = {*FUNCTIONS, *AGENTS, "Guardrail"}
# All options of the template: both platforms, a budget, a front door, and a harness or tokens.
BY_TOKEN = {"AgentPlatform": "both", **transform.DOORS["staging"], "Environment": "staging"}
BASE = {**BY_TOKEN, "GatewayAuthorizer": "iam"}
# A harness behind tokens.
FRONT_DOOR = {**BY_TOKEN, "AgentPlatform": "agentcore"}
SPECIALISTS = {"Billing", "Orders", "Support"}

# Each parameter: another value, and the resources that get a new version with it. With a harness:
PARAMETERS = {
    "Environment": ("prod", EVERY),
    "Project": ("shop", EVERY),
    # The wires. The functions without tools have the same variables, and do not exist without a gateway.
    "AgentPlatform": ("agentcore", {*FUNCTIONS}),
    "SupervisorModel": ("anthropic.claude-opus-4-5-20251101-v1:0", {"Supervisor", "ChatFunction"}),
    "SpecialistModel": ("anthropic.claude-sonnet-4-5-20250929-v1:0", {*SPECIALISTS, "ChatFunction", "DigestFunction"}),
    "InferenceProfile": ("eu", {*AGENTS, "ChatFunction", "DigestFunction"}),
    "SessionCallBudget": ("5", {*FUNCTIONS}),
    "OutputTokens": ("2000", {*AGENTS, "ChatFunction", "DigestFunction"}),
    "SessionUsdBudget": ("25.00", {"HooksFunction", "ChatFunction"}),
    "DailyUsdBudget": ("50.00", {"ChatFunction"}),
    "TurnUsdBudget": ("2.00", {"ChatFunction"}),
    "ChatAuth": ("iam", {"ChatFunction"}),
    "DigestUsdBudget": ("9.00", {"DigestFunction"}),
    "DigestSchedule": ("cron(0 5 * * ? *)", set()),
    # Without it there is no function to compare.
    "Digest": ("off", set()),
    "Architecture": ("x86_64", {*FUNCTIONS}),
    "GatewayAuthorizer": ("jwt", {"InterceptorFunction"}),
    "JwtCustomerClaim": ("sub", {*FUNCTIONS}),
    "JwtDiscoveryUrl": ("https://other.example.com/.well-known/openid-configuration", {*FUNCTIONS}),
    "JwtAudience": ("another", {"ChatFunction"}),
    "JwtClient": ("desk-app", {"ChatFunction"}),
    # Parameters of the gateway, a function URL, the tables, logs and alarms, which have no versions.
    "ChatOrigin": ("https://other.example.com", set()),
    "LogRetentionDays": ("90", set()),
    "TableProtection": ("on", set()),
    "AlarmEmail": ("other@example.com", set()),
    "ApprovalsEmail": ("other@example.com", set()),
    "ApprovalAgeHours": ("8", set()),
    "GatewayCallerRole": ("backend", set()),
    "GatewayTraces": ("on", set()),
    # The wires again, and who issues tokens.
    "McpApi": ("off", {*FUNCTIONS}),
    "McpElicit": ("trusted", {"BillingFunction", "CustomersFunction", "OrdersFunction"}),
}
# With tokens:
PARAMETERS_BY_TOKEN = {
    **PARAMETERS,
    "GatewayAuthorizer": ("iam", {"InterceptorFunction"}),
}
# With tokens, and a harness behind the front door:
PARAMETERS_OF_FRONT_DOOR = {
    **PARAMETERS_BY_TOKEN,
    "AgentPlatform": ("both", {*FUNCTIONS}),
    # The rules refuse `iam` here.
    "ChatAuth": ("off", set()),
}
BASES = {
    "harness": (BASE, PARAMETERS), "tokens": (BY_TOKEN, PARAMETERS_BY_TOKEN),
    "front door": (FRONT_DOOR, PARAMETERS_OF_FRONT_DOOR),
}


def code_of(name):
    return f"the code of {name}"


def live(overrides=BASE, source=SOURCE, plain=None, code=code_of):
    """The version behind each function's and agent's alias, and the guardrail's, in the transformed template. `plain`
    is a template that is already transformed; its functions' versions cannot change any more."""
    values = {**overrides, **release.parameters(source, overrides, code, plain)}
    plain = transform.expand(source, values) if plain is None else plain
    # Including resources that this platform does not have: the hash becomes part of their logical ids.
    assert all(name.isalnum() for name in plain["Resources"])
    resources = transform.Decided(plain, values).result()["Resources"]
    found = {"Guardrail": resources["GuardrailVersion"]["Properties"]["Description"]}
    for name in FUNCTIONS:
        if alias := resources.get(f"{name}Aliaslive"):
            found[name], _ = alias["Properties"]["FunctionVersion"]["Fn::GetAtt"]
            assert resources[found[name]]["Type"] == "AWS::Lambda::Version"
    for name in AGENTS:
        if alias := resources.get(f"{name}Alias"):
            found[name] = alias["Properties"]["Description"]
    return found


BEFORE = live()
BEFORE_BY_TOKEN = live(BY_TOKEN)
BEFORE_FRONT_DOOR = live(FRONT_DOOR)
BEFORE_OF = {"harness": BEFORE, "tokens": BEFORE_BY_TOKEN, "front door": BEFORE_FRONT_DOOR}
BEFORE_PLAIN = live(plain=PLAIN)


def moved(before=None, **changed):
    before = before or (BEFORE_PLAIN if "plain" in changed else BEFORE)
    after = live(**changed)
    return {name for name, version in before.items() if name in after and after[name] != version}


def test_everything_that_has_versions_has_a_release():
    assert {name.removesuffix("Release") for name in transform.unreleased(SOURCE)} == EVERY
    assert BEFORE.keys() == EVERY and len(set(BEFORE.values())) == len(EVERY)
    assert EVERY - BEFORE_BY_TOKEN.keys() == {"HooksFunction"}
    assert EVERY - BEFORE_FRONT_DOOR.keys() == {*AGENTS}
    for name in FUNCTIONS:
        assert SOURCE["Resources"][name]["Properties"]["AutoPublishCodeSha256"] == {"Ref": f"{name}Release"}


def test_every_parameter_is_judged():
    declared = SOURCE["Parameters"].keys() - transform.unreleased(SOURCE).keys()
    assert all(parameters.keys() == declared for _, parameters in BASES.values())


@pytest.mark.parametrize("callers", BASES)
@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_alone_moves_what_it_affects_and_nothing_else(name, callers):
    (base, parameters), before = BASES[callers], BEFORE_OF[callers]
    value, affected = parameters[name]
    assert str(base.get(name, SOURCE["Parameters"][name].get("Default"))) != value
    there = live(overrides={**base, name: value}).keys() & before.keys()
    assert moved(before, overrides={**base, name: value}) == affected & there


def test_a_deployment_of_the_same_moves_nothing():
    assert not moved()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_new_code_moves_its_function(name):
    assert moved(code=lambda one: "new" if one == name else code_of(one)) == {name}


def test_code_is_what_the_package_holds(tmp_path):
    (tmp_path / "bootstrap").write_bytes(b"code")
    before = release.code(tmp_path)
    (tmp_path / "bootstrap").touch()
    assert release.code(tmp_path) == before
    (tmp_path / "more").write_bytes(b"")
    assert release.code(tmp_path) != before
    (tmp_path / "more").unlink()
    (tmp_path / "bootstrap").write_bytes(b"edoc")
    assert release.code(tmp_path) != before
    with pytest.raises(SystemExit, match="run `make build`"):
        release.code(tmp_path / "nowhere")


def leaves(node, path=()):
    """The path of each value in a template's node. An intrinsic function counts as one value."""
    if isinstance(node, dict) and not any(key == "Ref" or key.startswith("Fn::") for key in node):
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from leaves(value, (*path, index))
    else:
        yield path


def edited(template, path, value=None):
    """A copy with another value at a path. The default is a fixed one."""
    template = copy.deepcopy(template)
    node = template
    for key in path[:-1]:
        node = node[key]
    was = node.get(path[-1]) if isinstance(node, dict) else node[path[-1]]
    match was:
        case _ if value is not None:
            node[path[-1]] = value
        case bool():
            node[path[-1]] = not was
        case int():
            node[path[-1]] = was + 1
        case str():
            node[path[-1]] = was + "x"
        case _:
            node[path[-1]] = "another"
    return template


# They are inputs of SAM or other resources, not properties of the function.
BESIDE = {"AutoPublishAlias", "AutoPublishCodeSha256", "CodeUri", "FunctionUrlConfig", "Policies", "Tags"}
OWN = [
    ("Resources", name, "Properties", *path)
    for name in FUNCTIONS
    for path in leaves(SOURCE["Resources"][name]["Properties"])
    if path[0] not in BESIDE
]
SHARED = [("Globals", "Function", *path) for path in leaves(SOURCE["Globals"]["Function"]) if path[0] not in BESIDE]


@pytest.mark.parametrize("path", OWN, ids=lambda path: ".".join(map(str, path[1:])))
def test_every_property_of_a_function_moves_it_alone(path):
    assert moved(source=edited(SOURCE, path)) == {path[1]}


@pytest.mark.parametrize("path", SHARED, ids=lambda path: ".".join(map(str, path[1:])))
def test_every_property_of_all_functions_moves_them_all(path):
    # The functions without tools have their own timeouts.
    own = {name for name in FUNCTIONS if path[-1] in SOURCE["Resources"][name]["Properties"]}
    assert own == ({"AnnounceFunction", "DigestFunction", "InterceptorFunction", "HooksFunction", "ChatFunction"} if path[-1] == "Timeout" else set())
    expected = {*FUNCTIONS} - own
    assert moved(source=edited(SOURCE, path)) == expected


MORE = {
    "EphemeralStorage": {"Size": 1024},
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k",
    "Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:l:1"],
    "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    "SnapStart": {"ApplyOn": "PublishedVersions"},
}


@pytest.mark.parametrize("name", MORE)
def test_a_property_that_is_added_moves_its_function(name):
    path = ("Resources", "OrdersFunction", "Properties", name)
    assert moved(source=edited(SOURCE, path, MORE[name])) == {"OrdersFunction"}


@pytest.mark.parametrize(("name", "value"), [("Tags", {"team": "desk"}), ("ReservedConcurrentExecutions", 5)])
def test_what_is_no_part_of_a_version_cuts_none(name, value):
    # Lambda publishes no new version for it.
    path = ("Resources", "OrdersFunction", "Properties", name)
    assert not moved(source=edited(SOURCE, path, value))


def test_a_permission_cuts_no_version():
    path = ("Resources", "OrdersFunction", "Properties", "Policies", 0, "Statement", 0, "Action")
    assert not moved(source=edited(SOURCE, path, ["dynamodb:GetItem"]))


def test_a_setting_of_the_front_doors_url_cuts_no_version():
    path = ("Resources", "ChatFunction", "Properties", "FunctionUrlConfig", "InvokeMode")
    assert not moved(source=edited(SOURCE, path, "BUFFERED"))


def test_another_table_under_the_same_name_moves_the_functions_that_use_it():
    table = ("Resources", "TicketsTable", "Properties")
    assert moved(source=edited(SOURCE, (*table, "KeySchema", 0, "AttributeName"))) == {"BillingFunction", "SupportFunction"}
    assert moved(source=edited(SOURCE, (*table, "TableName"), "tickets")) == {"BillingFunction", "SupportFunction"}
    assert not moved(source=edited(SOURCE, (*table, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")))


# With everything that they include: prompts and action groups.
OF_AGENTS = [
    ("Resources", name, "Properties", *path)
    for name in AGENTS
    for path in leaves(PLAIN["Resources"][name]["Properties"])
    if path[0] not in ("Tags", "AutoPrepare")
]


def test_every_property_of_an_agent_moves_it_alone():
    assert len(OF_AGENTS) > 100
    assert [path for path in OF_AGENTS if moved(plain=edited(PLAIN, path)) != {path[1]}] == []


@pytest.mark.parametrize("name", AGENTS)
def test_an_instruction_moves_its_agent(name):
    assert moved(plain=edited(PLAIN, ("Mappings", "Instructions", name, "Text"))) == {name}


def test_a_rule_of_the_guardrail_moves_it_and_the_agents_that_carry_it():
    path = ("Resources", "Guardrail", "Properties", "BlockedInputMessaging")
    assert moved(source=edited(SOURCE, path)) == {"Guardrail", *AGENTS, "DigestFunction"}
    assert not moved(source=edited(SOURCE, ("Resources", "Guardrail", "Properties", "Tags", 0, "Value"), "x"))


def test_the_files_that_sam_reads_name_every_parameter(tmp_path):
    """`sam deploy` keeps the previous value of a parameter that is not passed, so a missing one could not be reset."""
    build = tmp_path / "build"
    for name in FUNCTIONS:
        (build / name).mkdir(parents=True)
        (build / name / "bootstrap").write_text(name)
    release.main(build, "x86_64", tmp_path / "out")
    files = {path.stem: release.CfnParameterOverridesType().convert((f"file://{path}",), None, None)
             for path in (tmp_path / "out").iterdir()}
    assert files.keys() == dict(release.configurations()).keys()
    for name, values in files.items():
        # `make deploy` turns it on later, and it keeps its value.
        assert values.keys() == SOURCE["Parameters"].keys() - {"TableProtection"}, name
        assert values["Environment"] == name.split("-")[0] and values["Architecture"] == "x86_64"
        assert transform.Decided(PLAIN, values).result()["Resources"]
