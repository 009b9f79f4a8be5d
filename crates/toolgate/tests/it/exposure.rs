//! A field outside of `.expose([..])` is never serialised: not in an output, an error, a replay or a cached reply.

use std::{borrow::Cow, time::Duration};

use proptest::{collection, prelude::*};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toolgate::{Cache, Call, Cx, Next, Once, Replay, Router, RouterBuilder, Service, Tool, ToolError, Wire, key};
use validator::Validate;

use super::{
    kit::{body, error, event},
    properties::{run, tree},
};

/// How a call may end.
#[derive(Deserialize, JsonSchema, Validate)]
struct Ending {
    /// `output`, `replay`, or what goes wrong.
    how: String,
}

/// Unchanged JSON, under the schema of `A`.
#[derive(Serialize, Clone)]
#[serde(transparent)]
struct Raw(Value);

impl JsonSchema for Raw {
    fn schema_name() -> Cow<'static, str> {
        "Raw".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        A::json_schema(generator)
    }
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct A {
    a: String,
    b: Option<B>,
    c: Vec<B>,
    d: Vec<Vec<String>>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct B {
    a: String,
    b: C,
    c: Vec<C>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct C {
    a: String,
    d: Vec<String>,
}

const PATHS: [&str; 18] = [
    "a",
    "b",
    "b.a",
    "b.b",
    "b.b.a",
    "b.b.d",
    "b.c[].a",
    "b.c[]",
    "c",
    "c[]",
    "c[].a",
    "c[].b.d[]",
    "c[].c[].d",
    "c[].b",
    "d",
    "d[]",
    "d[][]",
    "b.c",
];

const FAILURES: [&str; 8] = ["invalid", "refused", "not found", "conflict", "fatal", "internal", "panic", "problem"];

/// Tools that have `output`, and expose `paths` of it.
fn service(output: &Value, paths: &[&str], limit: usize) -> Service<()> {
    builder(output, paths, limit).build().unwrap().with_state(()).wires(Wire::ALL)
}

/// The same tools behind middleware that returns all of `output`, whatever the tool returns.
fn talkative(output: &Value, paths: &[&str]) -> Service<()> {
    let reply = output.clone();
    let step = move |call: Call<()>, next: Next<()>| {
        let reply = reply.clone();
        async move { next.run(call).await.map(|_| reply) }
    };
    builder(output, paths, 1 << 20).with(step).build().unwrap().with_state(()).wires(Wire::ALL)
}

fn builder(output: &Value, paths: &[&str], limit: usize) -> RouterBuilder<()> {
    let committed = Raw(output.clone());
    let once = move |cx: Cx<()>, ending: Ending| {
        let output = committed.clone();
        let session = cx.once_key().and_then(|key| key.session()).map(str::to_owned);
        async move { end(&ending.how, output, session).map(|output| cx.once_key().unwrap().committed(output)) }
    };
    let once = Tool::new("once", once).describe("End in some way.").expose(paths.to_vec()).max_reply(limit);
    let [plain, cached] = ["plain", "cached"].map(|name| {
        let output = Raw(output.clone());
        let tool = move |ending: Ending| {
            let output = output.clone();
            async move { end(&ending.how, output, None) }
        };
        Tool::new(name, tool).describe("End in some way.").expose(paths.to_vec()).max_reply(limit)
    });
    Router::builder()
        .group("kit")
        .tool(plain)
        .tool(once.once(Once::by(|_| key("one"))))
        .tool(cached.cache(Cache::per_caller(Duration::from_secs(60))))
}

fn end(how: &str, output: Raw, session: Option<String>) -> Result<Raw, ToolError> {
    let private = output.0.to_string();
    match how {
        "output" => Ok(output),
        "replay" => Err(ToolError::replay(Replay::of(output.0).in_session(session))),
        "invalid" => Err(ToolError::invalid("that is wrong").with_source(private)),
        "refused" => Err(ToolError::refused("that is refused").with_source(private)),
        "not found" => Err(ToolError::not_found("that is not there").with_source(private)),
        "conflict" => Err(ToolError::conflict("that has changed").with_source(private)),
        "fatal" => Err(ToolError::conflict("stop").with_source(private).fatal()),
        "problem" => {
            let output: Result<Vec<u8>, _> = serde_json::from_value(output.0);
            Err(ToolError::internal(output.err().map_or(private, |error| error.to_string())))
        }
        "panic" => panic!("{private}"),
        _ => Err(ToolError::internal(private)),
    }
}

/// Calls a tool. Returns the whole reply as text, and its body.
fn ended(service: &Service<()>, wire: Wire, tool: &str, how: &str) -> (String, Value) {
    let event = event(wire, tool, json!({"how": how}));
    let context = toolgate::testing::context(event.client_context.as_ref());
    let reply = run(service.handle(event.event, &context)).unwrap();
    (reply.to_string(), body(wire, &reply))
}

/// Values that match the schema, so that deep paths exist in them.
fn typed() -> impl Strategy<Value = Value> {
    let c = (0..3_usize).prop_map(|n| json!({"a": 1, "d": vec![1; n], "e": [1]}));
    let b = (c.clone(), collection::vec(c, 0..3)).prop_map(|(b, c)| json!({"a": 1, "b": b, "c": c, "e": {"a": 1}}));
    (b.clone(), collection::vec(b, 0..3), 0..3_usize)
        .prop_map(|(b, c, n)| json!({"a": 1, "b": b, "c": c, "d": vec![vec![1; n]; 2], "e": {"a": {"a": 1}}}))
}

/// Replaces every leaf with a mark and its own path, in the spelling of `.expose`.
fn mark(value: &mut Value, path: &str) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, member)| mark(member, &join(path, name))),
        Value::Array(items) => items.iter_mut().for_each(|item| mark(item, &format!("{path}[]"))),
        leaf => *leaf = format!("MARK {path}").into(),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The paths of a value's marked leaves, in order.
fn leaves<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => members.values().for_each(|member| leaves(member, found)),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::String(text) => found.extend(text.strip_prefix("MARK ")),
        _ => {}
    }
}

/// The paths of all members of a value.
fn members(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(inner) => inner.iter().for_each(|(name, member)| {
            found.push(join(path, name));
            members(member, &join(path, name), found);
        }),
        Value::Array(items) => items.iter().for_each(|item| members(item, &format!("{path}[]"), found)),
        _ => {}
    }
}

/// Whether one path is equal to or below another.
fn is_under(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn allowed<'a>(output: &'a Value, paths: &[&str]) -> Vec<&'a str> {
    let mut all = Vec::new();
    leaves(output, &mut all);
    all.into_iter().filter(|leaf| paths.iter().any(|path| is_under(leaf, path))).collect()
}

/// How often a wire sends an output: mcp as a value, and the same as text.
fn times(wire: Wire, reply: &str) -> usize {
    if wire == Wire::Mcp && reply.contains("structuredContent") { 2 } else { 1 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn an_output_and_its_replay_say_what_is_exposed_and_no_more(
        mut output in prop_oneof![tree(), typed()],
        paths in prop::sample::subsequence(&PATHS[..], 1..5),
    ) {
        mark(&mut output, "");
        let (service, talkative) = (service(&output, &paths, 1 << 20), talkative(&output, &paths));
        let allowed = allowed(&output, &paths);
        let ways = [(&service, "plain", "output"), (&service, "once", "replay"), (&talkative, "plain", "output")];
        // each tool is called twice, and the cache answers the second call
        let ways = ways.into_iter().chain([(&service, "cached", "output"); 2]);
        let all = Wire::ALL.into_iter().flat_map(|wire| ways.clone().map(move |way| (wire, way)));
        // a once tool needs a session or an identity
        let all = all.filter(|(wire, (_, tool, _))| *tool != "once" || matches!(wire, Wire::Function | Wire::Api));
        for (wire, (service, tool, how)) in all {
            let (reply, body) = ended(service, wire, tool, how);
            let (mut left, mut names) = (Vec::new(), Vec::new());
            leaves(&body, &mut left);
            members(&body, "", &mut names);
            prop_assert_eq!(&left, &allowed, "{} {} {}: exposed {:?} of {}", wire, tool, how, &paths, &output);
            // no other part of the reply repeats anything of the output
            prop_assert_eq!(reply.matches("MARK").count(), left.len() * times(wire, &reply));
            let on_the_way = |name: &String| paths.iter().any(|path| is_under(name, path) || is_under(path, name));
            prop_assert!(names.iter().all(on_the_way), "{} {}: {:?} of {}", wire, how, names, &output);
        }
    }

    #[test]
    fn what_is_cut_to_fit_says_no_more_either(
        mut output in prop_oneof![tree(), typed()],
        paths in prop::sample::subsequence(&PATHS[..], 1..5),
        limit in 60_usize..400,
    ) {
        mark(&mut output, "");
        let service = service(&output, &paths, limit);
        let allowed = allowed(&output, &paths);
        for wire in Wire::ALL {
            let (reply, body) = ended(&service, wire, "plain", "output");
            let mut left = Vec::new();
            leaves(&body, &mut left);
            prop_assert!(left.iter().all(|leaf| allowed.contains(leaf)), "{:?} of {}", left, &output);
            prop_assert_eq!(reply.matches("MARK").count(), left.len() * times(wire, &reply));
            let cut = body["truncated"] == true || body["error"]["kind"] == "too large";
            prop_assert!(cut || left.len() == allowed.len());
        }
    }

    #[test]
    fn an_error_says_nothing_of_what_the_tool_knew(
        mut output in typed(),
        paths in prop::sample::subsequence(&PATHS[..], 1..5),
        how in prop::sample::select(&FAILURES[..]),
    ) {
        mark(&mut output, "");
        let service = service(&output, &paths, 1 << 20);
        for wire in Wire::ALL {
            for tool in ["plain", "once"] {
                let (reply, body) = ended(&service, wire, tool, how);
                prop_assert!(error(&body)["kind"].is_string());
                prop_assert!(!reply.contains("MARK"), "{} {}: {}", wire, how, reply);
            }
            // a tool without `.once(..)` must not return a replay
            let (reply, body) = ended(&service, wire, "plain", "replay");
            prop_assert_eq!(&error(&body)["kind"], "internal");
            prop_assert!(!reply.contains("MARK"), "{} replay: {}", wire, reply);
        }
    }
}
