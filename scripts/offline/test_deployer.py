"""scripts/deployer.yaml: the deployer may do what CloudFormation needs for the template, and nothing with other names.

handlers.json has the actions that AWS' resource schemas name for the handlers of each type (`handlers.*.permissions` for
create, read, update and delete; read on 2026-11-30 from the schemas of 2026-08-07, which cfn-lint ships without them).
`aws cloudformation describe-type --type RESOURCE --type-name AWS::Lambda::Url` shows those of one type.
"""

import fnmatch
import json
import re
from pathlib import Path

import pytest
from samcli.yamlhelper import yaml_parse
from variants import VARIANTS

HANDLERS = json.loads((Path(__file__).parent / "handlers.json").read_text())
TEMPLATE = yaml_parse((Path(__file__).parents[1] / "deployer.yaml").read_text())
PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}
OURS, OTHERS = ("support-desk", "staging"), [("shop", "staging"), ("support-desk", "prod"), ("support-desk", "dev")]
# What a handler names and the template does not use, with the reason.
UNUSED = {
    r"kms:.*": "the template has no key of its own; the key policy of aws/dynamodb permits its use through DynamoDB",
    r"logs:(Dis)?[aA]ssociateKmsKey": "the same, for logs",
    r"(ec2|elasticfilesystem|s3files):.*": "no function is in a VPC or has a file system",
    r"codedeploy:.*": "no alias is moved in steps",
    r"(vpc-lattice|firehose|kinesis):.*|secretsmanager:.*": "no private target, stream of Kinesis or secret",
    r"(codewhisperer|workmail|autoloop|bedrock-mantle):.*|logs:AllowVendedLogDeliveryForResource": "deliveries and models of other services",
    r"s3:REST.PUT.OBJECT|s3:get[oO]bject|s3:GetObjectMetadata": "not actions of IAM",
    r"apigateway:(Tag|Untag)Resource": "not actions of IAM; POST and DELETE of /tags do it",
    r"dynamodb:(Import|DescribeImport|AssociateTableReplica|CreateTableReplica).*": "no import and no replica",
    r"dynamodb:(BatchWriteItem|DeleteItem|PutItem|Query|Scan|UpdateItem)": "for an import or a replica",
    r"dynamodb:(Put|Delete)ResourcePolicy|dynamodb:UpdateContributorInsights": "no table has one",
    r"dynamodb:(En|Dis)ableKinesisStreamingDestination|dynamodb:UpdateKinesisStreamingDestination": "no stream of Kinesis",
    r"lambda:(PassCapacityProvider|GetLayerVersion|GetCodeSigningConfig)": "no capacity provider, layer or signed code",
    r"lambda:(Put|Delete)FunctionCodeSigningConfig|lambda:PutFunctionScalingConfig": "the same",
    r"lambda:PutFunctionRecursionConfig|lambda:PutRuntimeManagementConfig": "left at AWS' defaults",
    r"lambda:(Put|Delete)ProvisionedConcurrencyConfig": "no version has any",
    r"logs:(Put|Delete)(DataProtectionPolicy|IndexPolicy)|logs:PutLogGroupDeletionProtection": "no log group has one",
    r"logs:PutBearerTokenAuthentication|logs:CreateLogStream|logs:PutLogEvents": "for log groups that take events over HTTP",
    r"logs:(Put|Delete)ResourcePolicy": "for the whole account; log groups with the prefix /aws/vendedlogs/ need none",
    r"logs:(Put|Delete)DeliveryDestinationPolicy": "for deliveries between accounts",
    r"sns:PutDataProtectionPolicy": "no topic has one",
    r"iam:.*PermissionsBoundary": "the template's roles have none",
    r"iam:(At|De)tach(Group|User)Policy": "no group and no user",
    r"bedrock:(Associate|Disassociate|Get|Update)AgentKnowledgeBase": "no agent has one",
    r"bedrock:AssociateThirdPartyKnowledgeBase": "the vectors are in S3 Vectors",
    r"s3:(Put|Delete)(Bucket)?(Abac|Acl|Analytics|Cors|CORS|Inventory|Metrics|Replication|Website|Notification|Logging|Versioning"
    r"|ObjectLock|IntelligentTiering|Accelerate)(Configuration)?|s3:DeleteBucketEncryption": "the bucket has none of them",
    r"s3:DeleteBucketLifecycle": "not an action of IAM; s3:PutLifecycleConfiguration does it",
    r"s3:PutObjectAcl|s3:BypassGovernanceRetention": "the bucket has no access lists",
    r"s3tables:.*|s3:(Create|Update|Delete)BucketMetadata\w*Configuration": "the bucket has no table of its metadata",
    r"bedrock-agentcore:Get(ResourceOauth2Token|WorkloadAccessToken.*)": "for targets with credentials of their own",
}
# Actions whose resource has no name of ours, and that AWS cannot restrict by a tag or a condition. The first group only
# reads or lists; docs/deploying.md names the second.
READS = re.compile(r"\w[\w-]*:(Describe|Get|List|Validate)\w*")
OPEN = {
    "bedrock-agentcore:CreateGateway", "bedrock-agentcore:CreateHarness", "bedrock-agentcore:CreatePolicyEngine",
    "logs:CreateLogDelivery", "sns:SetSubscriptionAttributes", "sns:Unsubscribe",
}
# The rights of these are for a whole collection, because its members have random ids.
COLLECTIONS = ("arn:aws:apigateway:us-east-1::/", "arn:aws:logs:us-east-1:123456789012:delivery:*",
               "arn:aws:bedrock-agentcore:us-east-1:123456789012:workload-identity-directory/default",
               "arn:aws:s3:::aws-sam-cli-managed-default-", "arn:aws:iam::123456789012:role/aws-service-role/",
               "arn:aws:cloudformation:us-east-1:123456789012:stack/aws-sam-cli-managed-default/",
               "arn:aws:cloudformation:us-east-1:aws:transform/")
# What `make changes`, `execute`, `smoke`, `invoke`-free roll-backs and `sam deploy` call themselves.
COMMANDS = {
    "cloudformation": "CreateChangeSet DescribeChangeSet ExecuteChangeSet DescribeStacks DescribeStackEvents ListStackResources GetTemplateSummary",
    "lambda": "InvokeFunction GetFunctionConfiguration GetEventSourceMapping GetAlias UpdateAlias ListVersionsByFunction",
    "dynamodb": "DescribeTable DescribeContinuousBackups DescribeTimeToLive GetItem",
    "cloudwatch": "DescribeAlarms",
    "bedrock": "ListAgents GetAgentAlias UpdateAgentAlias ListAgentVersions ListAgentActionGroups ListAgentCollaborators"
               " GetKnowledgeBase ListIngestionJobs StartIngestionJob GetIngestionJob",
    "bedrock-agentcore": "GetGateway ListGatewayTargets InvokeGateway GetHarnessEndpoint UpdateHarnessEndpoint ListHarnessVersions",
    "s3": "PutObject GetObject ListBucket DeleteObject",
}


def as_list(value):
    return value if isinstance(value, list) else [value]


class Roles:
    """The roles of one project and environment, with every value filled in."""

    def __init__(self, project, environment):
        self.values = {**PSEUDO, "Project": project, "Environment": environment, "Repository": "acme/desk", "OidcProviderArn": ""}
        self.is_dev = environment == "dev"
        resources = TEMPLATE["Resources"]
        self.policies = {name: self.fill(one["Properties"]["PolicyDocument"]) for name, one in resources.items()
                         if one["Type"] == "AWS::IAM::ManagedPolicy"}
        self.roles = {name: self.fill(one["Properties"]) for name, one in resources.items() if one["Type"] == "AWS::IAM::Role"}

    def fill(self, node):
        match node:
            case {"Ref": name}:
                return self.values.get(name, name)
            case {"Fn::If": ["IsDev", yes, no]}:
                return self.fill(yes if self.is_dev else no)
            case {"Fn::If": [_, yes, _]}:
                return self.fill(yes)
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self.fill(parts))
            case {"Fn::Split": [separator, text]}:
                return self.fill(text).split(separator)
            case {"Fn::Sub": [text, names]}:
                return self.substitute(text, {**self.values, **self.fill(names)})
            case {"Fn::Sub": text}:
                return self.substitute(text, self.values)
            case dict():
                return {key: self.fill(value) for key, value in node.items()}
            case list():
                return [item for item in map(self.fill, node) if item != "AWS::NoValue"]
        return node

    def substitute(self, text, values):
        return re.sub(r"\$\{([^}]+)\}", lambda found: values[found[1]], text)

    def statements(self, role="DeployerRole"):
        for name in self.roles[role]["ManagedPolicyArns"]:
            for statement in self.policies[name]["Statement"]:
                assert statement["Effect"] == "Allow" and not statement.keys() & {"NotAction", "NotResource"}
                yield as_list(statement["Action"]), as_list(statement["Resource"]), statement.get("Condition", {})

    def actions(self, role="DeployerRole"):
        return {action for actions, _, _ in self.statements(role) for action in actions}

    def allows(self, action, arn):
        return [condition for actions, resources, condition in self.statements() if action in actions
                and any(fnmatch.fnmatchcase(arn, resource) for resource in resources)]


STAGING = Roles(*OURS)


def test_the_deployer_may_do_what_cloudformation_needs():
    kinds = {one["Type"] for deployed in VARIANTS.values() for one in deployed.resources.values()}
    assert not kinds - HANDLERS.keys(), "add the handlers' permissions of these types"
    needed = {action for kind in kinds for action in HANDLERS[kind]}
    unused = {action for action in needed if any(re.fullmatch(pattern, action) for pattern in UNUSED)}
    assert sorted(needed - unused - STAGING.actions()) == []
    # A right that is not needed after all is removed here, and a reason that holds for nothing.
    assert not unused & STAGING.actions()
    every = {action for actions in HANDLERS.values() for action in actions}
    assert [pattern for pattern in UNUSED if not any(re.fullmatch(pattern, action) for action in every)] == []


def test_the_deployer_may_do_what_its_commands_do():
    called = {f"{service}:{action}" for service, actions in COMMANDS.items() for action in actions.split()}
    assert sorted(called - STAGING.actions()) == []


def test_no_right_is_for_nothing():
    """Each action is of a handler or of a command."""
    every = {action for actions in HANDLERS.values() for action in actions}
    called = {f"{service}:{action}" for service, actions in COMMANDS.items() for action in actions.split()}
    left = {action for action in STAGING.actions() - every - called if not READS.fullmatch(action)}
    # To repair a stack, to clear a change set away, for the stack's tags, and for the gateway's log.
    assert left == {"cloudformation:ContinueUpdateRollback", "cloudformation:DeleteChangeSet", "cloudformation:TagResource",
                    "cloudformation:UntagResource", "bedrock-agentcore:AllowVendedLogDeliveryForResource"}


def test_no_right_is_a_wildcard():
    for actions, resources, condition in STAGING.statements():
        assert not [action for action in actions if "*" in action]
        if "*" in resources and not condition:
            assert [action for action in actions if not READS.fullmatch(action) and action not in OPEN] == []


@pytest.mark.parametrize(("project", "environment"), OTHERS)
def test_another_project_or_environment_is_out_of_reach(project, environment):
    """Each pattern, as another project's deployer has it, matches no pattern of ours."""
    theirs = {resource for _, resources, _ in Roles(project, environment).statements() for resource in resources}
    for actions, resources, condition in STAGING.statements():
        changes = [action for action in actions if not READS.fullmatch(action)]
        for resource in resources:
            if resource.startswith(COLLECTIONS) or not changes:
                continue
            if resource == "*" or resource.startswith("arn:aws:bedrock:"):
                bound = json.dumps(condition)
                assert set(changes) <= OPEN or '"support-desk"' in bound or "function:support-desk-staging-" in bound, changes
                assert set(changes) <= OPEN or '"support-desk"' not in bound or '"staging"' in bound
                continue
            for other in theirs:
                named = other.replace("*", "x")
                assert not fnmatch.fnmatchcase(named, resource) or other.startswith(COLLECTIONS), (resource, other)


def test_a_deployer_cannot_change_its_own_role():
    for role in STAGING.roles.values():
        arn = f"arn:aws:iam::123456789012:role/{role['RoleName']}"
        assert not [action for action in STAGING.actions() if action.startswith("iam:") and STAGING.allows(action, arn)]
    # The policies of these roles have names that CloudFormation makes from the name of their stack.
    arn = "arn:aws:iam::123456789012:policy/deployer-support-desk-staging-ChangeRoles-ABC"
    assert not STAGING.allows("iam:CreatePolicyVersion", arn)


def test_roles_are_passed_to_the_services_that_the_template_has_roles_for():
    services = {service for deployed in VARIANTS.values() for role in deployed.of("AWS::IAM::Role").values()
                for one in role["AssumeRolePolicyDocument"]["Statement"] for service in as_list(one["Principal"]["Service"])}
    [condition] = STAGING.allows("iam:PassRole", "arn:aws:iam::123456789012:role/support-desk-staging-GatewayRole-ABC")
    assert set(condition["StringEquals"]["iam:PassedToService"]) == services
    attached = {arn for deployed in VARIANTS.values() for role in deployed.of("AWS::IAM::Role").values()
                for arn in role.get("ManagedPolicyArns", []) if arn.startswith("arn:")}
    [condition] = STAGING.allows("iam:AttachRolePolicy", "arn:aws:iam::123456789012:role/support-desk-staging-GatewayRole-ABC")
    assert {arn for arn in condition["ArnLike"]["iam:PolicyARN"] if arn.startswith("arn:aws:iam::aws:")} == attached


@pytest.mark.parametrize("name", [name for name in VARIANTS if name.endswith("staging") or name.endswith("dev")])
def test_the_names_in_the_template_are_within_the_rights(name):
    deployed = VARIANTS[name]
    roles = Roles("support-desk", name.split("-")[-1])
    account = "us-east-1:123456789012"
    named = {
        "AWS::Logs::LogGroup": ("LogGroupName", "logs:PutRetentionPolicy", f"arn:aws:logs:{account}:log-group:{{}}"),
        "AWS::S3Vectors::VectorBucket": ("VectorBucketName", "s3vectors:CreateIndex", f"arn:aws:s3vectors:{account}:bucket/{{}}"),
        "AWS::Logs::DeliverySource": ("Name", "logs:PutDeliverySource", f"arn:aws:logs:{account}:delivery-source:{{}}"),
        "AWS::Logs::DeliveryDestination": ("Name", "logs:PutDeliveryDestination", f"arn:aws:logs:{account}:delivery-destination:{{}}"),
        "AWS::BedrockAgentCore::Gateway": ("Name", "bedrock-agentcore:UpdateGateway", f"arn:aws:bedrock-agentcore:{account}:gateway/{{}}-abc"),
        "AWS::BedrockAgentCore::Harness": ("HarnessName", "bedrock-agentcore:UpdateHarness", f"arn:aws:bedrock-agentcore:{account}:harness/{{}}-abc"),
        "AWS::BedrockAgentCore::PolicyEngine": ("Name", "bedrock-agentcore:CreatePolicy", f"arn:aws:bedrock-agentcore:{account}:policy-engine/{{}}-abc"),
        "AWS::CloudWatch::Dashboard": ("DashboardName", "cloudwatch:PutDashboard", "arn:aws:cloudwatch::123456789012:dashboard/{}"),
    }
    for kind, (member, action, arn) in named.items():
        for properties in deployed.of(kind).values():
            if member in properties:
                assert roles.allows(action, arn.format(properties[member])), properties[member]


def test_agents_and_guardrails_carry_the_tags_that_the_rights_are_for():
    for name, deployed in VARIANTS.items():
        for kind in ("AWS::Bedrock::Agent", "AWS::Bedrock::AgentAlias", "AWS::Bedrock::Guardrail", "AWS::Bedrock::KnowledgeBase"):
            for properties in deployed.of(kind).values():
                tags = properties["Tags"]
                tags = tags if isinstance(tags, dict) else {one["Key"]: one["Value"] for one in tags}
                assert tags == {"project": "support-desk", "environment": name.split("-")[-1]}


def test_a_role_is_for_its_github_environment_alone():
    for name, suffix in (("DeployerRole", ""), ("ChangesRole", "-changes")):
        [statement] = STAGING.roles[name]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        # Equality: a pattern would admit branches and pull requests.
        assert statement["Condition"] == {"StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": f"repo:acme/desk:environment:staging{suffix}"}}
    prepares = STAGING.actions("ChangesRole")
    assert "cloudformation:CreateChangeSet" in prepares
    assert not [action for action in prepares if re.search(r"Execute|Update|Pass|Invoke|DeleteStack|iam:", action)]


def test_only_dev_can_be_deleted():
    assert "cloudformation:DeleteStack" not in STAGING.actions()
    assert "cloudformation:DeleteStack" in Roles("support-desk", "dev").actions()


def test_the_policies_are_within_the_limits_of_iam():
    for name, document in STAGING.policies.items():
        assert len(json.dumps(document, separators=(",", ":"))) <= 6144, name
    assert len(STAGING.roles["DeployerRole"]["ManagedPolicyArns"]) <= 10
    long = Roles("a" * 24, "staging")
    assert all(len(role["RoleName"]) <= 64 for role in long.roles.values())
    assert all(len(json.dumps(document, separators=(",", ":"))) <= 6144 for document in long.policies.values())
