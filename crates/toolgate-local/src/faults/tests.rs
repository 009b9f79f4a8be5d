//! The decisions and deliveries of hostile mode, over functions that record their events.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde_json::json;

use super::*;
use crate::lambda::{Event, Invocation, InvokeError};
use toolgate_template::Template;

/// Functions that reply with a serial number after a short delay, and count the reported differences.
#[derive(Debug, Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Event>>>, Arc<AtomicU64>);

impl Recorder {
    fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }
}

impl Transport for Recorder {
    fn happens_once(&self, _function: &str, tool: &str) -> bool {
        tool == "pay"
    }

    fn differs(&self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }

    fn run<'a>(&'a self, _function: &'a str, event: Event) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        let number = {
            let mut events = self.0.lock().unwrap();
            events.push(event.clone());
            events.len()
        };
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let payload = Bytes::from(json!({"number": number}).to_string());
            let request_id = event.request_id.unwrap_or_default();
            Ok(Invocation {
                payload,
                function_error: None,
                log_tail: String::new(),
                request_id,
                lost: false,
                trace: None,
                turn: None,
            })
        })
    }
}

fn event(session: &str, tool: &str) -> Bytes {
    let event = json!({
        "messageVersion": "1.0", "agent": {"id": "Orders", "name": "orders"}, "sessionId": session, "inputText": "hello",
        "actionGroup": "orders", "function": tool, "sessionAttributes": {}, "promptSessionAttributes": {},
        "parameters": [
            {"name": "orderId", "type": "string", "value": "ORD-1"}, {"name": "count", "type": "integer", "value": "5"},
            {"name": "urgent", "type": "boolean", "value": "true"}, {"name": "tags", "type": "array", "value": "[\"a\",\"b\"]"},
        ],
    });
    Bytes::from(event.to_string())
}

fn hostile(seed: u64) -> (Arc<Hostile<Recorder>>, Recorder) {
    let recorder = Recorder::default();
    (Hostile::new(seed, &Template::default(), recorder.clone()), recorder)
}

/// The decisions for these calls, in this order.
fn decided(seed: u64, calls: &[(&str, &str)]) -> BTreeSet<String> {
    let (hostile, _) = hostile(seed);
    let mut count = HashMap::<_, u32>::new();
    let decide = |(session, tool): &(&str, &str)| {
        let call = hostile.prepare("F", event(session, tool));
        let number = count.entry(format!("{session} {tool}")).and_modify(|count| *count += 1).or_default();
        format!("{session} {tool} {number}: {:?} {:?}", call.payload, call.delivery)
    };
    calls.iter().map(decide).collect()
}

#[test]
fn the_seed_and_the_call_decide_and_not_the_order_in_which_calls_arrive() {
    let mut calls = Vec::new();
    for session in ["one", "two", "three"] {
        for tool in ["get", "put"] {
            calls.extend([(session, tool); 10]);
        }
    }
    let first = decided(7, &calls);
    assert_eq!(first.len(), 60);
    for seed in 0..20 {
        SeededRng::new(seed).shuffle(&mut calls);
        assert_eq!(decided(7, &calls), first);
    }
    assert_ne!(decided(8, &calls), first);
    assert!(first.iter().map(|call| call.split(": ").nth(1).unwrap()).collect::<BTreeSet<_>>().len() > 30);
}

#[tokio::test]
async fn the_first_reply_counts_and_the_second_delivery_is_the_same_event() {
    let (mut twice_at_once, mut twice_later, mut cold, mut slow) = (0, 0, 0, 0);
    for seed in 0..60 {
        let delivery = hostile(seed).0.prepare("F", event("s", "get")).delivery.unwrap();
        let (hostile, recorder) = hostile(seed);
        let reply = hostile.invoke("F", event("s", "get")).await.unwrap();
        assert_eq!(reply.payload, json!({"number": 1}).to_string());
        let wanted = match delivery.again {
            None => 1,
            Some(again) => {
                match again {
                    plan::Again::Meanwhile(_) => twice_at_once += 1,
                    plan::Again::Afterwards(_) => twice_later += 1,
                }
                2
            }
        };
        while recorder.events().len() < wanted {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let events = recorder.events();
        assert_eq!(events.len(), wanted);
        assert!(events.iter().all(|other| other.payload == events[0].payload));
        assert_eq!(events[0].cold, delivery.cold);
        cold += u32::from(delivery.cold);
        slow += u32::from(!delivery.delay.is_zero());
    }
    assert!([twice_at_once, twice_later, cold, slow].iter().all(|count| *count > 0));
}

#[tokio::test]
async fn another_reply_counts_for_a_tool_whose_effect_happens_once_and_for_no_other() {
    let mut counted = 0;
    for seed in 0..60 {
        for (tool, counts) in [("pay", true), ("get", false)] {
            let again = hostile(seed).0.prepare("F", event("s", tool)).delivery.unwrap().again.is_some();
            let (hostile, recorder) = hostile(seed);
            hostile.invoke("F", event("s", tool)).await.unwrap();
            let expected = u64::from(again && counts);
            let deadline = std::time::Instant::now() + Duration::from_secs(10);
            while recorder.events().len() < 1 + usize::from(again) || recorder.1.load(Ordering::Relaxed) < expected {
                assert!(std::time::Instant::now() < deadline, "seed {seed}: {tool}: the difference is not counted");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert_eq!(recorder.1.load(Ordering::Relaxed), expected, "seed {seed}: {tool}");
            counted += expected;
        }
    }
    assert!(counted > 0, "no seed delivered twice");
}

#[tokio::test]
async fn what_is_no_call_of_an_action_group_goes_on_as_it_is() {
    for payload in ["", "{", "[1]", "7"] {
        let (hostile, recorder) = hostile(1);
        hostile.invoke("F", Bytes::from(payload)).await.unwrap();
        let events = recorder.events();
        assert_eq!((events.len(), &events[0].payload[..]), (1, payload.as_bytes()));
    }
}

/// A call of this tool through the gateway, with its definition as CloudFormation writes it.
fn tool_event<'a>(definition: &'a Value, number: u64) -> ToolEvent<'a> {
    let arguments = json!({"orderId": "ORD-1", "count": number, "urgent": true}).as_object().cloned().unwrap();
    let client_context = r#"{"custom": {}}"#.to_owned();
    ToolEvent { function: "F", definition, arguments, client_context, is_checked: false }
}

fn definition(tool: &str) -> Value {
    let kinds = [("orderId", "string"), ("count", "integer"), ("urgent", "boolean"), ("note", "string")];
    let properties: Map<String, Value> =
        kinds.into_iter().map(|(name, kind)| (name.to_owned(), json!({"Type": kind}))).collect();
    json!({"Name": tool, "InputSchema": {"Type": "object", "Properties": properties, "Required": ["orderId"]}})
}

#[tokio::test]
async fn a_reply_through_the_gateway_is_lost_only_if_the_effect_happens_once() {
    let (mut lost, mut twice) = (0, 0);
    for (tool, happens_once) in [("pay", true), ("get", false)] {
        let definition = definition(tool);
        for number in 0..60 {
            let delivery = hostile(7).0.prepare_tool(tool_event(&definition, number)).delivery.unwrap();
            let (hostile, recorder) = hostile(7);
            let reply = hostile.call(tool_event(&definition, number)).await.unwrap();
            let counts = if delivery.lost { 2 } else { 1 };
            assert_eq!(reply.payload, json!({"number": counts}).to_string());
            assert!(happens_once || !delivery.lost);
            if delivery.lost {
                assert_eq!(recorder.1.load(Ordering::Relaxed), 1, "the replies differ");
            }
            let events = recorder.events();
            assert!(events.iter().all(|event| event.client_context.is_some() && event.payload == events[0].payload));
            lost += u32::from(delivery.lost);
            twice += u32::from(delivery.again.is_some());
        }
    }
    assert!(lost > 0 && twice > 0, "{lost} {twice}");
}

#[test]
fn the_tool_and_the_arguments_of_a_call_decide_through_the_gateway() {
    let definition = definition("pay");
    let decided = |seed, numbers: &[u64]| -> BTreeSet<String> {
        let (hostile, _) = hostile(seed);
        let decide = |number: &u64| {
            let call = hostile.prepare_tool(tool_event(&definition, *number));
            format!("{:?} {:?}", call.payload, call.delivery)
        };
        numbers.iter().map(decide).collect()
    };
    let mut numbers: Vec<u64> = (0..40).collect();
    let first = decided(7, &numbers);
    SeededRng::new(1).shuffle(&mut numbers);
    assert_eq!(decided(7, &numbers), first);
    assert_ne!(decided(8, &numbers), first);
}
