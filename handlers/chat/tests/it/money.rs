//! Budgets to the micro-dollar: races, clocks, prices of our own, and turns that end badly.

use std::time::Duration;

use bytes::Bytes;
use chat::{event::What, money::Money};
use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::mpsc;
use toolgate::prices::Prices;
use toolgate_dynamodb::DynamoLedger;
use toolgate_testkit::{
    database::client_at,
    proxy::{Fault, Proxy},
};

use crate::{
    desk::{Desk, LIMITS, money, turn},
    fake::{
        Frame, Reply,
        agent::{call, chunk, model, reply},
        throttled,
    },
};

/// A turn with model turns of these tokens, and an answer.
fn answered(model_turns: &[(&str, u64, u64)]) -> Reply {
    let frames = model_turns.iter().flat_map(|(name, input, output)| model(name, *input, *output));
    Reply::Stream(frames.chain([chunk("done")]).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_two_turns_of_one_session_never_spend_more_than_its_limit() {
    let slow = [Frame::Wait(Duration::from_millis(100))].into_iter().chain(model("plain", 437, 100));
    let desk = Desk::agent([Reply::Stream(slow.chain([chunk("done")]).collect())]).await;
    let reads = join_all((0..32).map(|_| desk.say("s"))).await;
    let done = reads.iter().filter(|read| !read.counts.is_refused).count() as u64;
    let spent: u64 = reads.iter().map(|read| read.counts.cost_micros).sum();
    // four reservations of 5,000 fit beside each other
    assert!((4..32).contains(&done), "{done}");
    assert_eq!(spent, done * (437 + 10 * 100));
    assert_eq!(desk.booked("s").await, (spent, spent));
    assert!(spent <= LIMITS.session.to_micros());
    assert_eq!(desk.fake.asked().len() as u64, done, "a turn without room reaches no service");
}

#[tokio::test]
async fn a_session_is_used_up_to_the_last_turn_that_fits() {
    let desk = Desk::agent([answered(&[("plain", 1_999, 100)])]).await;
    let mut spent = 0;
    while spent <= 20_000 - 5_000 {
        let read = desk.say("s").await;
        spent += 2_999;
        assert_eq!(read.counts.cost_micros, 2_999);
        let left = format!("0.{:06}", 20_000 - spent);
        assert_eq!(
            read.part("data-budget")["data"],
            json!({"limit": "session", "leftUsd": left, "limitUsd": "0.020000"})
        );
    }
    let refused = desk.say("s").await;
    assert!(refused.counts.is_refused);
    assert_eq!(refused.kinds(), ["start", "data-session", "data-budget", "error", "finish"]);
    let text = refused.part("error")["errorText"].as_str().unwrap();
    assert!(text.contains("this session has $0.002006 left") && text.contains("a turn needs $0.005000"), "{text}");
    // another session of the customer has room
    assert!(!desk.say("another").await.counts.is_refused);
}

#[tokio::test]
async fn all_sessions_of_a_customer_share_the_budget_of_the_day() {
    let desk = Desk::agent([answered(&[("plain", 4_600, 0)])]).await;
    for n in 0..10 {
        assert!(!desk.say(&format!("s{n}")).await.counts.is_refused);
    }
    let refused = desk.say("s10").await;
    assert_eq!(refused.part("data-budget")["data"]["limit"], "day");
    let text = refused.part("error")["errorText"].as_str().unwrap();
    assert!(text.starts_with("your budget of the day has $0.004000 left"), "{text}");
}

#[tokio::test]
async fn a_day_later_there_is_room_again() {
    let mut desk = Desk::agent([answered(&[("plain", 4_999, 0)])]).await;
    for _ in 0..4 {
        assert!(!desk.say("s").await.counts.is_refused);
    }
    desk.later(Duration::from_secs(24 * 3600 - 60));
    assert!(desk.say("s").await.counts.is_refused);
    desk.later(Duration::from_secs(24 * 3600 + 60));
    let read = desk.say("s").await;
    assert_eq!(read.part("data-budget")["data"]["leftUsd"], "0.015001");
}

#[tokio::test]
async fn a_model_that_is_not_named_counts_as_the_dearest() {
    for name in ["", "unknown.model"] {
        let desk = Desk::agent([answered(&[(name, 100, 10)])]).await;
        assert_eq!(desk.say("s").await.counts.cost_micros, 2 * 100 + 20 * 10, "`{name}`");
    }
    let desk = Desk::agent([answered(&[("arn:aws:bedrock:us-east-1::foundation-model/plain", 100, 10)])]).await;
    assert_eq!(desk.say("s").await.counts.cost_micros, 100 + 10 * 10);
}

#[tokio::test]
async fn a_model_that_is_reported_without_its_profile_costs_what_the_profile_costs() {
    let table = r#"{"dated": "2026-11-01", "models": [
        {"id": "a.plain", "input": 1, "output": 10, "context": 1000, "regional": 1.1},
        {"id": "a.dear", "input": 2, "output": 20, "context": 1000, "regional": 1.1}]}"#;
    for name in ["us.a.plain", "a.plain", "arn:aws:bedrock:us-east-1::foundation-model/a.plain"] {
        let mut desk = Desk::agent([answered(&[(name, 100, 10)])]).await;
        let (prices, models) = (Prices::parse(table).unwrap(), ["us.a.plain", "us.a.dear"].map(str::to_owned).to_vec());
        desk.front.money = Money::new(desk.ledger.clone(), prices, LIMITS, models, 100).unwrap();
        assert_eq!(desk.say("s").await.counts.cost_micros, 220, "`{name}`");
    }
}

#[tokio::test]
async fn a_turn_that_cannot_pay_for_another_model_turn_is_cut() {
    let frames = model("plain", 1_000, 100).into_iter().chain([call("look", json!([])), Frame::Wait(LONG), chunk("x")]);
    let desk = Desk::agent([Reply::Stream(frames.collect())]).await;
    let read = desk.say("s").await;
    assert!(read.counts.is_cut && !read.counts.is_error);
    assert_eq!(read.kinds(), ["start", "data-session", "data-budget", "abort"]);
    assert!(read.part("abort")["reason"].as_str().unwrap().contains("used up its $0.005000"));
    // the service may have gone on
    assert_eq!((read.counts.cost_micros, desk.booked("s").await), (5_000, (5_000, 5_000)));
}

const LONG: Duration = Duration::from_millis(400);

#[tokio::test]
async fn a_last_model_turn_may_use_up_the_bound() {
    let frames = model("plain", 1_000, 100).into_iter().chain([Frame::Wait(Duration::from_millis(50)), chunk("done")]);
    let desk = Desk::agent([Reply::Stream(frames.collect())]).await;
    let read = desk.say("s").await;
    assert_eq!((read.answer().as_str(), read.counts.is_cut), ("done", false));
    assert_eq!((read.counts.cost_micros, desk.booked("s").await), (2_000, (2_000, 2_000)));
}

#[tokio::test]
async fn a_cost_above_the_bound_is_booked_too() {
    let desk = Desk::agent([answered(&[("dear", 4_000, 100)])]).await;
    assert_eq!(desk.say("s").await.counts.cost_micros, 10_000);
    assert_eq!(desk.booked("s").await, (10_000, 10_000));
}

#[tokio::test]
async fn only_a_turn_that_has_not_begun_costs_nothing() {
    let validation = Reply::Refuse(400, "ValidationException", json!({"message": "no"}));
    let internal = Reply::Refuse(500, "InternalServerException", json!({"message": "no"}));
    let half = |frames: Vec<Frame>| Reply::Stream(model("plain", 10, 1).into_iter().chain(frames).collect());
    let assessed = json!({"action": "INTERVENED", "traceId": "guardrail", "outputAssessments": [{}]});
    let assessed = Frame::Event("trace", json!({"agentId": "AGENT12345", "trace": {"guardrailTrace": assessed}}));
    let stopped = vec![assessed, chunk("I cannot talk about this.")];
    let unended = model("plain", 10, 1).into_iter().take(1).chain([chunk("done")]).collect();
    for (name, reply, booked) in [
        ("throttled", throttled(), 0),
        ("refused", validation, 0),
        ("an error of the service", internal, 5_000),
        ("broken", half(vec![Frame::Break]), 5_000),
        ("failed", half(vec![Frame::Exception("dependencyFailedException", json!({"message": "no"}))]), 5_000),
        ("without an answer", half(Vec::new()), 5_000),
        ("with a model turn that is not reported", Reply::Stream(unended), 5_000),
        ("without any trace", Reply::Stream(vec![chunk("done")]), 5_000),
        ("of a model that nobody reports, with an answer that a guardrail stops", Reply::Stream(stopped), 5_000),
        ("an error of something in between", Reply::Refuse(503, "", json!("no")), 5_000),
    ] {
        let desk = Desk::agent([reply]).await;
        let read = desk.say("s").await;
        assert_eq!((read.counts.cost_micros, desk.booked("s").await), (booked, (booked, booked)), "{name}");
        let left = format!("0.{:06}", 20_000 - booked);
        assert_eq!(read.part("data-budget")["data"]["leftUsd"], *left, "{name}");
    }
}

#[tokio::test]
async fn a_turn_that_a_guardrail_answers_has_no_model_turn() {
    let trace = json!({"guardrailTrace": {"action": "INTERVENED", "traceId": "guardrail"}});
    let blocked = Frame::Event("trace", json!({"agentId": "AGENT12345", "trace": trace}));
    let desk = Desk::agent([Reply::Stream(vec![blocked, chunk("I cannot talk about this.")])]).await;
    assert_eq!(desk.say("s").await.counts.cost_micros, 0);
}

#[tokio::test]
async fn a_client_that_leaves_does_not_end_its_turn() {
    let frames = model("plain", 10, 1).into_iter().chain([call("look", json!([])), reply("{}"), chunk("done")]);
    let desk = Desk::agent([Reply::Stream(frames.collect())]).await;
    let (sink, stream) = mpsc::channel::<Bytes>(1);
    drop(stream);
    let counts = desk.front.turn(turn("s", What::Text("hello".to_owned())), sink).await;
    assert_eq!((counts.is_error, counts.cost_micros, desk.booked("s").await), (false, 20, (20, 20)));
}

#[tokio::test]
async fn a_turn_that_is_killed_stays_booked_at_its_bound() {
    let frames = model("plain", 10, 1).into_iter().chain([Frame::Wait(LONG), chunk("done")]);
    let desk = Desk::agent([Reply::Stream(frames.collect())]).await;
    let killed = tokio::time::timeout(Duration::from_millis(250), desk.say("s")).await;
    assert!(killed.is_err());
    assert_eq!(desk.booked("s").await, (5_000, 5_000));
}

#[tokio::test]
async fn without_a_ledger_nothing_begins() {
    let mut desk = Desk::agent([answered(&[("plain", 1, 1)])]).await;
    let gone = client_at("127.0.0.1:9".parse().unwrap());
    desk.front.money = money(DynamoLedger::new(gone, "ledger"), LIMITS);
    let read = desk.say("s").await;
    assert_eq!(read.kinds(), ["start", "data-session", "error", "finish"]);
    assert!(read.part("error")["errorText"].as_str().unwrap().contains("nothing has begun"));
    assert!(read.counts.is_error && desk.fake.asked().is_empty());
}

#[tokio::test]
async fn a_turn_that_cannot_be_settled_is_counted_at_its_bound() {
    let frames = [Frame::Wait(Duration::from_millis(200))].into_iter().chain(model("plain", 10, 1));
    let desk = Desk::agent([Reply::Stream(frames.chain([chunk("done")]).collect())]).await;
    let gone = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        desk.database.client.delete_table().table_name("ledger").send().await.unwrap();
    };
    let (read, ()) = tokio::join!(desk.say("s"), gone);
    assert_eq!(read.kinds(), ["start", "data-session", "text-start", "text-delta", "text-end", "finish"]);
    assert_eq!(read.counts.cost_micros, 5_000);
}

#[tokio::test]
async fn a_turn_that_is_settled_is_counted_at_its_cost_though_nobody_can_read_what_is_left() {
    let mut desk = Desk::agent([answered(&[("plain", 10, 1)])]).await;
    let proxy = Proxy::before(desk.database.address).await;
    desk.front.money = money(DynamoLedger::new(client_at(proxy.address), "ledger"), LIMITS);
    // two budgets are read, and the turn is reserved and settled
    let cut = std::iter::repeat_n(Fault::CutBefore, 16);
    proxy.fail_next(std::iter::repeat_n(Fault::Pass, 4).chain(cut));
    let read = desk.say("s").await;
    assert_eq!(read.kinds(), ["start", "data-session", "text-start", "text-delta", "text-end", "finish"]);
    assert_eq!((read.counts.cost_micros, desk.booked("s").await), (20, (20, 20)));
}
