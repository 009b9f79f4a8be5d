//! Spans of calls: what they have, what they never have, and what their receiver can do to a call.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use toolgate::{
    Router, Service, Tool, ToolError, Wire,
    otlp::{Exporter, Settings},
    testing,
};

use super::kit::{self, Act, Event, State, event, send};

const CANARY: &str = "CANARYcanary0123456789";

/// A receiver on this machine, and the bodies that it gets.
fn receiver(status: &'static str) -> (SocketAddr, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, (sender, bodies)) = (listener.local_addr().unwrap(), channel());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let sender = sender.clone();
            std::thread::spawn(move || answer(&stream.unwrap(), status, &sender));
        }
    });
    (address, bodies)
}

fn answer(stream: &TcpStream, status: &str, bodies: &Sender<Vec<u8>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut line) = (0, String::new());
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        bodies.send(body).ok()?;
        { stream }.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).ok()?;
    }
}

fn traced(address: SocketAddr) -> (Service<State>, Arc<Exporter>) {
    let settings = Settings::for_receiver(&format!("http://{address}")).unwrap().service_name("kit");
    let exporter = Arc::new(Exporter::new(settings));
    (kit::service().traced(exporter.clone()), exporter)
}

/// Calls, and returns what is sent for it. `None` where nothing is.
async fn sent(event: &Event, xray: Option<&str>) -> Option<Vec<u8>> {
    let (address, bodies) = receiver("200 OK");
    let (service, exporter) = traced(address);
    let mut context = testing::context(event.client_context.as_ref());
    context.xray_trace_id = xray.map(str::to_owned);
    let _ = service.handle(event.event.clone(), &context).await;
    exporter.flush().await;
    bodies.try_recv().ok()
}

fn has(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn a_call_is_one_span_with_its_gates_on_every_wire() {
    for wire in Wire::ALL {
        let body = sent(&event(wire, "act", json!({"what": "conflict"})), None).await.unwrap();
        let name = if wire == Wire::Mcp { "tools/call act" } else { "execute_tool act" };
        for part in [name, "gen_ai.tool.name", "error.type", "conflict", "toolgate.gate", "fields in", wire.name()] {
            assert!(has(&body, part.as_bytes()), "{wire}: {part}");
        }
        assert!(!has(&body, b"middleware"), "a gate that is not declared is no event");
    }
}

#[tokio::test]
async fn the_parent_is_the_span_that_the_caller_names() {
    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const OTHER: &str = "00-11111111111111111111111111111111-2222222222222222-01";
    const XRAY: &str = "Root=1-33333333-333333333333333333333333;Parent=4444444444444444;Sampled=1";
    let ids = |trace: u128, span: u64| (trace.to_be_bytes(), span.to_be_bytes());
    let parent = ids(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, 0x00f0_67aa_0ba9_02b7);
    let other = ids(0x1111_1111_1111_1111_1111_1111_1111_1111, 0x2222_2222_2222_2222);
    let xray = ids(0x3333_3333_3333_3333_3333_3333_3333_3333, 0x4444_4444_4444_4444);
    let mcp = |meta: Option<&str>, header: Option<&str>| {
        let mut call = event(Wire::Mcp, "act", json!({"what": "hello"}));
        if let Some(meta) = meta {
            let mut body: Value = serde_json::from_str(call.event["body"].as_str().unwrap()).unwrap();
            body["params"]["_meta"]["traceparent"] = meta.into();
            call.event["body"] = body.to_string().into();
        }
        if let Some(header) = header {
            call.event["headers"]["traceparent"] = header.into();
        }
        call
    };
    let direct = event(Wire::Direct, "act", json!({"what": "hello"}));
    for (call, header, (trace, span)) in [
        (mcp(Some(PARENT), Some(OTHER)), Some(XRAY), parent),
        (mcp(None, Some(OTHER)), Some(XRAY), other),
        (mcp(None, None), Some(XRAY), xray),
        (mcp(Some("wrong"), None), Some(XRAY), xray),
        (direct.clone(), Some(XRAY), xray),
    ] {
        let body = sent(&call, header).await.unwrap();
        assert!(has(&body, &trace) && has(&body, &span));
    }
    assert!(sent(&direct, None).await.is_some(), "a call without a parent is the root of a trace");
    assert!(sent(&direct, Some("Root=1-33333333-333333333333333333333333;Sampled=0")).await.is_some());
    let unsampled = XRAY.replace("Sampled=1", "Sampled=0");
    assert_eq!(sent(&direct, Some(&unsampled)).await, None, "the caller does not record this trace");
    assert_eq!(sent(&mcp(Some(&PARENT.replace("-01", "-00")), None), Some(XRAY)).await, None);
}

/// Every event that differs from this one in one text or one name, which is the canary.
fn planted(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => {
            let inner: Option<Value> = serde_json::from_str(text).ok().filter(Value::is_object);
            let inner = inner.iter().flat_map(planted).map(|inner| inner.to_string().into());
            [CANARY.into(), format!("{text}{CANARY}").into()].into_iter().chain(inner).collect()
        }
        Value::Array(items) => (0..items.len())
            .flat_map(|at| {
                planted(&items[at]).into_iter().map(move |item| {
                    let mut items = items.clone();
                    items[at] = item;
                    items.into()
                })
            })
            .collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| {
                let replaced = planted(member).into_iter().map(|member| (name.clone(), member));
                replaced.chain([(CANARY.to_owned(), member.clone())]).map(|(changed, member)| {
                    let mut members = members.clone();
                    if changed != *name {
                        members.remove(name);
                    }
                    members.insert(changed, member);
                    members.into()
                })
            })
            .collect(),
        Value::Number(_) => vec![CANARY.into()],
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn no_value_of_a_call_is_ever_in_a_span() {
    let (address, bodies) = receiver("200 OK");
    let (service, exporter) = traced(address);
    let mut calls = 0;
    for wire in Wire::ALL {
        for what in ["hello", "internal", "panic", "set", "who", "debug", "invisible", "conflict"] {
            let call = event(wire, "act", json!({"what": what}));
            let contexts = call.client_context.iter().flat_map(planted);
            let events = planted(&call.event).into_iter().map(|event| (event, call.client_context.clone()));
            let all: Vec<_> = events.chain(contexts.map(|context| (call.event.clone(), Some(context)))).collect();
            for (event, client_context) in all {
                let mut context = testing::context(client_context.as_ref());
                context.xray_trace_id = Some(CANARY.to_owned());
                let _ = service.handle(event, &context).await;
                calls += 1;
            }
            exporter.flush().await;
        }
        let call = event(wire, "take_order", json!({"orderId": CANARY, "email": CANARY, "password": CANARY}));
        send(&service, &call).await;
        exporter.flush().await;
    }
    let bodies: Vec<_> = bodies.try_iter().collect();
    assert!(calls > 500 && bodies.len() >= 40, "{calls} {}", bodies.len());
    for body in bodies {
        for secret in [CANARY, "SECRET", "canary", "CUST-1"] {
            assert!(!has(&body, secret.as_bytes()), "{secret}: {}", String::from_utf8_lossy(&body));
        }
    }
}

#[tokio::test]
async fn a_receiver_that_fails_changes_no_reply_and_is_asked_again_only_after_a_pause() {
    let (address, bodies) = receiver("500 Internal Server Error");
    let (service, exporter) = traced(address);
    let call = event(Wire::Direct, "act", json!({"what": "hello"}));
    for _ in 0..3 {
        assert_eq!(send(&service, &call).await, send(&kit::service(), &call).await);
        exporter.flush().await;
    }
    assert_eq!(bodies.try_iter().count(), 1);
}

#[tokio::test]
async fn a_receiver_that_hangs_or_is_absent_delays_one_call_by_a_bounded_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let hangs = silent.local_addr().unwrap();
    let absent = {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        closed.local_addr().unwrap()
    };
    for address in [hangs, absent] {
        let (service, exporter) = traced(address);
        let call = event(Wire::Direct, "act", json!({"what": "hello"}));
        let started = Instant::now();
        for _ in 0..3 {
            assert_eq!(send(&service, &call).await, send(&kit::service(), &call).await);
            exporter.flush().await;
        }
        assert!(started.elapsed() < Duration::from_millis(900), "{:?}", started.elapsed());
    }
}

#[derive(Serialize, JsonSchema)]
struct Asked {
    text: &'static str,
}

async fn ask(input: Act) -> Result<Asked, ToolError> {
    let request = toolgate::begin_request("aws.dynamodb", "GetItem").unwrap();
    if input.what != "ask" {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    request.end(None);
    Ok(Asked { text: "done" })
}

#[tokio::test]
async fn a_request_of_a_tool_is_a_child_and_an_unfinished_one_was_interrupted() {
    let (address, bodies) = receiver("200 OK");
    let exporter = Arc::new(Exporter::new(Settings::for_receiver(&format!("http://{address}")).unwrap()));
    let router = Router::builder().group("asks").tool(Tool::new("ask", ask).expose(["text"])).build().unwrap();
    let service = router.with_state(()).traced(exporter.clone());
    for what in ["ask", "ask for ever"] {
        let call = testing::call(&service, "ask", json!({"what": what})).deadline(Duration::from_millis(200));
        let _ = call.await;
        exporter.flush().await;
        let body = bodies.try_recv().unwrap();
        for part in ["aws.dynamodb", "GetItem", "db.operation.name", "execute_tool ask"] {
            assert!(has(&body, part.as_bytes()), "{part}");
        }
        assert_eq!(has(&body, b"error.type\x12\x0d\x0a\x0binterrupted"), what != "ask");
    }
    assert!(toolgate::begin_request("aws.dynamodb", "GetItem").is_none(), "there is no call here");
}
