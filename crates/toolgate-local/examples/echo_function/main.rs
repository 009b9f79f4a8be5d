//! A function for the tests of this crate: it performs the action in its event, over the plain Runtime API.
//!
//! It uses only `std`, so that the tests observe the local agent and not a runtime library.
#![allow(clippy::print_stdout, clippy::indexing_slicing, clippy::expect_used, reason = "it only runs in tests")]

mod stream;

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

fn main() {
    if std::env::args().nth(1).as_deref() == Some("describe") {
        let input = json!({"type": "object", "required": ["text"], "properties": {
            "text": {"type": "string"}, "times": {"type": "integer", "minimum": 1},
        }});
        let output = json!({"type": "object", "properties": {"text": {"type": "string"}}});
        let tool = json!({
            "name": "echo", "description": "says it again", "confirm": false, "once": false,
            "input": input, "output": output, "refuse": ["role"],
        });
        let identity = json!([{"attribute": "userId", "headers": ["x-user-id"], "claims": ["sub"]}]);
        println!(
            "{}",
            json!({
                "catalog": 1, "group": "echo_function", "description": "", "tools": [tool], "identity": identity,
            })
        );
        return;
    }
    match std::env::var("ECHO_ROLE").as_deref() {
        Ok("seed") => return seed(),
        Ok("slow-seed") => {
            seed();
            std::thread::sleep(Duration::from_millis(1500));
            return;
        }
        Ok("endless-seed") => {
            println!("seeding as {}", std::process::id());
            std::thread::sleep(Duration::from_secs(600));
            return;
        }
        Ok("broken-seed") => {
            eprintln!("there is nothing to seed with");
            std::process::exit(4);
        }
        Ok("exits-at-start") => std::process::exit(5),
        Ok("reports-at-start") => {
            let report = json!({"errorType": "Config", "errorMessage": "no TABLE is set"}).to_string();
            request(&runtime_api(), "POST /2018-06-01/runtime/init/error", &[], report.as_bytes());
            std::process::exit(1);
        }
        _ => {}
    }
    loop {
        let (headers, event) = request(&runtime_api(), "GET /2018-06-01/runtime/invocation/next", &[], b"");
        let id = headers.get("lambda-runtime-aws-request-id").expect("an id").clone();
        let event: Value = serde_json::from_slice(&event).expect("an event is JSON");
        // in an event of its own, or in a request to the function's URL
        let asked =
            event["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok()).unwrap_or_default();
        if let Some(plan) = [&event["stream"], &asked["stream"]].into_iter().find(|plan| !plan.is_null()) {
            stream::respond(&runtime_api(), &id, plan);
            continue;
        }
        let (path, reply) = work(&headers, &event);
        let line = format!("POST /2018-06-01/runtime/invocation/{id}/{path}");
        match &event["trace"] {
            Value::Null => drop(request(&runtime_api(), &line, &[], reply.to_string().as_bytes())),
            // as `toolgate` sends it where it is asked; `"always"` sends it in any case
            trace => {
                let asked = headers.get("toolgate-trace").is_some_and(|value| value == "1");
                let kind =
                    if asked || event["always"] == true { "application/vnd.toolgate.traced" } else { "text/plain" };
                let body = if kind == "text/plain" { reply.to_string() } else { format!("{reply}\n{trace}") };
                request(&runtime_api(), &line, &[("content-type", kind)], body.as_bytes());
            }
        }
        if event["then"] == "exit" {
            std::process::exit(0);
        }
    }
}

fn work(headers: &BTreeMap<String, String>, event: &Value) -> (&'static str, Value) {
    if let Some(line) = event["print"].as_str() {
        println!("{line}");
    }
    if event["write"].is_object() {
        put(&event["write"], &event["condition"]);
    }
    if let Some(milliseconds) = event["sleep"].as_u64() {
        std::thread::sleep(Duration::from_millis(milliseconds));
    }
    if let Ok(role) = std::env::var("ECHO_ROLE")
        && role.starts_with("intercept")
    {
        return ("response", intercept(event));
    }
    if let Ok(role) = std::env::var("ECHO_ROLE")
        && role.starts_with("hook")
    {
        return hook(&role, event);
    }
    // a request to the function's URL
    let body = event["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok()).unwrap_or_default();
    if !body["reply"].is_null() {
        return ("response", body["reply"].clone());
    }
    match event["do"].as_str().or(body["do"].as_str()) {
        Some("exit") => std::process::exit(3),
        Some("fail") => return ("error", json!({"errorType": "Mine", "errorMessage": "as asked"})),
        _ => {}
    }
    if let Some(size) = event["size"].as_u64() {
        return ("response", json!("x".repeat(usize::try_from(size).expect("a size"))));
    }
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    let reply = json!({"event": event, "headers": headers, "environment": environment, "pid": std::process::id()});
    ("response", reply)
}

/// A gateway's interceptor. The call's arguments contain its action (`intercept`). A response gets a header, and its
/// text is the event that the interceptor received.
fn intercept(event: &Value) -> Value {
    let mut request = event["mcp"]["gatewayRequest"].clone();
    let answer = |mcp: Value| json!({"interceptorOutputVersion": "1.0", "mcp": mcp});
    if !event["mcp"]["gatewayResponse"].is_null() {
        let mut response = event["mcp"]["gatewayResponse"].clone();
        response["body"]["result"]["seen"] = event.clone();
        response["headers"] = json!({"X-Seen": "yes"});
        return answer(json!({"transformedGatewayResponse": response}));
    }
    let wanted = request["body"]["params"]["arguments"]["intercept"].clone();
    match wanted.as_str() {
        Some("exit") => std::process::exit(3),
        Some("nothing") => json!(null),
        Some("version") => json!({"interceptorOutputVersion": "2.0", "mcp": {"transformedGatewayRequest": request}}),
        Some("no message") => answer(json!({"transformedGatewayRequest": {"body": {"id": 1}}})),
        Some("end") => {
            let body = json!({"jsonrpc": "2.0", "id": request["body"]["id"], "result": {"ended": true}});
            let response = json!({"statusCode": 218, "headers": {"X-Ended": "yes"}, "body": body});
            answer(json!({"transformedGatewayResponse": response, "transformedGatewayRequest": request}))
        }
        _ => {
            request["headers"] = json!({"X-Tenant": "the interceptor's"});
            if request["body"]["params"]["arguments"].is_object() {
                request["body"]["params"]["arguments"]["added"] = json!(true);
            }
            answer(json!({"transformedGatewayRequest": request}))
        }
    }
}

/// A hook of a harness. Its context names the action: the role, the action, the moment.
fn hook(role: &str, event: &Value) -> (&'static str, Value) {
    let context = event["context"].to_string();
    let moment = event["event"].as_str().unwrap_or_default();
    let wants =
        |word: &str| context.contains(&format!("{role} {word} {moment}")) || role.ends_with(&format!("-always-{word}"));
    if wants("hang") {
        std::thread::sleep(Duration::from_secs(60));
    }
    if wants("crash") {
        std::process::exit(3);
    }
    if wants("fail") {
        return ("error", json!({"errorType": "Mine", "errorMessage": "as asked"}));
    }
    if wants("mumble") {
        return ("response", json!({"decision": "perhaps"}));
    }
    if wants("show") {
        return ("response", json!({"decision": "deny", "reason": event.to_string()}));
    }
    if wants("deny") {
        return ("response", json!({"decision": "deny", "reason": format!("{role} says no")}));
    }
    ("response", json!({"decision": "allow"}))
}

fn seed() {
    put(&json!({"id": {"S": "seeded"}}), &Value::Null);
}

/// Writes an item, under a condition if there is one.
fn put(item: &Value, condition: &Value) {
    let variable = |name| std::env::var(name).expect("a variable of the local agent");
    let (table, endpoint) = (variable("TABLE"), variable("AWS_ENDPOINT_URL_DYNAMODB"));
    let body = json!({"TableName": table, "Item": item, "ConditionExpression": condition}).to_string();
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
        variable("AWS_ACCESS_KEY_ID")
    );
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "DynamoDB_20120810.PutItem"),
        ("x-amz-date", "20260101T000000Z"),
        ("authorization", credential.as_str()),
    ];
    let host = endpoint.trim_start_matches("http://").to_owned();
    request(&host, "POST /", &headers, body.as_bytes());
}

fn runtime_api() -> String {
    std::env::var("AWS_LAMBDA_RUNTIME_API").expect("the Runtime API").trim_start_matches("http://").to_owned()
}

fn request(host: &str, line: &str, headers: &[(&str, &str)], body: &[u8]) -> (BTreeMap<String, String>, Vec<u8>) {
    // The Runtime API has a path prefix.
    let (host, base) = host.split_once('/').map_or((host, String::new()), |(host, base)| (host, format!("/{base}")));
    let line = &line.replacen(" /", &format!(" {base}/"), 1);
    let Ok(mut stream) = TcpStream::connect(host) else { std::process::exit(9) };
    let extra: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{extra}content-length: {}\r\n\r\n",
        body.len()
    );
    let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let mut reply = Vec::new();
    let read = stream.read_to_end(&mut reply);
    // The local agent has ended, so this process can end.
    if sent.is_err() || read.is_err() || reply.is_empty() {
        std::process::exit(9);
    }
    let split = reply.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let body = reply.split_off(split + 4);
    let head = String::from_utf8_lossy(&reply).into_owned();
    let mut lines = head.lines();
    let status = lines.next().expect("a status line");
    // a condition of the test is not met
    let is_refused = String::from_utf8_lossy(&body).contains("ConditionalCheckFailed");
    assert!(
        [" 20", " 413"].iter().any(|known| status.contains(known)) || is_refused,
        "{line} gave {status}: {}",
        String::from_utf8_lossy(&body)
    );
    let headers = lines.filter_map(|line| line.split_once(':'));
    (headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect(), body)
}
