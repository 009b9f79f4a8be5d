//! What is in the digest of a day, and what waits.

use serde_json::{Value, json};

use crate::{
    desk,
    kit::{
        aws::{BUCKET, Call, Fault, MODEL},
        desk::{answers, days_ago, key, request},
    },
    program,
};

const ANN: &str = "CUST-00001";
const BOB: &str = "CUST-00002";

#[tokio::test]
async fn each_customer_gets_one_digest_with_all_requests_and_one_note() {
    let mut desk = desk().await;
    for (customer, number) in [(ANN, 1), (ANN, 2), (BOB, 3)] {
        desk.ask(customer, number);
    }
    desk.drain().await;
    assert!(desk.digests().is_empty(), "nothing is answered before the day's digests begin");
    let today = days_ago(0);
    desk.begin(&today);
    desk.drain().await;
    let digests = desk.digests();
    assert_eq!(digests.keys().collect::<Vec<_>>(), [&key(ANN, &today), &key(BOB, &today)]);
    let answer = |number: usize| {
        let question = format!("What about {number}?");
        json!({"requestId": format!("REQ-{number}"), "question": question, "answer": format!("To {question}: soon.")})
    };
    let mut first = digests[&key(ANN, &today)].clone();
    first["answers"].as_array_mut().unwrap().sort_by_key(|answer| answer["requestId"].to_string());
    let expected = json!({"customerId": ANN, "date": today, "model": MODEL, "answers": [answer(1), answer(2)]});
    assert_eq!(first, expected);
    let (notes, prompts) = desk.state(|state| (state.notes.clone(), state.prompts.len()));
    assert_eq!((notes.len(), prompts), (2, 2), "one question to the model a digest");
    let note = json!({"customerId": BOB, "date": today, "bucket": BUCKET, "key": key(BOB, &today), "answers": 1});
    assert!(notes.contains(&note), "{notes:?}");
    assert!(desk.waiting().await.is_empty());
}

#[tokio::test]
async fn what_is_delivered_again_changes_nothing() {
    let mut desk = desk().await;
    let today = days_ago(0);
    for _ in 0..2 {
        for _ in 0..3 {
            desk.ask(ANN, 1);
        }
        desk.drain().await;
        for _ in 0..3 {
            desk.begin(&today);
            desk.drain().await;
            desk.send(&json!({"customerId": ANN, "date": today}));
            desk.drain().await;
        }
    }
    // another text under the same id is not another request
    let mut other = request(ANN, 1);
    other["question"] = json!("And now?");
    desk.send(&other);
    desk.drain().await;
    desk.begin(&today);
    desk.drain().await;
    let counts = desk.state(|state| (state.objects.len(), state.notes.len(), state.prompts.len()));
    assert_eq!(counts, (1, 1, 1));
    assert_eq!(desk.digests_with(1), [key(ANN, &today)]);
}

#[tokio::test]
async fn a_request_that_comes_after_the_digest_waits_for_the_next_day() {
    let mut desk = desk().await;
    let (yesterday, today) = (days_ago(1), days_ago(0));
    desk.ask(ANN, 1);
    desk.drain().await;
    desk.begin(&yesterday);
    desk.drain().await;
    desk.ask(ANN, 2);
    desk.drain().await;
    desk.begin(&yesterday);
    desk.drain().await;
    assert_eq!(desk.waiting().await, [("REQ-2".to_owned(), None)].into());
    desk.begin(&today);
    desk.drain().await;
    assert_eq!((desk.digests_with(1), desk.digests_with(2)), (vec![key(ANN, &yesterday)], vec![key(ANN, &today)]));
    let prompts = desk.state(|state| state.prompts.len());
    assert_eq!(prompts, 2, "a digest that is there asks no model");
}

#[tokio::test]
async fn a_digest_has_at_most_20_requests_and_the_oldest_come_first() {
    let mut desk = desk().await;
    for number in 1..=45 {
        desk.ask(ANN, number);
        desk.drain().await;
    }
    for days in [2, 1, 0] {
        desk.begin(&days_ago(days));
        desk.drain().await;
    }
    for number in 1..=45 {
        let days = 2 - i64::try_from((number - 1) / 20).unwrap();
        assert_eq!(desk.digests_with(number), [key(ANN, &days_ago(days))], "{number}");
    }
}

#[tokio::test]
async fn what_the_money_of_the_day_does_not_cover_waits() {
    let mut desk = desk().await;
    // The largest digest fits, and 2 of these do not: a call is booked at 0.00220 of a dollar.
    desk.start(program(), 1, "0.30").await;
    let numbers: Vec<usize> = (0..200).collect();
    for number in &numbers {
        desk.ask(&format!("CUST-{number:05}"), *number);
    }
    desk.drain().await;
    desk.begin(&days_ago(1));
    desk.drain().await;
    let waiting = desk.waiting().await;
    let (done, prompts) = desk.state(|state| (state.objects.len(), state.prompts.len()));
    assert!((50..200).contains(&done), "{done}");
    assert_eq!((done, done + waiting.len()), (prompts, 200), "no model is asked without money");
    assert!(desk.state(|state| state.queue.dead.is_empty()), "a lack of money is no poison");
    // The next day has another budget.
    desk.start(program(), 1, "50.00").await;
    desk.begin(&days_ago(0));
    desk.drain().await;
    for number in numbers {
        assert_eq!(desk.digests_with(number).len(), 1, "{number}");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_leaves_the_rest_for_the_next_day() {
    let mut desk = desk().await;
    for number in 1..=3 {
        desk.ask(ANN, number);
        desk.drain().await;
    }
    let prompt: String = (1..=3).map(|n| json!({"n": n, "question": "q"}).to_string() + "\n").collect();
    let cut = answers(&prompt, 2) + "{\"n\": 3, \"ans";
    desk.fail_once(Call::Ask, Fault::Says(cut, "max_tokens"));
    desk.begin(&days_ago(1));
    desk.drain().await;
    assert_eq!(desk.waiting().await, [("REQ-3".to_owned(), None)].into());
    desk.begin(&days_ago(0));
    desk.drain().await;
    assert_eq!(desk.digests_with(3), [key(ANN, &days_ago(0))]);
}

#[tokio::test]
async fn what_the_guardrail_blocks_is_for_a_person() {
    let mut desk = desk().await;
    desk.ask(ANN, 1);
    desk.drain().await;
    desk.fail_once(Call::Ask, Fault::Says("I cannot answer that.".to_owned(), "guardrail_intervened"));
    desk.begin(&days_ago(0));
    desk.drain().await;
    assert_eq!(desk.digests()[&key(ANN, &days_ago(0))]["answers"][0]["answer"], Value::Null);
    assert!(desk.waiting().await.is_empty());
}
