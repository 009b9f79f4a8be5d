//! Each point at which the function, or a service, can fail.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use toolgate_testkit::proxy;

use crate::{
    desk,
    kit::{
        aws::{Aws, BUCKET, Brain, Call, Fault},
        desk::{Desk, answers, days_ago, key, request},
        queue::RECEIVES,
    },
    program,
};

const ANN: &str = "CUST-00001";

/// One digest of two requests, with one fault. Returns how often the model was asked, and how many notes there are.
async fn digest_with(call: Call, fault: Fault) -> (usize, usize) {
    let mut desk = desk().await;
    desk.ask(ANN, 1);
    desk.ask(ANN, 2);
    desk.drain().await;
    desk.fail_once(call, fault.clone());
    let today = days_ago(0);
    desk.begin(&today);
    desk.drain().await;
    for number in [1, 2] {
        assert_eq!(desk.digests_with(number), [key(ANN, &today)], "{call:?} {fault:?}");
    }
    assert!(desk.waiting().await.is_empty(), "{call:?} {fault:?}");
    desk.state(|state| {
        assert!(state.queue.dead.is_empty());
        assert_eq!(state.faults[&call], 1);
        (state.prompts.len(), state.notes.len())
    })
}

#[tokio::test]
async fn the_start_of_the_day_is_repeated_until_every_customer_has_a_message() {
    for fault in [Fault::Refused(500), Fault::CutBefore, Fault::CutAfter, Fault::KilledAfter] {
        assert_eq!(digest_with(Call::Send, fault).await, (1, 1));
    }
}

#[tokio::test]
async fn a_model_that_fails_is_asked_again() {
    // it is throttled, or the function ends before the answer
    for fault in [Fault::Refused(429), Fault::CutBefore, Fault::KilledBefore] {
        assert_eq!(digest_with(Call::Ask, fault).await, (1, 1));
    }
    let garbage = ["", "Sorry!", "{\"n\": 1, \"answer\": \"only one\"}", "{\"n\": 9, \"answer\": \"whose?\"}"];
    for text in garbage {
        assert_eq!(digest_with(Call::Ask, Fault::Says(text.to_owned(), "end_turn")).await, (2, 1), "{text}");
    }
    assert_eq!(digest_with(Call::Ask, Fault::Says(String::new(), "tool_use")).await, (2, 1));
    assert_eq!(digest_with(Call::Ask, Fault::CutAfter).await, (2, 1));
    assert_eq!(digest_with(Call::Ask, Fault::KilledAfter).await, (2, 1));
}

#[tokio::test]
async fn a_digest_that_fails_every_time_is_paid_ten_times_and_then_for_a_person() {
    for (call, fault) in [
        (Call::Ask, Fault::Says("Sorry!".to_owned(), "end_turn")),
        (Call::Ask, Fault::CutAfter),
        (Call::Put, Fault::Refused(500)),
    ] {
        let mut desk = desk().await;
        desk.ask(ANN, 1);
        desk.ask(ANN, 2);
        desk.drain().await;
        let (yesterday, today) = (days_ago(1), days_ago(0));
        let always = fault.clone();
        desk.decide(Box::new(move |one, _| (one == call).then(|| always.clone())));
        desk.begin(&yesterday);
        desk.drain().await;
        let counts = desk.state(|state| (state.objects.len(), state.queue.dead.len(), state.prompts.len()));
        assert_eq!(counts, (0, 1, 10), "{fault:?}");
        if call == Call::Put {
            desk.state(|state| state.decide = None);
        }
        desk.ask(ANN, 3);
        desk.drain().await;
        desk.begin(&today);
        desk.drain().await;
        for number in [1, 2] {
            assert_eq!(desk.digests_with(number), [key(ANN, &yesterday)], "{fault:?}");
        }
        let answers = desk.digests()[&key(ANN, &yesterday)]["answers"].clone();
        assert!(answers.as_array().unwrap().iter().all(|answer| answer["answer"].is_null()), "{answers}");
        let prompts = desk.state(|state| state.prompts.clone());
        assert!(prompts[10..].iter().all(|prompt| prompt.contains("about 3")), "{prompts:?}");
        // The two dates are answered in any order.
        let note = desk.state(|state| state.notes.iter().find(|note| note["date"] == yesterday.as_str()).cloned());
        assert_eq!(note.unwrap()["answers"], 2);
    }
}

#[tokio::test]
async fn a_cost_that_cannot_be_booked_throws_no_answer_away() {
    let mut desk = desk().await;
    desk.ask(ANN, 1);
    desk.drain().await;
    let mut writes = 0;
    desk.proxies[0].fail(Box::new(move |operation| {
        writes += usize::from(operation == "TransactWriteItems");
        // the first one reserves; the ledger retries other errors by itself
        (operation == "TransactWriteItems" && writes == 2)
            .then(|| ("refused", proxy::Fault::error(400, "AccessDeniedException")))
    }));
    desk.begin(&days_ago(0));
    desk.drain().await;
    assert_eq!(desk.digests_with(1), [key(ANN, &days_ago(0))]);
    assert_eq!((desk.proxies[0].faults().len(), desk.state(|state| state.prompts.len())), (1, 1));
}

#[tokio::test]
async fn a_digest_that_was_not_written_is_asked_for_again() {
    for fault in [Fault::Refused(500), Fault::Refused(409), Fault::CutBefore, Fault::KilledBefore] {
        assert_eq!(digest_with(Call::Put, fault).await, (2, 1));
    }
    for fault in [Fault::Refused(403), Fault::CutBefore, Fault::KilledBefore] {
        assert_eq!(digest_with(Call::Get, fault).await, (1, 1));
    }
}

#[tokio::test]
async fn a_digest_whose_answer_was_lost_is_finished_and_not_asked_for_again() {
    for fault in [Fault::CutAfter, Fault::KilledAfter] {
        assert_eq!(digest_with(Call::Put, fault).await, (1, 1));
    }
}

#[tokio::test]
async fn a_note_is_published_at_least_once() {
    for fault in [Fault::Refused(500), Fault::CutBefore, Fault::KilledBefore] {
        assert_eq!(digest_with(Call::Publish, fault).await, (1, 1));
    }
    // nobody knows that it was published
    for fault in [Fault::CutAfter, Fault::KilledAfter] {
        assert_eq!(digest_with(Call::Publish, fault).await, (1, 2));
    }
}

#[tokio::test]
async fn the_function_may_die_at_every_request_to_its_tables() {
    for at in 0.. {
        let mut desk = desk().await;
        desk.ask(ANN, 1);
        desk.ask(ANN, 2);
        desk.drain().await;
        let today = days_ago(0);
        let mut left = at;
        desk.proxies[0].fail(Box::new(move |_| {
            left -= 1;
            (left == -1).then_some(("killed", proxy::Fault::KilledAfter))
        }));
        desk.begin(&today);
        desk.drain().await;
        for number in [1, 2] {
            assert_eq!(desk.digests_with(number), [key(ANN, &today)], "killed at request {at}");
        }
        assert!(desk.waiting().await.is_empty(), "killed at request {at}");
        if desk.proxies[0].faults().is_empty() {
            assert!(at > 8, "the digest takes only {at} requests to the tables");
            return;
        }
    }
}

#[tokio::test]
async fn another_delivery_may_write_the_digest_first() {
    // It is written while the model of this one thinks, and has one of the requests.
    let today = days_ago(0);
    let answer = json!({"requestId": "REQ-1", "question": "What about 1?", "answer": "from the other delivery"});
    let first = json!({"customerId": ANN, "date": today, "model": "m", "answers": [answer]}).to_string();
    let aws = Arc::<OnceLock<Arc<Aws>>>::default();
    let (services, path) = (aws.clone(), format!("/{BUCKET}/{}", key(ANN, &today)));
    let thinks: Brain = Arc::new(move |_, prompt| {
        services.get().unwrap().state.lock().unwrap().objects.insert(path.clone(), first.clone());
        Box::pin(std::future::ready(answers(&prompt, usize::MAX)))
    });
    let mut desk = Desk::open(program(), 1, "5.00", thinks).await;
    aws.set(desk.aws.clone()).ok().unwrap();
    desk.ask(ANN, 1);
    desk.ask(ANN, 2);
    desk.drain().await;
    desk.begin(&today);
    desk.drain().await;
    assert_eq!(desk.digests()[&key(ANN, &today)]["model"], "m", "nothing replaces it");
    assert_eq!(desk.waiting().await, [("REQ-2".to_owned(), None)].into(), "the other request is released");
    assert_eq!(desk.state(|state| state.notes.len()), 1);
}

#[tokio::test]
async fn poison_ends_in_the_dead_letter_queue_and_stops_nothing_else() {
    let mut desk = desk().await;
    let mut empty = request(ANN, 2);
    empty["question"] = json!(" ");
    let (mut hidden, mut huge) = (request(ANN, 5), request(ANN, 6));
    hidden["question"] = json!("\u{200b}\u{202e}");
    huge["question"] = json!("x".repeat(200_000));
    let poison = [
        json!("no message"),
        json!({"requestId": "REQ-3"}),
        empty,
        hidden,
        huge,
        request("../../CUST-00001", 4),
        json!({"customerId": ANN, "date": "2999-01-01"}),
    ];
    poison.iter().for_each(|body| desk.send(body));
    desk.ask(ANN, 1);
    desk.drain().await;
    desk.begin(&days_ago(0));
    desk.drain().await;
    assert_eq!(desk.digests_with(1), [key(ANN, &days_ago(0))]);
    let mut dead: Vec<Value> =
        desk.state(|state| state.queue.dead.iter().map(|one| serde_json::from_str(&one.body).unwrap()).collect());
    let mut poison = poison.to_vec();
    dead.sort_by_key(Value::to_string);
    poison.sort_by_key(Value::to_string);
    assert_eq!(dead, poison);
}

#[tokio::test]
async fn a_digest_that_ended_in_the_dead_letter_queue_is_sent_again_on_the_next_day() {
    let mut desk = desk().await;
    desk.ask(ANN, 1);
    desk.drain().await;
    let (yesterday, today) = (days_ago(1), days_ago(0));
    let mut refusals = 0;
    desk.decide(Box::new(move |call, _| {
        refusals += u32::from(call == Call::Ask);
        (call == Call::Ask && refusals <= RECEIVES).then_some(Fault::Refused(429))
    }));
    desk.begin(&yesterday);
    desk.drain().await;
    assert_eq!((desk.digests().len(), desk.state(|state| state.queue.dead.len())), (0, 1));
    assert_eq!(desk.waiting().await, [("REQ-1".to_owned(), Some(yesterday.clone()))].into());
    desk.ask(ANN, 2);
    desk.drain().await;
    desk.begin(&today);
    desk.drain().await;
    assert_eq!(desk.digests_with(1), [key(ANN, &yesterday)], "under the date that had claimed it");
    assert_eq!(desk.digests_with(2), [key(ANN, &today)]);
    assert!(desk.waiting().await.is_empty());
}
