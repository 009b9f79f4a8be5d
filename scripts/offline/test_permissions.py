"""Who may do what, read from the roles of every variant."""

import fnmatch

# https://docs.aws.amazon.com/service-authorization/latest/reference/: these know no resource
WITHOUT_RESOURCE = {"cloudwatch:PutMetricData", "xray:PutTelemetryRecords", "xray:PutTraceSegments"}
# what Lambda's own managed policies may hold: to log, and to trace
MANAGED = {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"}

def as_list(value):
    return value if isinstance(value, list) else [value]


def documents(deployed):
    for name, role in deployed.of("AWS::IAM::Role").items():
        yield from ((name, policy["PolicyDocument"]) for policy in role.get("Policies", []))
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
        yield from ((name, policy["PolicyDocument"]) for name, policy in deployed.of(kind).items())


def statements(deployed):
    for name, document in documents(deployed):
        for statement in as_list(document["Statement"]):
            yield name, statement


def test_no_role_may_do_what_it_does_not_name(deployed):
    for name, statement in statements(deployed):
        assert statement["Effect"] == "Allow"
        actions = as_list(statement["Action"])
        assert not any("*" in action for action in actions), f"{name}: {actions}"
        if "*" in as_list(statement["Resource"]):
            assert set(actions) <= WITHOUT_RESOURCE, f"{name}: {actions}"
        if "cloudwatch:PutMetricData" in actions:
            assert statement["Condition"]["StringEquals"]["cloudwatch:namespace"]


def test_managed_policies_only_log_and_trace(deployed):
    for name, role in deployed.of("AWS::IAM::Role").items():
        for arn in role.get("ManagedPolicyArns", []):
            assert arn == "AgentPolicy" or arn.rsplit("/", 1)[1] in MANAGED, f"{name}: {arn}"


def test_a_role_is_assumed_by_its_service_for_this_account_only(deployed):
    for name, role in deployed.of("AWS::IAM::Role").items():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        (service,) = as_list(statement["Principal"]["Service"])
        if service != "lambda.amazonaws.com":
            assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == "123456789012", name
            assert statement["Condition"]["ArnLike"]["aws:SourceArn"], name


def test_functions_write_only_what_their_tools_write(deployed):
    writes = {}
    for name, statement in statements(deployed):
        for action in as_list(statement["Action"]):
            if action in ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"):
                for arn in as_list(statement["Resource"]):
                    writes.setdefault(name, set()).add(arn.split("table/")[1])
    ledger = set() if "staging" not in deployed.name else {"LedgerTable"}
    assert writes == {
        "ApproverPolicy": {"ApprovalsTable"},
        "BillingFunctionRole": {"OrdersTable", "TicketsTable", "LedgerTable", "ApprovalsTable"},
        "CustomersFunctionRole": {"CustomersTable"} | ledger,
        "OrdersFunctionRole": {"OrdersTable", "LedgerTable", "ApprovalsTable"},
        "SupportFunctionRole": {"TicketsTable", "FeedbackTable", "LedgerTable"},
    }
    assert not any(
        fnmatch.fnmatch(action, pattern)
        for name, statement in statements(deployed)
        if name != "ApproverPolicy"
        for action in as_list(statement["Action"])
        for pattern in ("dynamodb:Scan", "dynamodb:Delete*", "iam:*", "kms:*", "s3:*")
    )


def test_no_function_writes_what_a_person_decides(deployed):
    for name, statement in statements(deployed):
        tables = [arn for arn in as_list(statement["Resource"]) if "ApprovalsTable" in arn]
        if tables and "dynamodb:PutItem" in as_list(statement["Action"]):
            condition, part = statement["Condition"], "decision#*" if name == "ApproverPolicy" else "call#*"
            assert condition["ForAllValues:StringLike"] == {"dynamodb:LeadingKeys": [part]}, name
            assert condition["Null"] == {"dynamodb:LeadingKeys": "false"}, name


def test_an_agent_may_call_the_alias_that_it_names_and_no_other(deployed):
    permissions = deployed.of("AWS::Lambda::Permission").values()
    allowed = {(one["FunctionName"], one["SourceArn"]) for one in permissions}
    needed = set()
    for agent in deployed.of("AWS::Bedrock::Agent").values():
        for group in agent["ActionGroups"]:
            if executor := group.get("ActionGroupExecutor"):
                needed.add((executor["Lambda"], "arn:aws:bedrock:us-east-1:123456789012:agent/AAAAAAAAAA"))
    assert allowed == needed
    for one in permissions:
        assert (one["Principal"], one["SourceAccount"]) == ("bedrock.amazonaws.com", "123456789012")


def test_functions_answer_only_the_wires_of_their_platform(deployed):
    platform, environment = deployed.name.split("-")
    wires = {"classic": "function,api", "agentcore": "gateway", "both": "function,api,gateway"}[platform]
    for name, function in deployed.of("AWS::Lambda::Function").items():
        variables = function["Environment"]["Variables"]
        assert variables["TOOLGATE_WIRES"] == ("direct,function,api,gateway" if environment == "dev" else wires), name
        assert variables["SUPPORT_DESK_UNBOUND"] == ("allow" if environment == "dev" else "deny"), name
        assert function["Architectures"] == ["arm64"]
        assert function["TracingConfig"] == {"Mode": "Active"}


def test_tables_outlive_the_stack(deployed):
    for name, body in deployed.resources.items():
        if body["Type"] == "AWS::DynamoDB::Table":
            assert body["DeletionPolicy"] == "RetainExceptOnCreate" and body["UpdateReplacePolicy"] == "Retain", name
    for name, table in deployed.of("AWS::DynamoDB::Table").items():
        assert table["DeletionProtectionEnabled"] is not deployed.name.endswith("-dev"), name
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}, name
