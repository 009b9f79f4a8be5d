//! Handlers as processes: the output of `describe`, and a loop that answers every event and keeps running.

use std::process::Command;

use serde_json::{Value, json};
use toolgate::Catalog;

use super::{
    kit,
    platform::{Function, Post, example},
};

const HELLO: &str = r#"{"toolName": "act", "toolInput": {"what": "hello"}}"#;

fn json(post: &Post) -> Value {
    serde_json::from_str(&post.body).unwrap_or_else(|_| panic!("no JSON: {post:?}"))
}

/// Asserts that the process is running and answers correctly.
fn is_well(function: &mut Function) {
    let post = function.invoke(None, HELLO);
    assert_eq!(post.what, "response");
    assert_eq!(json(&post), json!({"statusCode": 200, "body": r#"{"text":"hello"}"#}));
}

#[test]
fn describe_prints_the_catalog_and_needs_no_environment() {
    for (name, catalog) in [("probe", Some(kit::router().catalog())), ("hello", None)] {
        let output = Command::new(example(name)).arg("describe").env_clear().output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        let printed: Catalog = serde_json::from_slice(&output.stdout).unwrap();
        match catalog {
            Some(catalog) => assert_eq!(printed, catalog),
            None => {
                assert_eq!((printed.group.as_str(), printed.tools[0].name.as_str()), ("hello", "greet"));
                assert_eq!(printed.tools[0].description, "Greet a person by name.");
            }
        }
    }
}

#[test]
fn outside_of_lambda_a_handler_says_how_to_run_it() {
    let output = Command::new(example("hello")).env_clear().output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("toolgate dev") && text.contains("describe"), "{text}");
}

#[test]
fn the_hello_world_answers_under_lambda() {
    let mut function = Function::start("hello", &[]);
    let post = function.invoke(None, r#"{"toolName": "greet", "toolInput": {"name": "Ada"}}"#);
    assert_eq!(json(&post)["body"], r#"{"text":"Hello, Ada!"}"#);
}

#[test]
fn any_client_context_is_answered_and_the_process_stays_up() {
    let mut function = Function::start("probe", &[]);
    let name = "\"bedrockAgentCoreToolName\":\"kit___act\"";
    let gateway = [
        format!("{{\"custom\":{{{name}}}}}"),
        format!("{{\"custom\":{{{name},\"bedrockAgentCorePropagatedHeaders\":{{\"X-Hint\":\"h\"}}}}}}"),
        format!("{{\"client\":null,\"custom\":{{{name}}},\"env\":null}}"),
        format!("{{\"client\":{{}},\"custom\":{{{name}}},\"env\":{{\"a\":1}},\"services\":[]}}"),
        format!(
            "{{\"client\":7,\"custom\":{{{name},\"n\":7,\"l\":[1,{{}}],\"o\":{{\"a\":{{\"b\":[]}}}},\"x\":null}}}}"
        ),
        format!("{{\"custom\":{{{name},\"ü\":\"Grüße 漢字 🚀\"}}}}"),
        format!("{{\"custom\":{{{name},\"u\":\"\\u00fc\\ud83d\\ude80\\n\"}}}}"),
    ];
    // `cargo lambda watch` passes on base64
    let in_base64 = ["eyJjdXN0b20iOnsiYmVkcm9ja0FnZW50Q29yZVRvb2xOYW1lIjoia2l0X19fYWN0In19".to_owned()];
    for context in gateway.into_iter().chain(in_base64) {
        let post = function.invoke(Some(&context), r#"{"what": "hello"}"#);
        assert_eq!((post.what.as_str(), json(&post)), ("response", json!({"text": "hello"})), "{context}");
    }
    // a context without the name of a gateway tool has no effect
    for context in
        ["", "null", "{}", "[]", "7", "\"text\"", "{\"custom\":null}", "{\"custom\":[]}", "{\"client\":null}"]
    {
        let post = function.invoke(Some(context), HELLO);
        assert_eq!(post.what, "response", "{context}: {post:?}");
    }
    // a context that cannot be read may have named a tool, so the call is not answered as if there were none
    let deep = "[".repeat(5_000);
    for context in
        [b"no json".as_slice(), b"bm8ganNvbg==", b"{\"custom\":", b"{\"custom\":{\"a\":\"\xff\xfe\"}}", deep.as_bytes()]
    {
        let header = [b"lambda-runtime-client-context: ", context].concat();
        let post = function.invoke_raw(&[b"lambda-runtime-deadline-ms: 33000000000000", &header], HELLO);
        assert_eq!(post.what, "error", "{post:?}");
        assert_eq!(post.error_type.as_deref(), Some("Toolgate.UnreadableClientContext"));
        assert_eq!(json(&post)["errorType"], "Toolgate.UnreadableClientContext");
        is_well(&mut function);
    }
}

#[test]
fn the_gateway_s_headers_reach_the_caller() {
    let mut function = Function::start("probe", &[]);
    for headers in
        [json!({"X-Customer": "CUST-7", "X-Hint": "h"}), json!("{\"x-customer\":\"CUST-7\",\"x-hint\":\"h\"}")]
    {
        let custom = json!({"bedrockAgentCoreToolName": "kit___act", "bedrockAgentCorePropagatedHeaders": headers});
        let post = function.invoke(Some(&json!({"client": null, "custom": custom}).to_string()), r#"{"what": "who"}"#);
        assert_eq!(json(&post), json!({"text": "CUST-7 h"}));
    }
}

#[test]
fn odd_headers_do_not_cost_the_call() {
    let mut function = Function::start("probe", &[]);
    let deadline = b"lambda-runtime-deadline-ms: 33000000000000".as_slice();
    let headers: [&[&[u8]]; 9] = [
        &[],
        &[b"lambda-runtime-deadline-ms: soon"],
        &[b"lambda-runtime-deadline-ms: -1"],
        &[b"lambda-runtime-deadline-ms: 18446744073709551615"],
        &[deadline, b"lambda-runtime-cognito-identity: garbage"],
        &[deadline, b"lambda-runtime-cognito-identity: null"],
        &[deadline, b"lambda-runtime-cognito-identity: \xff"],
        &[deadline, b"lambda-runtime-cognito-identity: {\"identity_id\":\"a\",\"identity_pool_id\":\"b\"}"],
        &[deadline, b"lambda-runtime-trace-id: \xff", b"lambda-runtime-tenant-id: t"],
    ];
    for headers in headers {
        let post = function.invoke_raw(headers, HELLO);
        assert_eq!(post.what, "response", "{post:?}");
        assert_eq!(json(&post)["statusCode"], 200, "{post:?}");
    }
    let post = function.invoke_raw(&[deadline, b"lambda-runtime-invoked-function-arn: \xff"], HELLO);
    assert_eq!(post.error_type.as_deref(), Some("Toolgate.UnreadableContext"));
    is_well(&mut function);
}

#[test]
fn odd_events_are_answered() {
    let mut function = Function::start("probe", &[]);
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    for (event, kind) in [
        ("", "Toolgate.UnknownEvent"),
        ("null", "Toolgate.UnknownEvent"),
        ("{}", "Toolgate.UnknownEvent"),
        ("no json", "Toolgate.UnreadableEvent"),
        ("{\"toolName\": ", "Toolgate.UnreadableEvent"),
        (&deep, "Toolgate.UnreadableEvent"),
    ] {
        let post = function.invoke(None, event);
        assert_eq!((post.what.as_str(), post.error_type.as_deref()), ("error", Some(kind)), "{event:.20}");
        assert_eq!(json(&post)["errorType"], kind);
        is_well(&mut function);
    }
    for what in ["panic", "internal", "fatal"] {
        let post = function.invoke(None, &json!({"toolName": "act", "toolInput": {"what": what}}).to_string());
        assert_eq!(post.what, "response");
        assert!(!post.body.contains("SECRET"), "{post:?}");
        is_well(&mut function);
    }
}

#[test]
fn a_handler_that_cannot_start_says_why() {
    for (variable, value, reason) in [
        ("PROBE_FAILS", "1", "PROBE_FAILS is set"),
        ("PROBE_PANICS", "1", "the function panicked while it started"),
        ("TOOLGATE_WIRES", "function,nonsense", "TOOLGATE_WIRES: `nonsense` is not a valid wire"),
    ] {
        let mut function = Function::start("probe", &[(variable, value)]);
        let post = function.post();
        assert_eq!((post.what.as_str(), post.error_type.as_deref()), ("init/error", Some("Runtime.InitError")));
        assert!(json(&post)["errorMessage"].as_str().unwrap().contains(reason), "{post:?}");
        assert!(!function.wait());
    }
}

#[test]
fn a_variable_that_is_not_text_refuses_to_start() {
    use std::os::unix::ffi::OsStrExt;
    let odd = std::ffi::OsStr::from_bytes(b"gateway\xff");
    for name in [
        "TOOLGATE_WIRES",
        "TOOLGATE_BUDGET_CALLS",
        "TOOLGATE_BUDGET_USD",
        "TOOLGATE_METRICS",
        "TOOLGATE_METRICS_NAMESPACE",
        "TOOLGATE_LOG",
        "TOOLGATE_OF_LATER",
    ] {
        let mut function = Function::start_with("probe", &[(name, odd)]);
        let post = function.post();
        assert_eq!(
            (post.what.as_str(), post.error_type.as_deref()),
            ("init/error", Some("Runtime.InitError")),
            "{name}"
        );
        let message = json(&post)["errorMessage"].as_str().unwrap().to_owned();
        assert_eq!(message, format!("{name} is not UTF-8 text: set it anew, or unset it"));
        assert!(!function.wait());
    }
}

#[test]
fn a_panic_in_a_layer_is_a_function_error_and_the_process_stays() {
    let mut function = Function::start("probe", &[("PROBE_LAYER", "1"), ("TOOLGATE_LOG", "info")]);
    for place in ["call", "future", "the next poll_ready"] {
        let event = json!({"toolName": "act", "toolInput": {"what": "hello"}, "panicIn": place}).to_string();
        let mut post = function.invoke(None, &event);
        if place == "the next poll_ready" {
            assert_eq!(post.what, "response", "{post:?}");
            post = function.invoke(None, &event);
        }
        assert_eq!((post.what.as_str(), post.error_type.as_deref()), ("error", Some("Toolgate.Panic")), "{place}");
        assert!(!post.body.contains("SECRET"), "{post:?}");
        is_well(&mut function);
    }
    assert!(!function.log().contains("SECRET"));
}

#[test]
fn a_panic_hook_that_the_state_sets_stays() {
    let mut function = Function::start("probe", &[("PROBE_HOOK", "1")]);
    let post = function.invoke(None, &json!({"toolName": "act", "toolInput": {"what": "panic"}}).to_string());
    assert_eq!(post.what, "response");
    is_well(&mut function);
    let log = function.log();
    assert!(log.contains("OWN-HOOK") && log.contains("kit.rs"), "{log}");
}

#[test]
fn the_environment_limits_the_wires() {
    let mut function = Function::start("probe", &[("TOOLGATE_WIRES", " function , gateway")]);
    assert_eq!(json(&function.invoke(None, HELLO))["statusCode"], 403);
    let context = r#"{"custom":{"bedrockAgentCoreToolName":"kit___act"}}"#;
    assert_eq!(json(&function.invoke(Some(context), r#"{"what": "hello"}"#)), json!({"text": "hello"}));
}

/// The log of a process after some calls.
fn log(variables: &[(&str, &str)]) -> Vec<String> {
    let mut function = Function::start("probe", variables);
    for what in ["INPUT-1", "conflict", "internal", "panic"] {
        function.invoke(None, &json!({"toolName": "act", "toolInput": {"what": what}}).to_string());
    }
    function.invoke(None, &json!({"toolName": "MADE-UP", "toolInput": {"INPUT-2": "INPUT-3"}}).to_string());
    function.invoke(
        None,
        &json!({"toolName": "take_order", "toolInput": {"orderId": "INPUT-4", "INPUT-5": 1}}).to_string(),
    );
    function.invoke(None, &json!({"toolName": "take_order", "toolInput": {"orderId": "INPUT-6"}}).to_string());
    function.invoke(None, r#"{"INPUT-7": 1}"#);
    function.invoke(None, "INPUT-8");
    function.log().lines().map(str::to_owned).collect()
}

#[test]
fn a_call_is_one_line_of_json_and_tells_no_input_and_no_output() {
    let lines: Vec<Value> = log(&[("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("TOOLGATE_LOG", "trace")])
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let calls: Vec<&Value> = lines.iter().filter(|line| line["message"] == "call").collect();
    let column = |name: &str| calls.iter().map(|line| line[name].as_str().unwrap_or_default()).collect::<Vec<_>>();
    assert_eq!(column("tool"), ["act", "act", "act", "act", "(unknown)", "take_order", "take_order", "", ""]);
    assert_eq!(
        column("outcome"),
        ["ok", "conflict", "internal", "internal", "unknown tool", "invalid", "ok", "unknown event", "unreadable"]
    );
    assert_eq!(column("gate"), ["", "", "", "panic", "tool", "types", "", "", ""]);
    assert_eq!(column("wire")[..7], ["direct"; 7]);
    assert_eq!(column("level"), ["INFO", "INFO", "ERROR", "ERROR", "INFO", "INFO", "INFO", "WARN", "WARN"]);
    assert_eq!(column("request_id"), ["id-1", "id-2", "id-3", "id-4", "id-5", "id-6", "id-7", "id-8", "id-9"]);
    assert!(calls[..7].iter().all(|line| line["duration_ms"].is_number()));
    assert_eq!(calls[6]["dropped"], 3, "two hidden fields and a note");
    assert_eq!(calls[2]["cause"], "SECRET-SOURCE", "the log may have the source");
    let text = serde_json::to_string(&lines).unwrap();
    assert!(!text.contains("INPUT") && !text.contains("MADE-UP"), "{text}");
    assert!(!text.contains("SECRET-PANIC") && !text.contains("SECRET-0") && !text.contains("SECRET-1"), "{text}");
    assert!(lines.iter().any(|line| line["message"] == "panic" && line["place"].as_str().unwrap().contains("kit.rs")));
}

#[test]
fn other_crates_are_capped_at_info_whatever_the_filter_says() {
    for filter in ["trace", "other_crate=trace,debug", "other_crate::client=trace,probe=trace,probe_of_another=trace"] {
        let text = log(&[("TOOLGATE_LOG", filter)]).join("\n");
        assert!(!text.contains("DEBUG-OF-ANOTHER-CRATE") && !text.contains("TRACE-OF-ANOTHER-CRATE"), "{text}");
        assert!(text.contains("DEBUG-OF-ITS-OWN"), "{filter}: {text}");
    }
    let text = log(&[]).join("\n");
    assert!(text.contains("INFO-OF-ANOTHER-CRATE") && !text.contains("DEBUG-OF-ITS-OWN"), "{text}");
    let text = log(&[("RUST_LOG", "error")]).join("\n");
    assert!(!text.contains("INFO") && text.contains("ERROR"), "{text}");
}
