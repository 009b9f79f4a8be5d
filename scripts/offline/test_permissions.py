"""Permissions, from the roles of every variant."""

import fnmatch
import json

from variants import ROOT

# https://docs.aws.amazon.com/service-authorization/latest/reference/: these actions support no resource.
WITHOUT_RESOURCE = {
    "cloudwatch:PutMetricData",
    "ecr-public:GetAuthorizationToken",
    "sts:GetServiceBearerToken",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
# These apply to a whole service unless a condition restricts them.
CONDITIONED = {"cloudwatch:PutMetricData": "cloudwatch:namespace", "sts:GetServiceBearerToken": "sts:AWSServiceName"}
# The tools whose records a function writes to the ledger. Those in CONFIRMED can also be parked for approval.
ONCE = {"OrdersFunctionRole": "initiate_return", "BillingFunctionRole": "request_refund", "SupportFunctionRole": "escalate_to_human"}
CONFIRMED = {
    "OrdersFunctionRole": "initiate_return",
    "BillingFunctionRole": "request_refund",
    "CustomersFunctionRole": "update_user_account",
}
# Effects that run under a lease: those that are confirmed but not once.
LEASED = {"CustomersFunctionRole": "update_user_account"}
# What only these may do, as their own tests check.
OWN = {
    "AnnounceFunctionRole": {"dynamodb:Scan"},
    "DigestFunctionRole": {"dynamodb:Scan", "s3:GetObject", "s3:ListBucket", "s3:PutObject"},
    "DigestClientPolicy": {"s3:GetObject"},
}
# The permissions of Lambda's own managed policies: logs and traces.
MANAGED = {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"}
# The function of the harness' hooks has no tools. It reads and writes the costs of sessions. It exists with a harness.
HOOKS = "HooksFunctionRole"
# The front door has no tools. It reserves what a turn may cost, and calls the agent or the harness.
CHAT = "ChatFunctionRole"
# The function on the stream of the approvals reads what it announces.
ANNOUNCE = "AnnounceFunctionRole"
# Bedrock reads the help articles and writes their vectors.
KNOWLEDGE = "KnowledgeBasePolicy"
# The function on the queue of the requests that can wait: see test_digest.py.
DIGEST = "DigestFunctionRole"


def as_list(value):
    return value if isinstance(value, list) else [value]


def has_harness(deployed):
    return "Harness" in deployed.resources


def has_chat(deployed):
    return not deployed.name.endswith("-prod")


def has_digest(deployed):
    return not deployed.name.endswith("-prod")


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
        for action in CONDITIONED.keys() & set(actions):
            assert statement["Condition"]["StringEquals"][CONDITIONED[action]]


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
    assert writes == {
        "ApproverPolicy": {"ApprovalsTable"},
        "BillingFunctionRole": {"OrdersTable", "TicketsTable", "LedgerTable", "ApprovalsTable"},
        "CustomersFunctionRole": {"CustomersTable", "LedgerTable", "ApprovalsTable"},
        "OrdersFunctionRole": {"OrdersTable", "LedgerTable", "ApprovalsTable"},
        "SupportFunctionRole": {"TicketsTable", "FeedbackTable", "LedgerTable"},
        **({HOOKS: {"LedgerTable"}} if has_harness(deployed) else {}),
        **({CHAT: {"LedgerTable"}} if has_chat(deployed) else {}),
        **({DIGEST: {"DigestTable", "LedgerTable"}} if has_digest(deployed) else {}),
    }
    assert not any(
        fnmatch.fnmatch(action, pattern)
        for name, statement in statements(deployed)
        # The knowledge base reads its documents: see test_the_knowledge_base_reads_its_documents.
        if name not in ("ApproverPolicy", KNOWLEDGE)
        # The count of what waits is a scan of named attributes: see test_announce.py. The digests are in a bucket.
        for action in set(as_list(statement["Action"])) - OWN.get(name, set())
        for pattern in ("dynamodb:Scan", "dynamodb:DeleteTable", "iam:*", "kms:*", "s3:*")
    )
    # A lease is released by deleting its item, and a reservation is settled so.
    deletes = {name for name, statement in statements(deployed) if "dynamodb:DeleteItem" in as_list(statement["Action"])}
    assert deletes == {*LEASED, *([CHAT] if has_chat(deployed) else []), *([DIGEST] if has_digest(deployed) else [])}


def leading_keys(deployed, table):
    """The permissions on the items of a table: role, action, key pattern. A statement without its condition fails."""
    found = set()
    for name, statement in statements(deployed):
        if any(arn.endswith(f"/{table}") for arn in as_list(statement["Resource"])):
            for action in as_list(statement["Action"]):
                keys = [None]
                # A scan has no leading keys.
                if action not in ("dynamodb:ConditionCheckItem", "dynamodb:Scan") or name not in ("ApproverPolicy", ANNOUNCE):
                    condition = statement["Condition"]
                    # `ForAllValues` also accepts a request without keys, so `Null` must exclude it.
                    assert condition["Null"]["dynamodb:LeadingKeys"] == "false", name
                    keys = condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
                found |= {(name, action.removeprefix("dynamodb:"), key) for key in keys}
    return found


def test_a_function_writes_its_own_records_of_the_ledger_only(deployed):
    # The record of a failed call is read, because the call may be a repeat.
    expected = {(role, action, f"{tool}#*") for role, tool in ONCE.items() for action in ("GetItem", "PutItem")}
    expected |= {(role, "ConditionCheckItem", f"{tool}#*") for role, tool in CONFIRMED.items() if role in ONCE}
    expected |= {(role, action, f"{tool}#*") for role, tool in LEASED.items()
                 for action in ("DeleteItem", "GetItem", "PutItem", "UpdateItem")}
    if deployed.name.endswith("-staging"):
        expected |= {(role, "UpdateItem", "budget#*") for role in [*ONCE, "CustomersFunctionRole"]}
        expected |= {("SupportFunctionRole", "ConditionCheckItem", "escalate_to_human#*")}
    if has_harness(deployed):
        expected |= {(HOOKS, action, "budget#*") for action in ("GetItem", "UpdateItem")}
    if has_chat(deployed):
        expected |= {(CHAT, action, "budget#*") for action in ("GetItem", "UpdateItem")}
        expected |= {(CHAT, action, "reserved#*") for action in ("DeleteItem", "PutItem")}
    if has_digest(deployed):
        expected |= {(DIGEST, action, "budget#*") for action in ("GetItem", "UpdateItem")}
        expected |= {(DIGEST, action, "reserved#*") for action in ("DeleteItem", "PutItem")}
    assert leading_keys(deployed, "LedgerTable") == expected


def test_the_hooks_reach_the_ledger_and_nothing_else(deployed):
    reached = {arn.split(":", 5)[5] for name, statement in statements(deployed) if name == HOOKS
               for arn in as_list(statement["Resource"])}
    assert reached == ({"table/LedgerTable"} if has_harness(deployed) else set())


def test_only_the_harness_calls_its_hooks(deployed):
    callers = {name for name, statement in statements(deployed) if "lambda:InvokeFunction" in as_list(statement["Action"])
               if any("HooksFunction" in arn for arn in as_list(statement["Resource"]))}
    assert callers == ({"HarnessCalls"} if has_harness(deployed) else set())
    if has_harness(deployed):
        assert deployed.of("AWS::IAM::RolePolicy")["HarnessCalls"]["RoleName"] == "HarnessRole"
    assert not any("HooksFunction" in one["FunctionName"] for one in deployed.of("AWS::Lambda::Permission").values())


def test_the_front_door_reaches_the_ledger_and_what_it_talks_to(deployed):
    reached = {(action, arn) for name, statement in statements(deployed) if name == CHAT
               for action in as_list(statement["Action"]) for arn in as_list(statement["Resource"])
               if not action.startswith("dynamodb:")}
    tables = {arn for name, statement in statements(deployed) if name == CHAT for arn in as_list(statement["Resource"])
              if any(action.startswith("dynamodb:") for action in as_list(statement["Action"]))}
    alias = "arn:aws:bedrock:us-east-1:123456789012:agent-alias/AAAAAAAAAA/BBBBBBBBBB"
    harness = "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/support_desk_dev-abcdefghij"
    expected = {("bedrock:InvokeAgent", alias)}
    if deployed.name.startswith("agentcore"):
        actions = ("bedrock-agentcore:InvokeAgentRuntime", "bedrock-agentcore:InvokeHarness")
        expected = {(action, arn) for action in actions for arn in (harness, f"{harness}/harness-endpoint/dev")}
    assert reached == (expected if has_chat(deployed) else set())
    assert tables == ({"arn:aws:dynamodb:us-east-1:123456789012:table/LedgerTable"} if has_chat(deployed) else set())


FRONT_DOOR = "arn:aws:lambda:us-east-1:123456789012:function:ChatFunctionAliaslive:live"


def public(deployed):
    return {name: one for name, one in deployed.of("AWS::Lambda::Permission").items() if one["Principal"] == "*"}


def test_everybody_may_call_the_front_door_only_where_it_takes_tokens(deployed):
    expected = {
        "ChatUrlPermission": {"Action": "lambda:InvokeFunctionUrl", "FunctionName": FRONT_DOOR,
                              "FunctionUrlAuthType": "NONE", "Principal": "*"},
        # Through the URL only.
        "ChatInvokePermission": {"Action": "lambda:InvokeFunction", "FunctionName": FRONT_DOOR,
                                 "InvokedViaFunctionUrl": True, "Principal": "*"},
    }
    assert public(deployed) == (expected if deployed.name.endswith("-staging") else {})
    for url in deployed.of("AWS::Lambda::Url").values():
        assert url["AuthType"] == ("NONE" if public(deployed) else "AWS_IAM")


def test_a_backend_may_call_the_front_door_through_its_url_only(deployed):
    found = [(statement["Action"], statement["Resource"], statement["Condition"])
             for name, statement in statements(deployed) if name == "ChatCallerPolicy"]
    expected = [
        (["lambda:InvokeFunctionUrl"], FRONT_DOOR, {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}),
        (["lambda:InvokeFunction"], FRONT_DOOR, {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
    ]
    assert found == (expected if deployed.name.endswith("-dev") else [])
    callers = {name for name, statement in statements(deployed) if FRONT_DOOR in as_list(statement["Resource"])}
    assert callers <= {"ChatCallerPolicy"}


def asks_clients(deployed):
    """Whether the clients of the HTTP API are trusted to ask their person."""
    return deployed.name.endswith("-prod")


def test_no_function_writes_what_a_person_decides(deployed):
    expected = {("ApproverPolicy", "PutItem", "decision#*"), (ANNOUNCE, "GetItem", "call#*"), (ANNOUNCE, "Scan", None)}
    expected |= {("ApproverPolicy", action, None) for action in ("ConditionCheckItem", "Scan")}
    for role, tool in CONFIRMED.items():
        expected |= {(role, "PutItem", key) for key in (f"call#{tool}#*", "waiting#*")}
        # A caller's parked calls may belong to several functions.
        expected |= {(role, "BatchGetItem", key) for key in ("call#*", "decision#*", "waiting#*")}
    # The lease's write uses the approval.
    expected |= {(role, "UpdateItem", f"call#{tool}#*") for role, tool in LEASED.items()}
    if asks_clients(deployed):
        expected |= {(role, action, f"elicit#{tool}#*") for role, tool in CONFIRMED.items()
                     for action in ("BatchGetItem", "PutItem", "UpdateItem")}
    found = leading_keys(deployed, "ApprovalsTable")
    assert found == expected
    # The answer of a client is not a decision, whatever its tool is called.
    writers = {role for role, action, pattern in found if action in ("PutItem", "UpdateItem", "DeleteItem")
               for tool in (*CONFIRMED.values(), "elicit#") if fnmatch.fnmatchcase(f"decision#{tool}#x", pattern)}
    assert writers == {"ApproverPolicy"}


def test_a_function_asks_clients_only_where_they_are_trusted(deployed):
    set_for = {f"{name}Role" for name, function in deployed.of("AWS::Lambda::Function").items()
               if function["Environment"]["Variables"].get("TOOLGATE_MCP_ELICIT") == "trusted"}
    assert set_for == (CONFIRMED.keys() if asks_clients(deployed) else set())


def test_the_keys_are_those_of_the_tools(deployed):
    """The role of a renamed tool would deny its requests."""
    tools = {tool for path in (ROOT / "schemas").glob("*/gateway.json") for tool in tool_names(path)}
    assert {*ONCE.values(), *CONFIRMED.values()} <= tools


def tool_names(path):
    return {tool["Name"] for tool in json.loads(path.read_text())["InlinePayload"]}


def test_a_model_is_called_through_its_profile_only(deployed):
    seen = set()
    for name, statement in statements(deployed):
        resources = as_list(statement["Resource"])
        # Embeddings have no profile.
        if "bedrock:InvokeModel" in as_list(statement["Action"]) and name != KNOWLEDGE:
            seen.add(name)
            if any(":foundation-model/" in arn for arn in resources):
                (profile,) = as_list(statement["Condition"]["StringLike"]["bedrock:InferenceProfileArn"])
                model = resources[0].rsplit("/", 1)[1]
                assert profile == f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{model}", name
            else:
                assert all(":inference-profile/us." in arn for arn in resources), name
    callers = (DIGEST, "HarnessRole", "SpecialistRole", "SupervisorRole")
    assert seen == {name for name in callers if name in deployed.resources}


def test_the_knowledge_base_reads_its_documents_and_writes_its_index(deployed):
    found = {(action, arn) for name, statement in statements(deployed) if name == KNOWLEDGE
             for action in as_list(statement["Action"]) for arn in as_list(statement["Resource"])}
    index = "arn:aws:s3vectors:us-east-1:123456789012:bucket/support-desk-dev-knowledge/index/articles"
    model = "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0"
    assert found == {
        ("bedrock:InvokeModel", model), ("s3:ListBucket", "arn:aws:s3:::knowledgedocuments"),
        ("s3:GetObject", "arn:aws:s3:::knowledgedocuments/*"),
        *((f"s3vectors:{action}Vectors", index) for action in ("Delete", "Get", "Put", "Query")), ("s3vectors:GetIndex", index),
    }
    assert deployed.of("AWS::IAM::RolePolicy")[KNOWLEDGE]["RoleName"] == "KnowledgeBaseRole"


def test_only_the_support_function_searches_the_knowledge_base(deployed):
    base = "arn:aws:bedrock:us-east-1:123456789012:knowledge-base/KB00000001"
    found = {(name, action) for name, statement in statements(deployed) for action in as_list(statement["Action"])
             if action.startswith("bedrock:Retrieve") or base in as_list(statement["Resource"])}
    assert found == {("SupportFunctionRole", "bedrock:Retrieve")}
    with_base = {name for name, function in deployed.of("AWS::Lambda::Function").items()
                 if function["Environment"]["Variables"].get("KNOWLEDGE_BASE_ID") == "KB00000001"}
    assert with_base == {"SupportFunction"}


def test_the_documents_are_private_encrypted_and_sent_by_tls_only(deployed):
    bucket = deployed.of("AWS::S3::Bucket")["KnowledgeDocuments"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True} and len(bucket["PublicAccessBlockConfiguration"]) == 4
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (policy,) = (one for name, one in deployed.of("AWS::S3::BucketPolicy").items() if "Knowledge" in name)
    (statement,) = policy["PolicyDocument"]["Statement"]
    arn = "arn:aws:s3:::knowledgedocuments"
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Resource"] == [arn, f"{arn}/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_harness_reads_its_own_memory_and_identity_only(deployed):
    name = f"harness_support_desk_{deployed.name.split('-')[1]}"
    own = {f"memory/{name}_*", f"memory/{name}-*", "workload-identity-directory/default",
           f"workload-identity-directory/default/workload-identity/{name}-*"}
    agentcore = "arn:aws:bedrock-agentcore:us-east-1:123456789012:"
    found = {arn.removeprefix(agentcore) for name, statement in statements(deployed) if name == "HarnessRole"
             for arn in as_list(statement["Resource"]) if arn.startswith(agentcore)}
    assert found == (own if "HarnessRole" in deployed.resources else set())


def test_callers_of_the_harness_are_given_both_actions_that_aws_asks_for(deployed):
    actions = {"bedrock-agentcore:InvokeHarness", "bedrock-agentcore:InvokeAgentRuntime"}
    harness = "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/support_desk_dev-abcdefghij"
    allowed = {(action, arn) for name, statement in statements(deployed) if name == "HarnessCallerPolicy"
               for action in as_list(statement["Action"]) for arn in as_list(statement["Resource"])}
    # For a call of the endpoint AWS checks the harness as well.
    expected = {(action, arn) for action in actions for arn in (harness, f"{harness}/harness-endpoint/dev")}
    assert allowed == (expected if "Harness" in deployed.resources else set())


def test_an_agent_may_call_the_alias_that_it_names_and_no_other(deployed):
    permissions = [one for one in deployed.of("AWS::Lambda::Permission").values()
                   if one["Principal"] not in ("apigateway.amazonaws.com", "events.amazonaws.com", "*")]
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
        assert variables["TOOLGATE_WIRES"] == ("direct,function,api,gateway" if environment == "dev" else f"{wires},mcp"), name
        assert variables["SUPPORT_DESK_UNBOUND"] == ("allow" if environment == "dev" else "deny"), name
        assert function["Architectures"] == ["arm64"]
        assert function["TracingConfig"] == {"Mode": "Active"}


def test_tables_outlive_the_stack(deployed):
    for name, body in deployed.resources.items():
        if body["Type"] == "AWS::DynamoDB::Table":
            assert body["DeletionPolicy"] == "RetainExceptOnCreate" and body["UpdateReplacePolicy"] == "Retain", name
    for name, table in deployed.of("AWS::DynamoDB::Table").items():
        # The variant of prod is a second deployment: see docs/deploying.md.
        assert table["DeletionProtectionEnabled"] is deployed.name.endswith("-prod"), name
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}, name
