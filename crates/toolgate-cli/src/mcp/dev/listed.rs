//! The tools of this server, as its clients list them.

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

pub(super) const LIST_TOOLS: &str = "list_tools";
pub(super) const CALL_TOOL: &str = "call_tool";
pub(super) const LIST_TURNS: &str = "list_turns";
pub(super) const GET_TURN: &str = "get_turn";
pub(super) const REPLAY: &str = "replay";
pub(super) const LIST_APPROVALS: &str = "list_approvals";

pub(super) fn tools() -> Vec<Tool> {
    let text = |description: &str| json!({"type": "string", "description": description});
    let texts = |description: &str| json!({"type": "object", "additionalProperties": {"type": "string"}, "description": description});
    let turn = || text("The turn's id, such as `t-12`");
    vec![
        reads(
            LIST_TOOLS,
            "List the functions of the project with their tools: input schemas, wires, identity attributes",
            json!({"function": text("Only this function")}),
            &[],
        ),
        writes(
            CALL_TOOL,
            "Call a tool of a function as a platform would, and get the event that was sent and the reply",
            json!({
                "function": text("The function, such as `orders`"),
                "tool": text("The tool's own name"),
                "input": {"type": "object", "description": "The input, by the tool's input schema"},
                "wire": text("The event format: function, api, gateway, direct or mcp; default: the function's first"),
                "session": text("The session's id; calls of one session share its budget and its once-records"),
                "attributes": texts("Session attributes"),
                "identity": texts("The caller's identity by attribute, such as {\"customerId\": \"CUST-12345\"}"),
            }),
            &["function", "tool", "input"],
        ),
        reads(
            LIST_TURNS,
            "List the last turns of agents and the last direct calls, the newest first",
            json!({
                "limit": {"type": "integer", "minimum": 1, "maximum": 200, "description": "How many; default 20"},
                "before": text("Only turns before this one"),
            }),
            &[],
        ),
        reads(
            GET_TURN,
            "Get the trace of a turn: agents, model turns, calls. With a span: all of it, for a call each gate's verdict, \
             the input as sent and as understood, the output, the rows that changed",
            json!({"turn": turn(), "span": text("A span of the trace, such as `s-3`")}),
            &["turn"],
        ),
        writes(
            REPLAY,
            "Send the event of a recorded call again, and get the reply",
            json!({"turn": turn(), "span": text("The call's span; default: the only call of the turn")}),
            &["turn"],
        ),
        reads(
            LIST_APPROVALS,
            "List the calls that wait for a person, and those that were decided. A person decides, with `toolgate \
             approvals`",
            json!({}),
            &[],
        ),
    ]
}

fn reads(name: &'static str, description: &'static str, properties: Value, required: &[&str]) -> Tool {
    let hints = ToolAnnotations::from_raw(None, Some(true), None, None, Some(false));
    tool(name, description, properties, required).with_annotations(hints)
}

fn writes(name: &'static str, description: &'static str, properties: Value, required: &[&str]) -> Tool {
    let hints = ToolAnnotations::from_raw(None, Some(false), Some(true), Some(false), Some(false));
    tool(name, description, properties, required).with_annotations(hints)
}

fn tool(name: &'static str, description: &'static str, properties: Value, required: &[&str]) -> Tool {
    let schema: Map<String, Value> = Map::from_iter([
        ("type".to_owned(), json!("object")),
        ("properties".to_owned(), properties),
        ("required".to_owned(), json!(required)),
        ("additionalProperties".to_owned(), json!(false)),
    ]);
    Tool::new(name, description, schema)
}
