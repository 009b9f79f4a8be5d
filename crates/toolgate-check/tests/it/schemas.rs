//! Names, lengths and counts in the schemas, and the subset of OpenAPI.

use serde_json::{Value, json};

use crate::kit::{Copy, FUNCTIONS, GATEWAY, OPENAPI, TEMPLATE, catalogs};

/// The catalogs with another name for the tool `get_order`, or with more tools.
fn with(change: impl FnOnce(&mut Value)) -> Copy {
    let mut catalogs = catalogs();
    change(&mut catalogs);
    Copy::of(catalogs)
}

fn renamed(name: &str) -> Copy {
    let action = "shop-orders___get_order";
    with(|catalogs| catalogs["orders"]["tools"][1]["name"] = name.into()).edit(
        TEMPLATE,
        action,
        &format!("shop-orders___{name}"),
    )
}

#[test]
fn names_that_bedrock_does_not_take() {
    Copy::new().edit(TEMPLATE, "ActionGroupName: orders", "ActionGroupName: my orders").finds(&[
        (TEMPLATE, "my orders", "name-pattern"),
        (FUNCTIONS, "\"Name\": \"get_order\"", "model-tool-name"),
        (FUNCTIONS, "\"Name\": \"cancel_order\"", "model-tool-name"),
    ]);
    Copy::new()
        .edit(
            TEMPLATE,
            "AgentName: !Sub ${Project}-${Environment}-clerk",
            "AgentName: !Sub ${Project}--${Environment}-clerk",
        )
        .finds(&[
            (TEMPLATE, "${Project}--${Environment}", "name-pattern"),
            (TEMPLATE, "${Project}--${Environment}", "name-pattern"),
        ]);
    Copy::new().edit(FUNCTIONS, "\"notify\": {", "\"notify.me\": {").finds(&[(FUNCTIONS, "notify.me", "name-pattern")]);
}

#[test]
fn two_underscores_in_a_name() {
    let copy = renamed("get__order");
    copy.finds(&[
        (FUNCTIONS, "\"get__order\"", "name-pattern"),
        (FUNCTIONS, "\"get__order\"", "double-underscore"),
        (GATEWAY, "\"get__order\"", "double-underscore"),
    ]);
}

#[test]
fn a_name_that_is_too_long_for_the_model() {
    // `orders__` and 57 characters; `shop-orders___` and 57 characters.
    let name = "a".repeat(57);
    let quoted = format!("\"Name\": \"{name}\"");
    renamed(&name).finds(&[(FUNCTIONS, &quoted, "model-tool-name"), (GATEWAY, &quoted, "model-tool-name")]);
    renamed(&"a".repeat(50)).finds(&[]);
}

#[test]
fn a_verb_counts_in_the_name_for_the_model() {
    // `post__stock__` and 51 characters are 64; the group's name makes it 65.
    let name = "b".repeat(51);
    let copy = || with(|catalogs| catalogs["stock"]["tools"][0]["name"] = name.as_str().into());
    copy().finds(&[]);
    let id = format!("\"operationId\": \"{name}\"");
    copy().edit(TEMPLATE, "ActionGroupName: stock", "ActionGroupName: stocks").finds(&[(
        OPENAPI,
        &id,
        "model-tool-name",
    )]);
}

#[test]
fn descriptions_that_are_too_long() {
    let letters = |letter: &str, count: usize| letter.repeat(count);
    let (agent, group, alias) = (letters("a", 201), letters("g", 201), letters("l", 200));
    let (instruction, function) = (letters("c", 4_001), letters("f", 1_201));
    Copy::new()
        .edit(TEMPLATE, "Description: Looks things up.", &format!("Description: {agent}"))
        .edit(TEMPLATE, "Description: The state of orders.", &format!("Description: {group}"))
        .edit(
            TEMPLATE,
            "CollaborationInstruction: Ask the clerk about orders.",
            &format!("CollaborationInstruction: {instruction}"),
        )
        .edit(TEMPLATE, "release ${Release} of the lead", &format!("${{Release}}{alias}"))
        .edit(FUNCTIONS, "Do get_order.", &function)
        .finds(&[
            (TEMPLATE, agent.as_str(), "description-length"),
            (TEMPLATE, group.as_str(), "description-length"),
            (TEMPLATE, instruction.as_str(), "description-length"),
            (TEMPLATE, alias.as_str(), "description-length"),
            (FUNCTIONS, function.as_str(), "description-length"),
        ]);
    let longest = letters("a", 200);
    Copy::new().edit(TEMPLATE, "Description: Looks things up.", &format!("Description: {longest}")).finds(&[]);
}

#[test]
fn an_instruction_that_is_too_short() {
    Copy::new()
        .edit(
            TEMPLATE,
            "Instruction: You are the clerk of a shop. Look things up with your tools.",
            "Instruction: Look it up.",
        )
        .finds(&[(TEMPLATE, "Look it up.", "instruction-length")]);
}

#[test]
fn a_function_of_six_parameters() {
    let of = |count: usize| {
        let fields = (0..count).map(|n| (format!("field{n}"), json!({"type": "string"})));
        let fields: Value = fields.collect::<serde_json::Map<_, _>>().into();
        with(|catalogs| catalogs["stock"]["tools"][0]["input"] = json!({"type": "object", "properties": fields}))
            .edit(TEMPLATE, "          ApiSchema:\n", "          FunctionSchema:\n")
            .edit(TEMPLATE, "schemas/stock/action-group.json", "schemas/stock/functions.json")
    };
    of(5).finds(&[]);
    of(6).finds(&[("schemas/stock/functions.json", "\"Parameters\"", "five-parameters")]);
}

#[test]
fn a_parameter_of_another_type() {
    Copy::new().edit(FUNCTIONS, "\"Type\": \"boolean\"", "\"Type\": \"object\"").finds(&[(
        FUNCTIONS,
        "\"Type\": \"object\"",
        "parameter-type",
    )]);
}

fn tools(count: usize, like: &Value) -> Value {
    let tool = |n: usize| {
        let mut tool = like.clone();
        tool["name"] = format!("tool{n}").into();
        tool
    };
    (0..count).map(tool).collect()
}

#[test]
fn twelve_functions_in_a_group_and_twelve_apis_of_an_agent() {
    let copy = with(|catalogs| {
        let like = catalogs["stock"]["tools"][0].clone();
        catalogs["stock"]["tools"] = tools(12, &like);
    });
    copy.edit(
        TEMPLATE,
        "      ActionGroups:\n        - ActionGroupName: orders",
        "      ActionGroups: # of the clerk\n        - ActionGroupName: orders",
    )
    .finds(&[
        (TEMPLATE, "ActionGroupName: stock", "eleven-functions"),
        (TEMPLATE, "ActionGroups: # of the clerk", "eleven-apis"),
    ]);
    let copy = with(|catalogs| {
        let like = catalogs["stock"]["tools"][0].clone();
        catalogs["stock"]["tools"] = tools(11, &like);
    });
    copy.finds(&[]);
}

#[test]
fn more_enabled_groups_than_fifteen() {
    let group = |n: usize, state: &str| {
        format!(
            "        - ActionGroupName: g{n}
          ActionGroupState: {state}
          ParentActionGroupSignature: AMAZON.CodeInterpreter
"
        )
    };
    let first = "        - ActionGroupName: ask-user\n";
    let with = |groups: String| {
        Copy::new().edit(
            TEMPLATE,
            &format!("      ActionGroups:\n{first}"),
            &format!("      ActionGroups: # of the lead\n{groups}{first}"),
        )
    };
    let enabled = |count: usize| (0..count).map(|n| group(n, "ENABLED")).collect::<String>();
    with(enabled(14)).finds(&[]);
    with(enabled(15)).finds(&[(TEMPLATE, "ActionGroups: # of the lead", "fifteen-groups")]);
    let disabled: String = (0..20).map(|n| group(n, "DISABLED")).collect();
    with(disabled).finds(&[(TEMPLATE, "ActionGroups: # of the lead", "fifteen-groups")]);
}

#[test]
fn a_group_with_no_schema_or_with_too_much() {
    Copy::new()
        .edit(
            TEMPLATE,
            "          ParentActionGroupSignature: AMAZON.UserInput\n",
            "          ActionGroupState: ENABLED\n",
        )
        .finds(&[(TEMPLATE, "ActionGroupName: ask-user", "one-schema")]);
    Copy::new()
        .edit(
            TEMPLATE,
            "ParentActionGroupSignature: AMAZON.UserInput",
            "ParentActionGroupSignature: AMAZON.UserInput\n          Description: Asks.",
        )
        .finds(&[(TEMPLATE, "ActionGroupName: ask-user", "one-schema")]);
}

#[test]
fn openapi_that_bedrock_does_not_read() {
    let version = "\"openapi\": \"3.1.0\"";
    Copy::new().edit_api("\"openapi\": \"3.0.0\"", version).finds(&[(OPENAPI, version, "openapi-version")]);
    Copy::new().edit_api("\"/find_item\"", "\"find_item\"").finds(&[(OPENAPI, "    \"find_item\": {", "openapi-path")]);
    Copy::new().edit_api("\"operationId\": \"find_item\"", "\"operationId\": \"find item\"").finds(&[
        (OPENAPI, "find item", "openapi-operation-id"),
        (OPENAPI, "find item", "model-tool-name"),
        (OPENAPI, "find item", "tool-not-in-code"),
        (TEMPLATE, "{Binary: stock}", "tool-not-deployed"),
    ]);
    Copy::new().edit_api("\"description\": \"Do find_item.\",", "").finds(&[(
        OPENAPI,
        "\"post\": {",
        "openapi-operation",
    )]);
    Copy::new().edit_api("\"x-requireConfirmation\": \"DISABLED\"", "\"x-requireConfirmation\": \"no\"").finds(&[(
        OPENAPI,
        "x-requireConfirmation",
        "openapi-confirmation",
    )]);
}

#[test]
fn openapi_schemas_that_bedrock_does_not_read() {
    Copy::new().edit_api("\"query\": {\n", "\"query\": {\n\"enum\": [\"a\", \"b\"],\n").finds(&[(
        OPENAPI,
        "\"enum\"",
        "openapi-enum",
    )]);
    Copy::new().edit_api("\"query\": {\n", "\"other\": {}, \"query\": {\n").finds(&[(
        OPENAPI,
        "\"other\"",
        "openapi-property",
    )]);
    Copy::new().edit_api("\"responses\": {\n", "\"responses\": {\n\"404\": {\"description\": \"none\"},\n").finds(&[(
        OPENAPI,
        "\"404\"",
        "openapi-response",
    )]);
    Copy::new()
        .edit_api(
            "\"operationId\": \"find_item\"",
            "\"parameters\": [{\"name\": \"limit\", \"in\": \"query\"}], \"operationId\": \"find_item\"",
        )
        .finds(&[(OPENAPI, "\"limit\"", "openapi-parameter")]);
    Copy::new().edit_api("\"post\": {", "\"get\": {").finds(&[(OPENAPI, "\"requestBody\"", "openapi-body")]);
}

#[test]
fn one_operation_id_twice() {
    let second = r#""/again": {"get": {"operationId": "find_item", "description": "d", "responses": {}}},
"/find_item""#;
    Copy::new().edit_api("\"/find_item\"", second).finds(&[(
        OPENAPI,
        "  \"operationId\": \"find_item\"",
        "openapi-operation-id",
    )]);
}

#[test]
fn openapi_in_the_template_itself_has_lines_too() {
    let include =
        "            Fn::Transform: {Name: AWS::Include, Parameters: {Location: schemas/stock/action-group.json}}";
    let payload = "            Payload: |
              openapi: 3.0.0
              paths:
                /find_item:
                  post:
                    operationId: find_item
                    description: Find it.
                    requestBody: {content: {application/json: {schema: {type: object, properties: {
                      query: {type: string, enum: [all, some]}
                    }}}}}
                    responses: {}";
    Copy::new().edit(TEMPLATE, include, payload).finds(&[(TEMPLATE, "enum: [all, some]", "openapi-enum")]);
}
