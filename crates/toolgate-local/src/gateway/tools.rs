//! The gateway's tool list: the tools of all targets, by the names that clients use.

use std::{collections::BTreeMap, sync::Arc};

use rmcp::model::{JsonObject, Tool};
use serde_json::{Map, Value, json};

use super::GatewayError;
use toolgate_template::{GatewaySpec, TargetSpec};

/// Separates the target's name from the tool's name.
pub(super) const BORDER: &str = "___";
/// Number of tools per page of a listing. AgentCore does not document its page size.
const PAGE: usize = 100;

/// A tool of the gateway, and the target of its calls.
#[derive(Debug, Clone)]
pub(crate) struct TargetTool {
    pub(crate) tool: Tool,
    /// The tool definition in CloudFormation's form. Policies are checked against it.
    pub(crate) definition: Value,
    pub(crate) target: Arc<TargetSpec>,
    pub(crate) target_id: String,
}

/// All tools, by name.
#[derive(Debug, Clone)]
pub(crate) struct Tools(BTreeMap<String, TargetTool>);

impl Tools {
    pub(crate) fn new(spec: &GatewaySpec) -> Result<Self, GatewayError> {
        let failed = |problem: String| GatewayError { gateway: spec.logical_id.clone(), problem };
        let mut tools = BTreeMap::new();
        for (index, target) in spec.targets.iter().enumerate() {
            let target = Arc::new(target.clone());
            for definition in &target.tools {
                let Some(name) = definition.get("Name").and_then(Value::as_str) else {
                    return Err(failed(format!("a tool of the target `{}` has no `Name`", target.name)));
                };
                let name = format!("{}{BORDER}{name}", target.name);
                // The form of AgentCore's target ids.
                let target_id = format!("LOCAL{:05}", index + 1);
                let tool = tool(&name, definition);
                let entry = TargetTool { tool, definition: definition.clone(), target: Arc::clone(&target), target_id };
                if tools.insert(name.clone(), entry).is_some() {
                    return Err(failed(format!("two tools are named `{name}`")));
                }
            }
        }
        Ok(Self(tools))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&TargetTool> {
        self.0.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &TargetTool)> {
        self.0.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// The tools after the cursor, by name, and the cursor of the next page.
    pub(crate) fn page<'a>(
        &'a self,
        cursor: Option<&str>,
        paged: bool,
        visible: impl Fn(&str) -> bool + 'a,
    ) -> Result<(Vec<Tool>, Option<String>), String> {
        let size = if paged { PAGE } else { usize::MAX };
        let names: Vec<&str> = self.0.keys().map(String::as_str).filter(|name| visible(name)).collect();
        let (page, next) = page(&names, cursor, size)?;
        Ok((page.iter().filter_map(|name| Some(self.0.get(*name)?.tool.clone())).collect(), next))
    }
}

/// One page of sorted names. The cursor encodes the last listed name. Its form cannot be mistaken for a tool name.
fn page<'a, 'n>(
    names: &'a [&'n str],
    cursor: Option<&str>,
    size: usize,
) -> Result<(&'a [&'n str], Option<String>), String> {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
    let start = match cursor {
        None => 0,
        Some(cursor) => {
            let last = BASE64.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let last = last.ok_or("the cursor is not from this gateway; list from the start")?;
            names.partition_point(|name| *name <= last.as_str())
        }
    };
    let rest = names.get(start..).unwrap_or_default();
    let page = rest.get(..size).unwrap_or(rest);
    let more = rest.len() > page.len();
    Ok((page, page.last().filter(|_| more).map(|last| BASE64.encode(last))))
}

fn tool(name: &str, definition: &Value) -> Tool {
    let text = |key: &str| definition.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut tool = Tool::new(name.to_owned(), text("Description"), object_schema(definition.get("InputSchema")));
    if let Some(output) = definition.get("OutputSchema") {
        tool.output_schema = Some(Arc::new(object_schema(Some(output))));
    }
    tool
}

fn object_schema(definition: Option<&Value>) -> JsonObject {
    match definition.map(schema) {
        Some(Value::Object(schema)) if !schema.is_empty() => schema,
        _ => Map::from_iter([("type".to_owned(), json!("object"))]),
    }
}

/// Converts a `SchemaDefinition` to JSON Schema. Member names become lower camel case; property names stay unchanged.
fn schema(definition: &Value) -> Value {
    let mut schema = Map::new();
    for (key, value) in definition.as_object().into_iter().flatten() {
        let value = match key.as_str() {
            "Properties" => {
                let properties = value.as_object().into_iter().flatten();
                Value::Object(properties.map(|(name, value)| (name.clone(), self::schema(value))).collect())
            }
            "Items" => self::schema(value),
            _ => value.clone(),
        };
        let mut letters = key.chars();
        let small: String = letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect();
        schema.insert(small, value);
    }
    Value::Object(schema)
}

/// The path at which a value is not a valid JSON Schema in the gateway's dialect.
pub(crate) fn mismatch(schema: &Value, value: &Value, at: &str) -> Option<String> {
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    let fits = match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => true,
    };
    if !fits {
        return Some(format!("`{at}` is not of type {kind}"));
    }
    let mut required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.find(|name| value.get(*name).is_none()) {
        return Some(format!("`{at}` lacks `{missing}`"));
    }
    let mut properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let wrong = properties.find_map(|(name, schema)| mismatch(schema, value.get(name)?, &format!("{at}.{name}")));
    wrong.or_else(|| {
        let items = schema.get("items")?;
        let mut values = value.as_array()?.iter().enumerate();
        values.find_map(|(index, value)| mismatch(items, value, &format!("{at}[{index}]")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(targets: &[(&str, &[&str])]) -> GatewaySpec {
        let targets = targets.iter().map(|(name, tools)| TargetSpec {
            name: (*name).to_owned(),
            function: "F".to_owned(),
            tools: tools.iter().map(|tool| json!({"Name": tool, "Description": "x"})).collect(),
            headers: Vec::new(),
            query: Vec::new(),
        });
        GatewaySpec { targets: targets.collect(), ..crate::gateway::tests::spec() }
    }

    #[test]
    fn tools_are_listed_by_target_and_name_in_order() {
        let tools = Tools::new(&spec(&[("orders", &["b", "a___c"]), ("billing", &["z"])])).unwrap();
        let (listed, next) = tools.page(None, true, |_| true).unwrap();
        let names: Vec<&str> = listed.iter().map(|tool| tool.name.as_ref()).collect();
        assert_eq!(names, ["billing___z", "orders___a___c", "orders___b"]);
        assert_eq!(next, None);
        let (listed, _) = tools.page(None, true, |name| name.starts_with("billing")).unwrap();
        assert_eq!(listed.len(), 1);
    }

    #[test]
    fn two_tools_of_one_name_are_an_error() {
        let error = Tools::new(&spec(&[("orders", &["a"]), ("orders", &["a"])])).unwrap_err();
        assert_eq!(error.problem, "two tools are named `orders___a`");
    }

    #[test]
    fn pages_follow_one_another_and_leave_nothing_out() {
        let names = ["a", "b", "c", "d", "e"];
        let (mut seen, mut cursor) = (Vec::new(), None);
        for expected in [2, 2, 1] {
            let (part, next) = page(&names, cursor.as_deref(), 2).unwrap();
            assert_eq!(part.len(), expected);
            seen.extend(part);
            cursor = next;
        }
        assert_eq!((seen.as_slice(), cursor), (names.as_slice(), None));
        // A last page that is full has no next page.
        assert_eq!(page(&names[..2], None, 2).unwrap().1, None);
        assert!(page(&names, Some("no cursor!"), 2).unwrap_err().contains("list from the start"));
    }

    #[test]
    fn a_schema_is_spelt_small_and_its_properties_stay() {
        let definition = json!({"Type": "object", "Required": ["Items"], "Properties": {
            "Items": {"Type": "array", "Description": "Some", "Items": {"Type": "string"}}, "Type": {"Type": "integer"}}});
        let expected = json!({"type": "object", "required": ["Items"], "properties": {
            "Items": {"type": "array", "description": "Some", "items": {"type": "string"}}, "Type": {"type": "integer"}}});
        assert_eq!(schema(&definition), expected);
        assert_eq!(Value::Object(object_schema(None)), json!({"type": "object"}));
    }

    #[test]
    fn a_mismatch_is_reported_with_its_place() {
        let schema = json!({"type": "object", "required": ["a"], "properties": {
            "a": {"type": "array", "items": {"type": "integer"}}}});
        assert_eq!(mismatch(&schema, &json!({"a": [1, 2], "more": "x"}), "reply"), None);
        assert_eq!(mismatch(&schema, &json!({}), "reply").unwrap(), "`reply` lacks `a`");
        assert_eq!(mismatch(&schema, &json!({"a": [1, "2"]}), "reply").unwrap(), "`reply.a[1]` is not of type integer");
        assert_eq!(mismatch(&schema, &json!("x"), "reply").unwrap(), "`reply` is not of type object");
    }
}
