//! Parameters and rules: only values that the template allows are accepted.

use std::collections::BTreeMap;

use proptest::prelude::*;
use toolgate_template::{Template, read};

const TABLE: &str = "
Resources:
  Data:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
";

/// The template with these sections, read with these parameters.
fn read_with(sections: &str, set: &[(&str, &str)]) -> Result<Template, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, format!("{sections}\n{TABLE}")).unwrap();
    let set: BTreeMap<String, String> = set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    read(&path, &set).map_err(|error| error.to_string())
}

/// The problem of one parameter with this declaration and this value, if there is one.
fn set(declaration: &str, value: &str) -> Option<String> {
    read_with(&format!("Parameters: {{P: {{{declaration}}}}}"), &[("P", value)]).err()
}

#[test]
fn a_value_that_is_not_allowed_is_refused_with_what_is() {
    let error = set("Type: String, AllowedValues: [iam, jwt], Default: iam", "jtw").unwrap();
    let expected = "Parameters.P: `jtw` is not allowed: it must be one of `iam`, `jwt`; did you mean `jwt`?";
    assert!(error.contains(expected), "{error}");
    assert_eq!(set("Type: String, AllowedValues: [iam, jwt]", "jwt"), None);
    assert_eq!(set("Type: Number, AllowedValues: [7, 14]", "14"), None, "numbers are compared as text");
    let error = set("Type: String, AllowedValues: ['true', 'false']", "True").unwrap();
    assert!(error.contains("did you mean `true`?"), "{error}");
}

#[test]
fn every_constraint_of_a_declaration_counts() {
    for (declaration, allowed, refused, expected) in [
        ("Type: String, AllowedPattern: '[a-z]+'", "abc", "abc1", "it must match `[a-z]+`"),
        ("Type: String, MinLength: 2", "ab", "a", "it must have at least 2 characters"),
        ("Type: String, MaxLength: '2'", "ab", "abc", "it must have at most 2 characters"),
        ("Type: Number", "-1.5", "soon", "it must be a number"),
        ("Type: Number", "1e3", "inf", "it must be a number"),
        ("Type: Number, MinValue: 0", "0", "-1", "it must be at least 0"),
        ("Type: Number, MaxValue: 5", "5", "5.01", "it must be at most 5"),
        ("Type: List<Number>", "1, 2", "1,x", "`x` is not allowed: it must be a number"),
        ("Type: List<Number>, MaxValue: 5", "1,5", "1,6", "`6` is not allowed: it must be at most 5"),
        ("Type: CommaDelimitedList, AllowedValues: [a, b]", "a, b", "a,c", "`c` is not allowed: it must be one of"),
        ("Type: CommaDelimitedList, AllowedPattern: '[a-z]'", "a,b", "a,1", "`1` is not allowed: it must match"),
        ("Type: 'AWS::EC2::VPC::Id', AllowedPattern: 'vpc-.+'", "vpc-1", "subnet-1", "it must match `vpc-.+`"),
    ] {
        assert_eq!(set(declaration, allowed), None, "{declaration}");
        let error = set(declaration, refused).unwrap_or_else(|| panic!("`{refused}` passes {declaration}"));
        assert!(error.contains("Parameters.P: ") && error.contains(expected), "{error}");
    }
    let error = set("Type: String, AllowedPattern: '[a-z]+', MaxLength: 2, ConstraintDescription: short words", "ABC");
    let error = error.unwrap();
    assert!(
        error.contains("it must match") && error.contains("at most 2") && error.contains("(short words)"),
        "{error}"
    );
}

#[test]
fn defaults_and_local_values_are_held_to_the_declaration_as_well() {
    let error = read_with("Parameters: {P: {Type: String, AllowedValues: [a], Default: b}}", &[]).unwrap_err();
    assert!(error.contains("Parameters.P: `b` is not allowed"), "{error}");
    let local = "Metadata: {Toolgate: {Parameters: {P: b, Q: c}}}\nParameters: {P: {Type: String, AllowedValues: [a]}}";
    let error = read_with(local, &[]).unwrap_err();
    assert!(error.contains("Metadata.Toolgate.Parameters.P: `b` is not allowed"), "{error}");
    assert!(error.contains("Metadata.Toolgate.Parameters: there is no parameter `Q` to set"), "{error}");
}

#[test]
fn no_parameter_has_a_value_because_of_its_name() {
    let sections = "Parameters: {Environment: {Type: String, AllowedValues: [dev, prod]}}\n\
        Rules: {R: {Assertions: [{Assert: !Equals [!Ref Environment, dev]}]}}";
    let error = read_with(sections, &[]).unwrap_err();
    assert!(
        error.contains("the parameter `Environment` has no default: set it with `--parameter Environment=…`"),
        "{error}"
    );
    assert!(
        read_with(&format!("Metadata: {{Toolgate: {{Parameters: {{Environment: dev}}}}}}\n{sections}"), &[]).is_ok()
    );
    assert!(read_with(sections, &[("Environment", "dev")]).is_ok());
}

#[test]
fn a_parameter_that_does_not_exist_is_an_error_with_the_nearest_name() {
    let parameters = "Parameters: {GatewayAuthorizer: {Type: String, Default: iam}}";
    let error = read_with(parameters, &[("GatewayAuthoriser", "jwt")]).unwrap_err();
    assert!(error.contains("no parameter `GatewayAuthoriser` to set; did you mean `GatewayAuthorizer`?"), "{error}");
    let error = read_with(parameters, &[("X", "jwt")]).unwrap_err();
    assert!(error.contains("to set; the template has `GatewayAuthorizer`"), "{error}");
}

#[test]
fn a_hidden_value_is_not_shown() {
    let error = set("Type: String, NoEcho: true, MinLength: 9", "s3cret").unwrap();
    assert!(error.contains("hidden by `NoEcho`") && !error.contains("s3cret"), "{error}");
    let rule = "Parameters: {P: {Type: String, NoEcho: true}}\n\
        Rules: {R: {Assertions: [{Assert: !Equals [!Ref P, x], AssertDescription: no}]}}";
    let error = read_with(rule, &[("P", "s3cret")]).unwrap_err();
    assert!(error.contains("Rules.R.Assertions[0]: no") && !error.contains("s3cret"), "{error}");
}

#[test]
fn what_cannot_be_evaluated_is_refused() {
    for (declaration, expected) in [
        ("Type: String, AllowedPattern: '(?=a).*'", "Parameters.P.AllowedPattern: the pattern `(?=a).*` cannot be"),
        ("Type: String, MinLength: few", "Parameters.P.MinLength: `few` is not a number"),
        (
            "Type: Strin",
            "Parameters.P.Type: this must be a type of CloudFormation's, and is `Strin`; did you mean `String`?",
        ),
        ("Default: x", "Parameters.P.Type: this must be a type of CloudFormation's, and is nothing"),
    ] {
        let error = set(declaration, "abc").unwrap();
        assert!(error.contains(expected), "{error}");
    }
    let ssm = "Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /key}}\n\
        Rules: {R: {Assertions: [{Assert: !Not [!Equals [!Ref P, '']]}]}}";
    let error = read_with(ssm, &[]).unwrap_err();
    assert!(error.contains("read from Systems Manager"), "{error}");
    let known = format!("Metadata: {{Toolgate: {{Parameters: {{P: value}}}}}}\n{ssm}");
    assert!(read_with(&known, &[]).is_ok());
}

const RULES: &str = "
Parameters:
  Authorizer: {Type: String, Default: iam}
  Url: {Type: String, Default: ''}
  Zones: {Type: CommaDelimitedList, Default: 'a,b'}
Rules:
  R:
    RuleCondition: !Equals [!Ref Authorizer, jwt]
    Assertions:
      - Assert: ASSERT
        AssertDescription: it does not hold
";

#[test]
fn an_assertion_counts_where_its_condition_holds() {
    let rules = RULES.replace("ASSERT", "!Not [!Equals [!Ref Url, '']]");
    assert!(read_with(&rules, &[]).is_ok(), "its condition does not hold");
    let error = read_with(&rules, &[("Authorizer", "jwt")]).unwrap_err();
    let expected = "Rules.R.Assertions[0]: it does not hold (Authorizer is `jwt`, Url is ``)";
    assert!(error.contains(expected), "{error}");
    assert!(read_with(&rules, &[("Authorizer", "jwt"), ("Url", "https://x")]).is_ok());
}

#[test]
fn every_rule_function_is_evaluated() {
    let holds = |assert: &str| match read_with(&RULES.replace("ASSERT", assert), &[("Authorizer", "jwt")]) {
        Ok(_) => true,
        Err(error) => {
            assert!(error.contains("it does not hold"), "{assert}: {error}");
            false
        }
    };
    for (assert, expected) in [
        ("{'Fn::Contains': [[a, b], a]}", true),
        ("{'Fn::Contains': [!Ref Zones, c]}", false),
        ("{'Fn::EachMemberEquals': [[a, a], a]}", true),
        ("{'Fn::EachMemberEquals': [!Ref Zones, a]}", false),
        ("{'Fn::EachMemberIn': [!Ref Zones, [a, b, c]]}", true),
        ("{'Fn::EachMemberIn': [!Ref Zones, [a]]}", false),
        ("!And [!Equals [a, a], !Equals [b, b]]", true),
        ("!And [!Equals [a, a], !Equals [b, c]]", false),
        ("!Or [!Equals [a, b], !Equals [b, b]]", true),
        ("!Or [!Equals [a, b], !Equals [b, c]]", false),
        ("{'Fn::If': [!Equals [a, a], !Equals [a, b], !Equals [a, a]]}", false),
        ("!Equals [!Ref 'AWS::Region', us-east-1]", true),
    ] {
        assert_eq!(holds(assert), expected, "{assert}");
    }
}

#[test]
fn a_rule_that_cannot_be_evaluated_is_refused() {
    for (assert, expected) in [
        ("{'Fn::Contains': [{'Fn::RefAll': 'AWS::EC2::VPC::Id'}, x]}", "`Fn::RefAll` queries an AWS account"),
        ("!Equals [{'Fn::ValueOf': [Url, Tags.x]}, x]", "`Fn::ValueOf` queries an AWS account"),
        ("{'Fn::Contians': [[a], a]}", "`Fn::Contians` cannot be evaluated in a rule"),
        ("!Equals [a]", "`Fn::Equals` cannot be evaluated in a rule in this form"),
        ("!Equals [!Ref Nowhere, a]", "`Nowhere` is not a parameter"),
        ("!Equals [!Sub '${Url}', a]", "`Fn::Sub` cannot be used in a rule"),
        ("!Not [perhaps]", "this must be a rule function"),
        ("{'Fn::Contains': [[a], !Ref Zones]}", "this must be one text"),
    ] {
        let error = read_with(&RULES.replace("ASSERT", assert), &[("Authorizer", "jwt")]).unwrap_err();
        assert!(error.contains("Rules.R.Assertions[0].Assert: ") && error.contains(expected), "{assert}: {error}");
    }
    let error = read_with("Rules: {R: {Assertions: []}}", &[]).unwrap_err();
    assert!(error.contains("a rule needs a list of assertions"), "{error}");
}

#[test]
fn sides_of_a_condition_that_cannot_be_read_are_not_equal() {
    let sections = "Parameters: {L: {Type: CommaDelimitedList, Default: 'a,b'}, M: {Type: CommaDelimitedList, Default: c}}\n\
        Conditions: {Same: !Equals [!Ref L, !Ref M]}";
    let template = sections.to_owned();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    let table = TABLE.replace("Type: AWS::DynamoDB::Table", "Type: AWS::DynamoDB::Table\n    Condition: Same");
    std::fs::write(&path, format!("{template}\n{table}")).unwrap();
    let error = read(&path, &BTreeMap::new()).unwrap_err().to_string();
    assert!(error.contains("Conditions.Same: this should be text"), "{error}");
}

proptest! {
    /// Every value in the list is accepted, and every other value is rejected.
    #[test]
    fn only_allowed_values_start(value in "\\PC{0,12}", allowed in prop::collection::vec("[a-z]{1,8}", 1..4)) {
        let declaration = format!("Type: String, AllowedValues: [{}]", allowed.join("x, ") + "x");
        let fits = allowed.iter().any(|other| format!("{other}x") == value);
        prop_assert_eq!(set(&declaration, &value).is_none(), fits);
        let first = format!("{}x", allowed[0]);
        prop_assert_eq!(set(&declaration, &first), None);
    }
}

#[test]
fn an_authorizer_that_nobody_knows_is_refused() {
    let gateway = |kind: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.yaml");
        let body = format!("Type: AWS::BedrockAgentCore::Gateway, Properties: {{Name: g, AuthorizerType: {kind}}}");
        std::fs::write(&path, format!("Resources: {{G: {{{body}}}}}")).unwrap();
        read(&path, &BTreeMap::new()).map_err(|error| error.to_string())
    };
    assert!(gateway("AWS_IAM").is_ok());
    let error = gateway("CUSTOM_JTW").unwrap_err();
    assert!(error.contains("Resources.G.Properties.AuthorizerType: `CUSTOM_JTW` is not an authorizer type"), "{error}");
}
