//! An example event for the start screen: of a tool without an effect, with values from its own schema, on a wire that the
//! template allows.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use toolgate_local::template::FunctionSpec;

const WIDTH: usize = 80;

/// An event, as the lines of a shell command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) function: String,
    pub(super) lines: Vec<String>,
}

impl Event {
    /// Written so that both versions of the AWS CLI read it: version 1 does not know `--cli-binary-format`, version 2
    /// takes a payload for Base64 without it, and both read a file that `fileb://` names as it is.
    pub(super) fn command(&self) -> Vec<String> {
        let mut lines = self.lines.clone();
        if let Some(first) = lines.first_mut() {
            *first = format!("echo '{first}");
        }
        if let Some(last) = lines.last_mut() {
            *last = format!("{last}' |");
        }
        lines.push(format!("  aws lambda invoke --function-name {} \\", self.function));
        lines.push("  --payload fileb:///dev/stdin /dev/stdout".to_owned());
        lines
    }
}

/// The shortest of the events that can be made of the functions' catalogs.
pub(super) fn event(catalogs: Option<&BTreeMap<String, Value>>, functions: &[FunctionSpec]) -> Option<Event> {
    let mut found = Vec::new();
    for (function, catalog) in catalogs.into_iter().flatten() {
        let wires = functions.iter().find(|spec| spec.binary == *function);
        let wires =
            wires.and_then(|spec| spec.environment.get("TOOLGATE_WIRES")).map(String::as_str).unwrap_or_default();
        let group = catalog.get("group").and_then(Value::as_str).unwrap_or_default();
        for tool in catalog.get("tools").and_then(Value::as_array).into_iter().flatten() {
            let lines = input(tool).and_then(|input| written(wires, group, tool.get("name")?.as_str()?, &input));
            found.extend(lines.map(|lines| Event { function: function.clone(), lines }));
        }
    }
    found.into_iter().min_by_key(|event| event.lines.iter().map(String::len).sum::<usize>())
}

/// An input with the required fields of a tool that has no effect.
fn input(tool: &Value) -> Option<Map<String, Value>> {
    let is = |name: &str| tool.get(name) == Some(&Value::Bool(true));
    let schema = tool.get("input")?;
    let fields = schema.get("properties").and_then(Value::as_object)?;
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    // A tool without required input may have any effect.
    if is("confirm") || is("once") || required.is_empty() {
        return None;
    }
    required.into_iter().map(|name| Some((name.to_owned(), value(fields.get(name)?)?))).collect()
}

/// A value of `examples` or `enum`; for a field with a pattern, the value after `such as` in its description:
/// `The order's number, such as ORD-12345.`
fn value(field: &Value) -> Option<Value> {
    let first = |name: &str| field.get(name).and_then(Value::as_array)?.first().cloned();
    if let Some(given) = first("examples").or_else(|| first("enum")) {
        return Some(given);
    }
    let described = field.get("description").and_then(Value::as_str)?;
    let (_, after) = described.split_once("such as ")?;
    let word = after.split([' ', ',', ';', ')', '\n']).next()?.trim_end_matches('.').trim_matches('`');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let has_form = field.get("pattern").is_some();
    (has_form && !word.is_empty() && word.chars().all(is_plain)).then(|| json!(word))
}

/// The event on the first wire that the function answers, in lines that fit a terminal.
fn written(wires: &str, group: &str, tool: &str, input: &Map<String, Value>) -> Option<Vec<String>> {
    let serves = |wire: &str| wires.trim().is_empty() || wires.split(',').any(|served| served.trim() == wire);
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let parameters =
        || input.iter().map(|(name, value)| json!({"name": name, "value": plain(value)})).collect::<Vec<_>>();
    let lines = if serves("direct") {
        vec![format!("{{\"toolName\": \"{tool}\", \"toolInput\": {}}}", spaced(&Value::Object(input.clone())))]
    } else if serves("function") {
        vec![
            format!("{{\"messageVersion\": \"1.0\", \"actionGroup\": \"{group}\","),
            format!("\"function\": \"{tool}\", \"parameters\":"),
            format!("{}}}", spaced(&Value::Array(parameters()))),
        ]
    } else if serves("api") {
        vec![
            format!("{{\"messageVersion\": \"1.0\", \"actionGroup\": \"{group}\", \"httpMethod\": \"POST\","),
            format!("\"apiPath\": \"/{tool}\", \"requestBody\": {{\"content\": {{\"application/json\":"),
            format!("{{\"properties\": {}}}}}}}}}", spaced(&Value::Array(parameters()))),
        ]
    } else {
        return None;
    };
    let fits = |line: &String| line.chars().count() + 9 <= WIDTH && !line.contains('\'') && line.is_ascii();
    lines.iter().all(fits).then_some(lines)
}

/// JSON with a space after colons and commas, for values that have neither.
fn spaced(value: &Value) -> String {
    value.to_string().replace("\":", "\": ").replace(',', ", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogs(tools: Value) -> BTreeMap<String, Value> {
        BTreeMap::from([("shop".to_owned(), json!({"group": "shop", "tools": tools}))])
    }

    fn look_up() -> Value {
        let fields = json!({
            "orderId": {"type": "string", "pattern": "^ORD-", "description": "The order, such as `ORD-1`. Or not."},
            "note": {"type": "string", "description": "Words, such as hello."},
        });
        json!({"name": "look_up", "confirm": false, "once": false, "input": {"properties": fields, "required": ["orderId"]}})
    }

    #[test]
    fn the_event_is_of_a_tool_that_reads_with_the_value_that_its_description_names() {
        let mut pay = look_up();
        pay["name"] = json!("pay");
        pay["once"] = json!(true);
        let mut vague = look_up();
        vague["name"] = json!("x");
        vague["input"]["required"] = json!(["note"]);
        let event = event(Some(&catalogs(json!([pay, vague, look_up()]))), &[]).unwrap();
        assert_eq!(
            event.command(),
            [
                r#"echo '{"toolName": "look_up", "toolInput": {"orderId": "ORD-1"}}' |"#,
                "  aws lambda invoke --function-name shop \\",
                "  --payload fileb:///dev/stdin /dev/stdout",
            ]
        );
        assert_eq!(super::event(Some(&catalogs(json!([pay, vague]))), &[]), None);
    }

    #[test]
    fn it_is_on_a_wire_that_the_function_answers() {
        let input = input(&look_up()).unwrap();
        let on = |wires: &str| {
            written(wires, "shop", "look_up", &input)
                .map(|lines| serde_json::from_str::<Value>(&lines.concat()).unwrap())
        };
        assert_eq!(on("").unwrap()["toolName"], "look_up");
        assert_eq!(on("api, direct").unwrap()["toolName"], "look_up");
        assert_eq!(on("gateway,function").unwrap()["parameters"], json!([{"name": "orderId", "value": "ORD-1"}]));
        assert_eq!(on("api").unwrap()["requestBody"]["content"]["application/json"]["properties"][0]["value"], "ORD-1");
        assert_eq!(on("gateway"), None);
    }
}
