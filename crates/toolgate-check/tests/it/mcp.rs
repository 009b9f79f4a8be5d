//! Functions that answer MCP clients by themselves.

use toolgate_check::Severity;

use crate::kit::{Copy, TEMPLATE};

/// The function of orders with these members, these variables, and the wires of its platform and mcp.
fn with_variables(variables: &str, members: &str) -> Copy {
    let wires = "!Join [\",\", [!FindInMap [Platforms, !Ref AgentPlatform, Wires], mcp]]";
    let own = format!("      Environment: {{Variables: {{TOOLGATE_WIRES: {wires}{variables}}}}} # own\n{members}");
    Copy::new().edit(TEMPLATE, "      AutoPublishAlias: live\n", &format!("{own}      AutoPublishAlias: live\n"))
}

fn at_a_url(members: &str) -> Copy {
    with_variables("", members)
}

#[test]
fn a_url_without_an_authorizer() {
    at_a_url("      FunctionUrlConfig: {AuthType: AWS_IAM}\n").finds(&[]);
    let found = at_a_url("      FunctionUrlConfig: {AuthType: NONE} # url\n").finds(&[(TEMPLATE, "# url", "mcp-open")]);
    assert!(found[0].message.contains("no caller is verified"), "{found:?}");
}

#[test]
fn the_url_of_a_function_without_tools() {
    let front = "  Front:\n    Type: AWS::Serverless::Function\n    Metadata: {Toolgate: {Tools: false}}\n    Properties:\n      \
                 FunctionUrlConfig: {AuthType: NONE}\n      Environment: {Variables: {TOOLGATE_WIRES: mcp}}\n";
    Copy::new().edit(TEMPLATE, "Resources:\n", &format!("Resources:\n{front}")).finds(&[]);
}

#[test]
fn a_url_and_the_wire_that_answers_it() {
    at_a_url("").finds(&[(TEMPLATE, "# own", "wire-unused")]);
    let url = "      FunctionUrlConfig: {AuthType: NONE}\n      AutoPublishAlias: live\n";
    Copy::new().edit(TEMPLATE, "      AutoPublishAlias: live\n", url).finds(&[(
        TEMPLATE,
        "TOOLGATE_WIRES",
        "wire-missing",
    )]);
}

#[test]
fn an_event_of_an_api_without_an_authorizer() {
    let event = |properties: &str| {
        at_a_url(&format!("      Events: {{Tools: {{Type: HttpApi, Properties: {{{properties}}}}}}} # event\n"))
    };
    let open = [(TEMPLATE, "# event", "mcp-route")];
    let found = event("Method: post, Path: /mcp").finds(&open);
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(found[0].message.contains("`POST /mcp` of `OrdersFunction`"), "{found:?}");
    event("").finds(&open);
    event("Method: post, Path: /mcp, Auth: {Authorizer: NONE}").finds(&open);
    event("Method: post, Path: /mcp, Auth: {Authorizer: Tokens}").finds(&[]);
    let default = "Globals:\n  HttpApi: {Auth: {DefaultAuthorizer: Tokens}}\n";
    event("Method: post, Path: /mcp").edit(TEMPLATE, "Globals:\n", default).finds(&[]);
    event("Auth: {Authorizer: NONE}").edit(TEMPLATE, "Globals:\n", default).finds(&open);
    // A client reads the metadata before it has a token.
    event("Method: get, Path: /.well-known/oauth-protected-resource/mcp").finds(&[]);
    event("Method: post, Path: /.well-known/oauth-protected-resource").finds(&open);
    event("Method: get, Path: /.well-known/oauth-protected-resources").finds(&open);
}

#[test]
fn an_event_of_another_api() {
    let of = |authorizers: &str| {
        at_a_url("      Events: {Tools: {Type: HttpApi, Properties: {ApiId: !Ref Api}}} # event\n").edit(
            TEMPLATE,
            "\nResources:\n",
            &format!("\nResources:\n  Api:\n    Type: AWS::Serverless::HttpApi\n    Properties: {{{authorizers}}}\n"),
        )
    };
    of("Auth: {DefaultAuthorizer: Tokens}").finds(&[]);
    of("Auth: {Authorizers: {Tokens: {}}}").finds(&[(TEMPLATE, "# event", "mcp-route")]);
}

/// The fixture with a route of an HTTP API to the function of orders.
fn routed(key: &str, authorization: &str, uri: &str) -> Copy {
    at_a_url("").edit(
        TEMPLATE,
        "\nResources:\n",
        &format!(
            "\nResources:\n  Route:\n    Type: AWS::ApiGatewayV2::Route\n    Properties:\n      ApiId: !Ref Api\n      \
             RouteKey: {key}\n      Target: !Sub integrations/${{ToOrders}}\n{authorization}\n  ToOrders:\n    Type: \
             AWS::ApiGatewayV2::Integration\n    Properties: {{ApiId: !Ref Api, IntegrationUri: {uri}}}\n"
        ),
    )
}

#[test]
fn a_route_without_an_authorizer() {
    const ALIAS: &str = "!Ref OrdersFunction.Alias";
    let none = "      AuthorizationType: NONE # open";
    let found = routed("POST /mcp", none, ALIAS).finds(&[(TEMPLATE, "# open", "mcp-route")]);
    assert!(found[0].message.contains("the route `POST /mcp` of `OrdersFunction` is open"), "{found:?}");
    routed("POST /mcp", "", ALIAS).finds(&[(TEMPLATE, "  Route:", "mcp-route")]);
    routed("$default", none, "!GetAtt OrdersFunction.Arn").finds(&[(TEMPLATE, "# open", "mcp-route")]);
    let invocation = "!Sub \"arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${OrdersFunction.Arn}/invocations\"";
    routed("POST /mcp", none, invocation).finds(&[(TEMPLATE, "# open", "mcp-route")]);
    routed("POST /mcp", "      AuthorizationType: JWT", ALIAS).finds(&[]);
    routed("GET /.well-known/oauth-protected-resource", none, ALIAS).finds(&[]);
    routed("GET /.well-known/oauth-protected-resource/mcp", none, ALIAS).finds(&[]);
    routed("ANY /.well-known/oauth-protected-resource", none, ALIAS).finds(&[(TEMPLATE, "# open", "mcp-route")]);
}

/// The function of orders, which asks clients or not, with a right to these keys.
fn asking(setting: &str, actions: &str, key: &str) -> Copy {
    let policy = format!(
        "      Policies:\n        - Statement:\n            - {{Effect: Allow, Action: [{actions}], Resource: !GetAtt \
         Ledger.Arn, Condition: {{ForAllValues:StringLike: {{dynamodb:LeadingKeys: [\"{key}\"]}}, \"Null\": \
         {{dynamodb:LeadingKeys: \"false\"}}}}}} # rights\n      FunctionUrlConfig: {{AuthType: AWS_IAM}}\n"
    );
    with_variables(&format!(", TOOLGATE_MCP_ELICIT: {setting}"), &policy)
}

const ALL: &str = "dynamodb:BatchGetItem, dynamodb:PutItem, dynamodb:UpdateItem";

#[test]
fn a_question_to_a_client_that_the_role_does_not_allow() {
    let missing = [(TEMPLATE, "# own", "mcp-elicit")];
    asking("trusted", ALL, "elicit#cancel_order#*").finds(&[]);
    let found = asking("trusted", "dynamodb:PutItem", "elicit#cancel_order#*").finds(&missing);
    assert!(
        found[0].message.contains("`dynamodb:BatchGetItem`, `dynamodb:UpdateItem` on `elicit#cancel_order#*`"),
        "{found:?}"
    );
    asking("trusted", ALL, "elicit#other_tool#*").finds(&missing);
    asking("trusted", ALL, "call#cancel_order#*").finds(&missing);
    let other = "  Stock:\n    Type: AWS::DynamoDB::Table\n    Properties: {KeySchema: [{AttributeName: sku, KeyType: HASH}]}\n";
    let all = format!("{{Effect: Allow, Action: [{ALL}], Resource: !GetAtt Stock.Arn}}");
    asking("trusted", "dynamodb:GetItem", "elicit#cancel_order#*")
        .edit(TEMPLATE, "\nResources:\n", &format!("\nResources:\n{other}"))
        .edit(TEMPLATE, " # rights\n", &format!("\n            - {all}\n"))
        .finds(&missing);
    // SAM's own policies are not read, so nothing is known to be missing.
    let named = "      Policies: [DynamoDBCrudPolicy: {TableName: !Ref Ledger}]\n      FunctionUrlConfig: {AuthType: AWS_IAM}\n";
    with_variables(", TOOLGATE_MCP_ELICIT: trusted", named).finds(&[]);
}

#[test]
fn a_right_to_ask_a_client_that_is_not_trusted() {
    let extra = [(TEMPLATE, "# rights", "mcp-elicit")];
    for setting in ["\"off\"", "\"\""] {
        asking(setting, ALL, "elicit#cancel_order#*").finds(&extra);
        asking(setting, ALL, "call#cancel_order#*").finds(&[]);
    }
}
