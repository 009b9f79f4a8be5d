//! What the tools of this server do, by the console's API.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{
    console::Console,
    listed::{CALL_TOOL, GET_TURN, LIST_APPROVALS, LIST_TOOLS, LIST_TURNS, REPLAY},
};

type Answer = Result<Value, String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    function: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    function: String,
    tool: String,
    input: Map<String, Value>,
    wire: Option<String>,
    session: Option<String>,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    identity: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turns {
    limit: Option<u32>,
    before: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    turn: String,
    span: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The answer of a tool, or why there is none. `None` if there is no such tool.
pub(super) async fn answer(console: &Console, tool: &str, arguments: Value) -> Option<Answer> {
    Some(match tool {
        LIST_TOOLS => list_tools(console, arguments).await,
        CALL_TOOL => call_tool(console, arguments).await,
        LIST_TURNS => list_turns(console, arguments).await,
        GET_TURN => get_turn(console, arguments).await,
        REPLAY => replay(console, arguments).await,
        LIST_APPROVALS => match read::<Nothing>(arguments) {
            Ok(_) => console.get("approvals", &[]).await,
            Err(problem) => Err(problem),
        },
        _ => return None,
    })
}

async fn list_tools(console: &Console, arguments: Value) -> Answer {
    let asked: Listing = read(arguments)?;
    let mut functions = functions(console).await?;
    if let Some(name) = &asked.function {
        functions.retain(|function| is_named(function, name));
    }
    Ok(json!({"functions": functions}))
}

async fn call_tool(console: &Console, arguments: Value) -> Answer {
    let call: Call = read(arguments)?;
    let wire = match call.wire {
        Some(wire) => wire,
        None => {
            let functions = functions(console).await?;
            let own = functions.iter().find(|function| is_named(function, &call.function));
            let first = own.and_then(|function| function.pointer("/wires/0")?.as_str());
            first.unwrap_or("direct").to_owned()
        }
    };
    let composed = json!({
        "function": call.function, "tool": call.tool, "wire": wire, "input": call.input, "session": call.session,
        "attributes": call.attributes, "identity": call.identity,
    });
    let event = console.post("tools/event", &composed).await?;
    send(console, &call.function, &event).await
}

async fn list_turns(console: &Console, arguments: Value) -> Answer {
    let asked: Turns = read(arguments)?;
    let mut query = vec![("limit", asked.limit.unwrap_or(20).to_string())];
    query.extend(asked.before.map(|before| ("before", before)));
    console.get("turns", &query).await
}

async fn get_turn(console: &Console, arguments: Value) -> Answer {
    let asked: Turn = read(arguments)?;
    let turn = id(&asked.turn)?;
    match &asked.span {
        None => console.get(&format!("turns/{turn}"), &[]).await,
        Some(span) => console.get(&format!("turns/{turn}/spans/{}", id(span)?), &[]).await,
    }
}

async fn replay(console: &Console, arguments: Value) -> Answer {
    let asked: Turn = read(arguments)?;
    let turn = id(&asked.turn)?;
    let span = match asked.span {
        Some(span) => span,
        None => only_call(&console.get(&format!("turns/{turn}"), &[]).await?)?,
    };
    let call = console.get(&format!("turns/{turn}/spans/{}", id(&span)?), &[]).await?;
    let detail = call.get("detail").unwrap_or(&Value::Null);
    let function = detail.get("function").and_then(Value::as_str);
    let is_whole = detail.get("event").is_some_and(|event| !event.is_null() && !is_cut(event))
        && !detail.get("clientContext").is_some_and(is_cut);
    match function {
        Some(function) if is_whole => send(console, function, detail).await,
        _ => Err(format!("the span `{span}` is not a call with a whole event, so it cannot be sent again")),
    }
}

/// Whether the record has only the beginning of a text in this value.
fn is_cut(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.get("$cut") == Some(&Value::Bool(true)) || members.values().any(is_cut),
        Value::Array(items) => items.iter().any(is_cut),
        _ => false,
    }
}

/// Sends the event and the client context of `call`.
async fn send(console: &Console, function: &str, call: &Value) -> Answer {
    let member = |name: &str| call.get(name).cloned().unwrap_or_default();
    let (event, context) = (member("event"), member("clientContext"));
    let sent = json!({"function": function, "event": event, "clientContext": context});
    let mut answer = console.post("tools/send", &sent).await?;
    if let Some(members) = answer.as_object_mut() {
        members.extend([("event".to_owned(), event), ("clientContext".to_owned(), context)]);
    }
    Ok(answer)
}

/// The id of the only call in a turn.
fn only_call(turn: &Value) -> Result<String, String> {
    let spans = turn.get("spanList").and_then(Value::as_array).into_iter().flatten();
    let calls = spans.filter(|span| span.get("kind").and_then(Value::as_str) == Some("call"));
    let calls: Vec<&str> = calls.filter_map(|span| span.get("id")?.as_str()).collect();
    match calls.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err("the turn has no call".to_owned()),
        several => Err(format!("the turn has several calls; name one as `span`: {}", several.join(", "))),
    }
}

async fn functions(console: &Console) -> Result<Vec<Value>, String> {
    let state = console.get("state", &[]).await?;
    Ok(state.get("functions").and_then(Value::as_array).cloned().unwrap_or_default())
}

fn is_named(function: &Value, name: &str) -> bool {
    ["name", "logicalId"].iter().any(|member| function.get(member).and_then(Value::as_str) == Some(name))
}

/// An id, which is a part of a path.
fn id(text: &str) -> Result<&str, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    match !text.is_empty() && text.len() <= 64 && text.bytes().all(is_plain) {
        true => Ok(text),
        false => Err("an id is such as `t-12` or `s-3`; `list_turns` lists the turns".to_owned()),
    }
}

fn read<T: DeserializeOwned>(arguments: Value) -> Result<T, String> {
    serde_json::from_value(arguments).map_err(|error| format!("the arguments do not fit the tool's schema: {error}"))
}
