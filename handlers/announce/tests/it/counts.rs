//! The count of the calls that wait, and its metrics.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use announce::Announcer;
use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use serde_json::{Value, json};
use toolgate::Metrics;
use toolgate_dynamodb::WaitingCalls;

use crate::kit::{Desk, LATER, key};

/// The desk, and the lines of its metrics.
async fn measured() -> (Desk, Announcer, Arc<Mutex<Vec<Value>>>) {
    let desk = Desk::open().await;
    let lines = Arc::<Mutex<Vec<Value>>>::default();
    let log = lines.clone();
    let metrics = Metrics::new("BedrockAgents/support-desk/dev", move |line| {
        log.lock().unwrap().push(serde_json::from_str(line).unwrap());
    });
    let announcer = desk.announcer.clone().with_metrics(metrics);
    (desk, announcer, lines)
}

async fn count(announcer: &Announcer) -> Value {
    announcer.handle(json!({"count": "waiting"})).await.unwrap()
}

/// Milliseconds since 1970, some time ago.
fn ago(age: Duration) -> aws_sdk_dynamodb::types::AttributeValue {
    N((SystemTime::now().duration_since(UNIX_EPOCH).unwrap() - age).as_millis().to_string())
}

fn approval(id: &str) -> (&'static str, aws_sdk_dynamodb::types::AttributeValue) {
    ("approval", S(format!("APR-{id}")))
}

#[tokio::test]
async fn what_waits_is_counted_and_what_does_not_is_not() {
    let (desk, announcer, lines) = measured().await;
    assert_eq!(count(&announcer).await, json!({"waiting": 0, "oldestSeconds": 0}));
    let (hour, day) = (Duration::from_secs(3_600), Duration::from_secs(86_400));
    desk.park(&key(1), &[approval("1"), ("parkedAt", ago(hour))]).await;
    desk.park(&key(2), &[approval("2"), ("parkedAt", ago(hour * 2))]).await;
    desk.park(&key(3), &[approval("3"), ("parkedAt", ago(day)), ("expiresAt", N("1000".into()))]).await;
    desk.park(&key(4), &[approval("4"), ("parkedAt", ago(day)), ("usedBy", S("x".into()))]).await;
    desk.park(&key(5), &[approval("5"), ("parkedAt", ago(day))]).await;
    // a decision about the call, and one about a call that was parked under this key before
    for (number, decided) in [(5, "5"), (2, "0")] {
        let item = [("id", S(format!("decision#{}", key(number)))), approval(decided), ("expiresAt", N(LATER.into()))];
        desk.park("x", &item).await;
    }
    for other in ["waiting#CUST-1#3", "elicit#request_refund#1", "other"] {
        desk.park("x", &[("id", S(other.into())), approval("9"), ("parkedAt", ago(day))]).await;
    }
    let counted = count(&announcer).await;
    assert_eq!(counted["waiting"], 2);
    assert!((7_200..7_260).contains(&counted["oldestSeconds"].as_u64().unwrap()), "{counted}");
    let lines = lines.lock().unwrap();
    // scripts/offline/test_metrics.py holds the alarms and the dashboard of the template against the same file
    let golden: Value = serde_json::from_str(include_str!("../metrics.json")).unwrap();
    for line in lines.iter() {
        assert_eq!(line["_aws"]["CloudWatchMetrics"], golden);
    }
    assert_eq!((lines.len(), &lines[1]["ApprovalsWaiting"]), (2, &json!(2)));
    assert_eq!(lines[1]["ApprovalsOldestAge"], counted["oldestSeconds"]);
    assert!(desk.sent.lock().unwrap().is_empty(), "a count announces nothing");
}

#[tokio::test]
async fn all_pages_are_counted_and_only_the_attributes_that_the_role_may_read_are_named() {
    let (desk, announcer, _lines) = measured().await;
    let input = S(format!("{{\"reason\":\"{}\"}}", "hush".repeat(75_000)));
    // more than a page of one megabyte in each of four parts
    for number in 1..=30 {
        desk.park(&key(number), &[approval(&number.to_string()), ("input", input.clone())]).await;
    }
    desk.reads.lock().unwrap().clear();
    assert_eq!(count(&announcer).await["waiting"], 30);
    let reads = desk.reads.lock().unwrap().clone();
    assert!(reads.len() > 4, "{}", reads.len());
    for read in &reads {
        let names = read["ExpressionAttributeNames"].as_object().unwrap();
        let mut named: Vec<_> = names.values().map(|name| name.as_str().unwrap()).collect();
        named.sort_unstable();
        let mut allowed = WaitingCalls::ATTRIBUTES.to_vec();
        allowed.sort_unstable();
        assert_eq!(named, allowed);
        let asked = read["ProjectionExpression"].as_str().unwrap().split(", ");
        assert!(asked.into_iter().all(|name| names.contains_key(name)), "{read}");
    }
    let template = include_str!("../../../../template.yaml");
    let allowed = format!("dynamodb:Attributes: [{}]", WaitingCalls::ATTRIBUTES.join(", "));
    assert!(template.contains(&allowed), "the role in template.yaml needs `{allowed}`");
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_an_error_and_no_metric() {
    let (mut desk, announcer, lines) = measured().await;
    desk.database = None;
    let error = announcer.handle(json!({"count": "waiting"})).await.unwrap_err().to_string();
    assert!(error.contains("Scan: no connection on table `approvals`"), "{error}");
    assert!(lines.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_count_that_takes_too_long_is_an_error_and_no_metric() {
    let (desk, announcer, lines) = measured().await;
    desk.park(&key(1), &[]).await;
    let error = announcer.count(Duration::ZERO).await.unwrap_err().to_string();
    assert!(error.contains("could not be counted in 0 s"), "{error}");
    assert!(lines.lock().unwrap().is_empty());
}
