//! The dialects that AWS reads: goldens for review, and rules that hold for any schema.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use toolgate::{Catalog, Confirm, Router, Tool, ToolError, schema};
use validator::Validate;

use super::kit;

#[test]
fn the_kit_s_schemas_are_as_reviewed() {
    let catalog = kit::router().catalog();
    let files = [
        ("catalog", serde_json::to_value(&catalog).unwrap()),
        ("openapi", schema::openapi(&catalog)),
        ("functions", schema::functions(&catalog)),
        ("gateway", schema::gateway(&catalog)),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens");
    for (name, mut generated) in files {
        generated.sort_all_objects();
        let path = folder.join(format!("kit.{name}.json"));
        let text = format!("{generated:#}\n");
        if std::env::var_os("UPDATE_GOLDENS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, text).unwrap();
        } else {
            let golden = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(golden == text, "{} differs; review it after `UPDATE_GOLDENS=1 cargo test`", path.display());
        }
    }
}

#[test]
fn an_action_group_holds_the_openapi_document_as_text() {
    let catalog = kit::router().catalog();
    let group = schema::action_group(&catalog);
    let payload: Value = serde_json::from_str(group["Payload"].as_str().unwrap()).unwrap();
    assert_eq!(payload, schema::openapi(&catalog));
    assert_eq!(group.as_object().unwrap().len(), 1);
}

/// All sorts of types, with limits that no dialect can say.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
struct Everything {
    byte: u8,
    word: i32,
    long: Option<u64>,
    single: f32,
    double: Option<f64>,
    letter: char,
    flag: bool,
    plain: Plain,
    documented: Option<Documented>,
    tagged: Tagged,
    map: BTreeMap<String, i64>,
    numbered: HashMap<u32, String>,
    pair: (f64, f64),
    grid: Vec<Vec<Inner>>,
    anything: Value,
    nested: Option<Box<Inner>>,
    address: Option<std::net::IpAddr>,
    unit: (),
    /// Between two and three words.
    #[validate(length(min = 2, max = 3))]
    words: Vec<String>,
    /// A code.
    #[validate(regex(path = *CODE))]
    code: String,
    #[validate(url)]
    link: Option<String>,
    #[serde(default = "ten")]
    limit: i64,
}

static CODE: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| regex::Regex::new("^[A-Z]{3}$").unwrap());

fn ten() -> i64 {
    10
}

#[derive(Deserialize, Serialize, JsonSchema)]
enum Plain {
    Low,
    High,
}

#[derive(Deserialize, Serialize, JsonSchema)]
enum Documented {
    /// The first.
    First,
    /// The second.
    Second,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind")]
enum Tagged {
    One { a: String },
    Two { b: Vec<i64> },
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Inner {
    /// At most ten.
    #[validate(range(max = 10))]
    count: i64,
    plain: Option<Plain>,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    tagged: Option<Tagged>,
    documented: Documented,
    map: BTreeMap<String, Inner>,
    rows: Vec<Inner>,
    anything: Value,
    unit: (),
}

/// Say nothing.
#[derive(Deserialize, JsonSchema, Validate)]
struct Nothing {}

async fn everything(_: Everything) -> Result<Output, ToolError> {
    Err(ToolError::conflict("never called"))
}

async fn nothing(_: Nothing) -> Result<(), ToolError> {
    Ok(())
}

fn catalogs() -> [Catalog; 2] {
    let odd = Router::<()>::builder()
        .group("odd")
        .tool(Tool::new("everything", everything).expose_all())
        .tool(
            Tool::new("some", everything)
                .expose(["rows[].count", "tagged"])
                .confirm(Confirm::default())
                .describe(format!("Long.\n{}", "x".repeat(2_000))),
        )
        .tool(Tool::new("nothing", nothing).expose_all());
    [kit::router().catalog(), odd.build().unwrap().catalog()]
}

/// Bedrock's pattern: `([0-9a-zA-Z][_-]?){1,100}`
fn is_name(name: &str) -> bool {
    regex::Regex::new("^([0-9a-zA-Z][_-]?){1,100}$").unwrap().is_match(name)
}

const TYPES: [&str; 6] = ["string", "number", "integer", "boolean", "array", "object"];

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}

fn only(value: &Value, allowed: &[&str]) {
    for key in keys(value) {
        assert!(allowed.contains(&key), "`{key}` is not in the dialect: {value}");
    }
}

/// Asserts that a schema has only type, description, properties, required and items.
fn check_schema(schema: &Value, names: [&str; 5]) {
    let [kind, description, properties, required, items] = names;
    only(schema, &names);
    let is = schema[kind].as_str().unwrap_or_else(|| panic!("no type: {schema}"));
    assert!(TYPES.contains(&is), "{schema}");
    assert!(schema.get(description).is_none_or(|text| !text.as_str().unwrap().is_empty()), "{schema}");
    match is {
        "object" => {
            let members = schema[properties].as_object().unwrap_or_else(|| panic!("no properties: {schema}"));
            members.values().for_each(|schema| check_schema(schema, names));
            for name in schema.get(required).and_then(Value::as_array).into_iter().flatten() {
                assert!(members.contains_key(name.as_str().unwrap()), "`{name}` is required and missing: {schema}");
            }
        }
        "array" => check_schema(&schema[items], names),
        _ => assert!(schema.get(properties).is_none() && schema.get(items).is_none(), "{schema}"),
    }
}

#[test]
fn openapi_keeps_to_the_dialect_of_bedrock_agents() {
    let names = ["type", "description", "properties", "required", "items"];
    for catalog in catalogs() {
        let document = schema::openapi(&catalog);
        only(&document, &["openapi", "info", "paths"]);
        assert_eq!(document["openapi"], "3.0.0");
        assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
        let paths = document["paths"].as_object().unwrap();
        assert_eq!(paths.len(), catalog.tools.len());
        for (path, item) in paths {
            assert_eq!(keys(item), ["post"]);
            let operation = &item["post"];
            only(operation, &["operationId", "description", "responses", "requestBody", "x-requireConfirmation"]);
            assert_eq!(path, &format!("/{}", operation["operationId"].as_str().unwrap()));
            assert!(is_name(&path[1..]) && path.len() <= 65);
            assert!(!operation["description"].as_str().unwrap().is_empty());
            assert!(["ENABLED", "DISABLED"].contains(&operation["x-requireConfirmation"].as_str().unwrap()));
            let response = &operation["responses"]["200"];
            assert!(!response["description"].as_str().unwrap().is_empty());
            check_schema(&response["content"]["application/json"]["schema"], names);
            if let Some(body) = operation.get("requestBody") {
                check_schema(&body["content"]["application/json"]["schema"], names);
            }
        }
    }
}

#[test]
fn functions_keep_to_the_dialect_of_function_details() {
    for catalog in catalogs() {
        let schema = schema::functions(&catalog);
        assert_eq!(keys(&schema), ["Functions"]);
        for function in schema["Functions"].as_array().unwrap() {
            only(function, &["Name", "Description", "Parameters", "RequireConfirmation"]);
            assert!(is_name(function["Name"].as_str().unwrap()));
            assert!((1..=1_200).contains(&function["Description"].as_str().unwrap().chars().count()));
            assert!(["ENABLED", "DISABLED"].contains(&function["RequireConfirmation"].as_str().unwrap()));
            for (name, parameter) in function["Parameters"].as_object().unwrap() {
                only(parameter, &["Type", "Description", "Required"]);
                assert!(is_name(name));
                let kind = parameter["Type"].as_str().unwrap();
                assert!(TYPES.contains(&kind) && kind != "object", "{parameter}");
                assert!(parameter["Required"].is_boolean());
                let length = parameter.get("Description").map(|text| text.as_str().unwrap().chars().count());
                assert!(length.is_none_or(|length| (1..=500).contains(&length)), "{parameter}");
            }
        }
    }
}

#[test]
fn the_gateway_s_schema_has_nothing_but_its_five_keywords() {
    for catalog in catalogs() {
        let schema = schema::gateway(&catalog);
        assert_eq!(keys(&schema), ["InlinePayload"]);
        for tool in schema["InlinePayload"].as_array().unwrap() {
            assert_eq!(keys(tool), ["Description", "InputSchema", "Name"]);
            assert!(is_name(tool["Name"].as_str().unwrap()) && !tool["Description"].as_str().unwrap().is_empty());
            assert_eq!(tool["InputSchema"]["Type"], "object");
            check_schema(&tool["InputSchema"], ["Type", "Description", "Properties", "Required", "Items"]);
        }
    }
}

/// The descriptions of `everything`'s parameters, by dialect.
fn descriptions(name: &str) -> [String; 3] {
    let [_, odd] = catalogs();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let openapi = schema::openapi(&odd);
    let body = &openapi["paths"]["/everything"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    let (functions, gateway) = (schema::functions(&odd), schema::gateway(&odd));
    [
        text(&body["properties"][name]["description"]),
        text(&functions["Functions"][0]["Parameters"][name]["Description"]),
        text(&gateway["InlinePayload"][0]["InputSchema"]["Properties"][name]["Description"]),
    ]
}

#[test]
fn what_no_dialect_can_say_is_in_the_description() {
    for (name, words) in [
        ("byte", "(an integer from 0 to 255)"),
        ("long", "(an integer 0 or more)"),
        ("plain", "(one of `Low`, `High`)"),
        ("documented", "(one of `First`, `Second`)"),
        ("words", "Between two and three words. (a list of 2 to 3 items, each text)"),
        ("code", "A code. (text matching `^[A-Z]{3}$`)"),
        ("link", "(text as a URL)"),
        ("map", "(an object with any names)"),
        ("numbered", "(an object with any names)"),
    ] {
        for description in descriptions(name) {
            assert!(description.contains(words), "{name}: {description}");
        }
    }
}

#[test]
fn a_dialect_that_cannot_nest_names_the_members() {
    let [_, odd] = catalogs();
    let parameters = schema::functions(&odd)["Functions"][0]["Parameters"].clone();
    let nested = &parameters["nested"];
    let members = "`count`: an integer 10 or less; `plain`: one of `Low`, `High`, optional";
    assert_eq!(nested["Type"], "string");
    assert_eq!(nested["Description"], format!("(a JSON object with {members})"));
    assert_eq!(parameters["grid"]["Type"], "array");
    assert!(parameters["grid"]["Description"].as_str().unwrap().contains(members), "{}", parameters["grid"]);
}

#[test]
fn a_catalog_shows_only_what_may_go_in_and_out() {
    let catalog = kit::router().catalog();
    assert_eq!(
        catalog.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(),
        ["act", "act_confirmed", "act_once", "take_order", "update"]
    );
    let text = serde_json::to_string(&catalog).unwrap();
    assert!(!text.contains("internalNote") && !text.contains("hidden"), "{text}");
    let update = catalog.tools.last().unwrap();
    assert_eq!(update.refuse, ["accountStatus", "creditLimit", "role"]);
    assert!(!update.input.to_string().contains("accountStatus"));
    assert_eq!(update.description, "Change an account.");
    let read: Catalog = serde_json::from_str(&text).unwrap();
    assert_eq!(read, catalog, "a catalog can be read back");
}

#[test]
fn accept_narrows_the_schema_too() {
    let tool = Tool::new("some", everything_optional).accept(["a"]).expose_all();
    let catalog = Router::<()>::builder().group("g").tool(tool).build().unwrap().catalog();
    let properties: &Map<String, Value> = catalog.tools[0].input["properties"].as_object().unwrap();
    assert_eq!(properties.keys().collect::<Vec<_>>(), ["a"]);
    assert_eq!(
        schema::gateway(&catalog)["InlinePayload"][0]["InputSchema"]["Properties"],
        json!({"a": {"Type": "string"}})
    );
}

/// Optional things.
#[derive(Deserialize, JsonSchema, Validate)]
#[expect(dead_code, reason = "only its schema is used")]
struct Optional {
    a: Option<String>,
    b: Option<String>,
}

async fn everything_optional(_: Optional) -> Result<(), ToolError> {
    Ok(())
}
