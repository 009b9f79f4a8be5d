//! The announcements of parked calls, with a real table and a fake EventBridge.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

mod counts;
mod kit;

use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use serde_json::{Value, json};
use toolgate_dynamodb::ParkedCall;

use kit::{Desk, inserted, key, record};

fn text(value: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    S(value.to_owned())
}

fn announcement() -> Value {
    serde_json::from_str(include_str!("../announcement.json")).unwrap()
}

#[tokio::test]
async fn a_parked_call_is_announced_without_what_it_would_do_and_for_whom() {
    let desk = Desk::open().await;
    desk.park(&key(1), &[]).await;
    assert!(desk.announce(&[inserted(1)]).await.is_empty());
    let sent = desk.sent.lock().unwrap()[0].clone();
    let mut entry = sent[0].clone();
    let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    entry["Detail"] = detail;
    // scripts/offline/test_announce.py holds the rule of the template against the same event
    assert_eq!((sent.len(), entry), (1, announcement()));
    let text = sent[0].to_string();
    assert!(!text.contains("hush") && !text.contains("00ff"), "{text}");
}

#[tokio::test]
async fn only_the_attributes_that_the_role_may_read_are_asked_for() {
    let desk = Desk::open().await;
    desk.park(&key(1), &[]).await;
    desk.announce(&[inserted(1)]).await;
    let reads = desk.reads.lock().unwrap().clone();
    let names = &reads[0]["ExpressionAttributeNames"];
    let asked = reads[0]["ProjectionExpression"].as_str().unwrap().split(", ");
    let asked: Vec<_> = asked.map(|name| names[name].as_str().unwrap()).collect();
    assert_eq!((reads.len(), asked.as_slice()), (1, ParkedCall::ATTRIBUTES.as_slice()));
    let template = include_str!("../../../../template.yaml");
    let allowed = format!("dynamodb:Attributes: [{}]", ParkedCall::ATTRIBUTES.join(", "));
    assert!(template.contains(&allowed), "the role in template.yaml needs `{allowed}`");
}

#[tokio::test]
async fn what_no_longer_waits_is_not_announced() {
    let desk = Desk::open().await;
    desk.park(&key(1), &[("expiresAt", N("1000".into()))]).await;
    desk.park(&key(2), &[("usedBy", text("request_refund#1"))]).await;
    desk.park(&key(3), &[]).await;
    let gone = inserted(4);
    let removed = record("REMOVE", 3, &format!("call#{}", key(3)));
    let others = ["decision#", "waiting#", "elicit#", ""].map(|prefix| record("INSERT", 5, &format!("{prefix}x")));
    let records: Vec<_> = [inserted(1), inserted(2), gone, removed].into_iter().chain(others).collect();
    assert!(desk.announce(&records).await.is_empty());
    assert!(desk.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_call_that_is_parked_over_an_expired_one_is_announced() {
    let desk = Desk::open().await;
    desk.park(&key(1), &[]).await;
    assert!(desk.announce(&[record("MODIFY", 2, &format!("call#{}", key(1)))]).await.is_empty());
    assert_eq!(desk.details(), [announcement()["Detail"].clone()]);
}

#[tokio::test]
async fn a_record_that_cannot_be_announced_fails_and_the_others_do_not() {
    let desk = Desk::open().await;
    let long = "t".repeat(65);
    let names = ["", "a b", "x\nx", "$(reboot)", "`id`", "<b>", "ärger", "\u{202e}x", "\"", long.as_str()];
    let mut expected = Vec::new();
    for (number, name) in (1..).zip(names) {
        desk.park(&key(number), &[("tool", text(name))]).await;
        expected.push(number.to_string());
    }
    for (number, id) in (20..).zip(["APR-X; reboot", "--yes", "", "approve"]) {
        desk.park(&key(number), &[("approval", text(id))]).await;
        expected.push(number.to_string());
    }
    // an attribute of another type is one that is missing
    for (number, name) in (30..).zip(["approval", "tool"]) {
        desk.park(&key(number), &[(name, N("1".into()))]).await;
        expected.push(number.to_string());
    }
    for (number, end) in (40..).zip([text(kit::LATER), N("99999999999999".into()), N("9e30".into())]) {
        desk.park(&key(number), &[("expiresAt", end)]).await;
        expected.push(number.to_string());
    }
    let mut records: Vec<_> = expected.iter().map(|number| inserted(number.parse().unwrap())).collect();
    // a key of another table, and a kind that nobody knows
    let mut foreign = inserted(50);
    foreign["dynamodb"]["Keys"] = json!({"orderId": {"S": "call#x"}});
    records.extend([foreign, record("RENAME", 51, "call#x")]);
    expected.extend(["50".to_owned(), "51".to_owned()]);
    desk.park(&key(60), &[]).await;
    records.push(inserted(60));
    assert_eq!(desk.announce(&records).await, expected);
    assert_eq!(desk.details(), [announcement()["Detail"].clone()]);
}

#[tokio::test]
async fn events_that_the_bus_does_not_accept_are_failed_records() {
    let desk = Desk::open().await;
    for number in 1..=4 {
        desk.park(&key(number), &[]).await;
    }
    let records: Vec<_> = (1..=4).map(inserted).collect();
    let partly = json!({"FailedEntryCount": 2, "Entries": [
        {"EventId": "1"}, {"ErrorCode": "ThrottlingException", "ErrorMessage": "later"}, {"EventId": "3"}, {},
    ]});
    let short = json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]});
    let refused = json!({"__type": "AccessDeniedException", "message": "hush"});
    desk.answers.lock().unwrap().extend([(200, partly), (200, short), (400, refused)]);
    assert_eq!(desk.announce(&records).await, ["2", "4"]);
    assert_eq!(desk.announce(&records).await, ["2", "3", "4"], "an event without a result");
    assert_eq!(desk.announce(&records).await, ["1", "2", "3", "4"]);
    // the record comes again, and is announced
    assert!(desk.announce(&records[1..2]).await.is_empty());
}

#[tokio::test]
async fn a_request_has_no_more_events_than_the_bus_takes() {
    let desk = Desk::open().await;
    for number in 1..=23 {
        desk.park(&key(number), &[]).await;
    }
    assert!(desk.announce(&(1..=23).map(inserted).collect::<Vec<_>>()).await.is_empty());
    let sizes: Vec<_> = desk.sent.lock().unwrap().iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 10, 3]);
}

#[tokio::test]
async fn a_table_that_does_not_answer_fails_the_record() {
    let mut desk = Desk::open().await;
    desk.database = None;
    assert_eq!(desk.announce(&[inserted(1)]).await, ["1"]);
}

#[tokio::test]
async fn a_batch_whose_records_cannot_be_named_fails_as_a_whole() {
    let desk = Desk::open().await;
    let mut nameless = inserted(1);
    nameless["dynamodb"].as_object_mut().unwrap().remove("SequenceNumber");
    for event in [json!({}), json!({"Records": {}}), json!([]), json!({"Records": [inserted(1), nameless]})] {
        let error = desk.announcer.announce(event).await.unwrap_err().to_string();
        assert!(!error.contains("call#"), "{error}");
    }
    assert!(desk.reads.lock().unwrap().is_empty());
}
