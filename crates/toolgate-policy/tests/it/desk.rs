//! The example's own policies, as the template deploys them with tokens and with IAM.

use std::path::Path;

use serde_json::{Map, Value, json};
use toolgate_policy::{Actions, Caller, Mode, Policies, Tool};
use toolgate_template::{Source, symbolic};

use crate::kit::{GATEWAY, file, principal};

const ROLES: &str = "arn:aws:sts::123456789012:assumed-role";
const LOOK: [&str; 4] = [
    "billing___find_invoices",
    "customers___get_customer_info",
    "orders___get_order_status",
    "support___search_knowledge_base",
];

/// A deployment: the values of its conditions.
struct Deployment {
    by_token: bool,
}

impl Deployment {
    fn policies(&self, without: &str) -> Policies {
        let template = Source::parse(Path::new("template.yaml"), &file("template.yaml")).unwrap();
        let authorizer = if self.by_token { "jwt" } else { "iam" };
        let settings = [
            ("GatewayAuthorizer", authorizer),
            ("GatewayCallerRole", "desk-backend"),
            ("JwtCustomerClaim", "customer_id"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let evaluator = symbolic(&template, &settings);
        let policies = template.resources().iter().filter(|it| it.name != without);
        let policies = policies.filter(|it| it.node.text_of("Type") == Some("AWS::BedrockAgentCore::Policy"));
        let policies = policies.map(|it| {
            let statement = it.node.at(&["Properties", "Definition", "Cedar", "Statement"]).unwrap();
            (it.name.as_str(), deployed(evaluator.text(statement).unwrap()))
        });
        let policies: Vec<(&str, String)> = policies.collect();
        let statements = policies.iter().map(|(id, statement)| (*id, statement.as_str()));
        let tools = tools();
        let tools = tools.iter().map(|(name, input_schema)| Tool { name, input_schema });
        let authorizer = if self.by_token { "CUSTOM_JWT" } else { "AWS_IAM" };
        let actions = Actions::new(Caller::of(Some(authorizer)).iter().copied(), tools);
        Policies::new(GATEWAY, &actions, statements, Mode::Enforce).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// The statement with the values that only a deployment has.
fn deployed(statement: String) -> String {
    let values = [
        ("Gateway.GatewayArn", GATEWAY),
        ("AWS::Partition", "aws"),
        ("AWS::AccountId", "123456789012"),
        ("HarnessRole", "HarnessRole"),
    ];
    let statement = values.iter().fold(statement, |text, (name, value)| text.replace(&format!("${{{name}}}"), value));
    assert!(!statement.contains("${"), "{statement}");
    statement
}

/// The example's tools, from the deployed schemas.
fn tools() -> Vec<(String, Value)> {
    let of = |target: &str| -> Vec<(String, Value)> {
        let schemas: Value = serde_json::from_str(&file(&format!("schemas/{target}/gateway.json"))).unwrap();
        let tools = schemas["InlinePayload"].as_array().unwrap().iter();
        tools.map(|it| (format!("{target}___{}", it["Name"].as_str().unwrap()), it["InputSchema"].clone())).collect()
    };
    ["billing", "customers", "orders", "support"].iter().flat_map(|target| of(target)).collect()
}

/// The smallest valid arguments of a tool.
fn least(schema: &Value) -> Map<String, Value> {
    let needed = schema["Required"].as_array().cloned().unwrap_or_default();
    let value = |name: &str| match schema["Properties"][name]["Type"].as_str().unwrap() {
        "integer" => json!(1),
        "number" => json!(1.5),
        "boolean" => json!(true),
        "array" => json!([]),
        _ => json!("text"),
    };
    needed.iter().map(|name| name.as_str().unwrap()).map(|name| (name.to_owned(), value(name))).collect()
}

/// The tools that this caller may call.
fn allowed(policies: &Policies, who: &str) -> Vec<String> {
    let who = principal(who);
    let tools = tools();
    let may = tools.iter().filter(|(name, schema)| {
        let allowed = policies.decide(&who, name, &least(schema)).allowed();
        // The example's policies do not check arguments.
        assert_eq!(policies.lists(&who, name), allowed, "{name}");
        allowed
    });
    may.map(|(name, _)| name.clone()).collect()
}

#[test]
fn with_tokens_whoever_has_the_customer_claim_may_call_every_tool() {
    let every: Vec<String> = tools().into_iter().map(|(name, _)| name).collect();
    assert_eq!(every.len(), 9);
    let policies = Deployment { by_token: true }.policies("");
    assert_eq!(allowed(&policies, "oauth:somebody,customer_id=CUST-12345"), every);
    assert_eq!(allowed(&policies, "oauth:somebody,sub=somebody"), [] as [&str; 0]);
    assert_eq!(allowed(&policies, "oauth:CUST-12345"), [] as [&str; 0]);
    assert_eq!(allowed(&policies, &format!("iam:{ROLES}/HarnessRole/session")), [] as [&str; 0]);
}

#[test]
fn with_iam_the_named_roles_may_call_every_tool() {
    let every: Vec<String> = tools().into_iter().map(|(name, _)| name).collect();
    let policies = Deployment { by_token: false }.policies("");
    for role in ["HarnessRole", "desk-backend"] {
        assert_eq!(allowed(&policies, &format!("iam:{ROLES}/{role}/session")), every);
        assert_eq!(allowed(&policies, &format!("iam:{ROLES}/{role}")), every);
    }
    for other in ["HarnessRole2/s", "else/HarnessRole", "harnessrole/s"] {
        assert_eq!(allowed(&policies, &format!("iam:{ROLES}/{other}")), [] as [&str; 0], "{other}");
    }
    let elsewhere = "iam:arn:aws:sts::210987654321:assumed-role/HarnessRole/s";
    assert_eq!(allowed(&policies, elsewhere), [] as [&str; 0]);
    assert_eq!(allowed(&policies, "iam:arn:aws:iam::123456789012:role/HarnessRole"), [] as [&str; 0]);
    assert_eq!(allowed(&policies, "oauth:somebody,customer_id=CUST-12345"), [] as [&str; 0]);
}

#[test]
fn without_the_second_policy_the_desk_looks_and_does_not_touch() {
    let policies = Deployment { by_token: true }.policies("ChangePolicy");
    assert_eq!(allowed(&policies, "oauth:somebody,customer_id=CUST-12345"), LOOK);
}
