//! The limits of the record, and its listeners.

use std::sync::Mutex;

use serde_json::json;

use super::*;

fn titles(turns: &Turns) -> Vec<String> {
    turns.list(KEPT, None).0.into_iter().map(|turn| turn["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn so_many_turns_are_kept_and_the_oldest_go_first() {
    let turns = Turns::default();
    let first = turns.begin(TurnKind::Agent, "A", None, "first");
    for number in 0..KEPT {
        turns.begin(TurnKind::Agent, "A", Some("s"), &format!("turn {number}")).end(Ok("done"));
    }
    assert_eq!((titles(&turns).len(), titles(&turns)[0].as_str()), (KEPT, "turn 199"));
    assert!(turns.turn("t-1").is_none());
    // what is recorded of a turn that is gone is lost, and nothing fails
    within(Some(first.place()), async {
        let open = open(SpanKind::Call, || "call".to_owned());
        open.note("input", || json!(1));
        open.end(State::Ok, None);
    })
    .await;
    first.end(Ok("late"));
    let (page, more) = turns.list(10, Some("t-52"));
    assert_eq!((page.len(), page[0]["id"].as_str(), more), (10, Some("t-51"), true));
}

#[tokio::test]
async fn large_turns_push_the_others_out_and_one_alone_is_cut() {
    let turns = Turns::default();
    let large = "x".repeat(200 * 1024);
    for number in 0..100 {
        let turn = turns.begin(TurnKind::Agent, "A", None, &format!("turn {number}"));
        within(Some(turn.place()), async {
            let open = open(SpanKind::Model, || "m".to_owned());
            open.note("messages", || (0..10).map(|_| large.clone()).collect());
            open.end(State::Ok, None);
        })
        .await;
        turn.end(Ok(""));
    }
    assert!((25..=32).contains(&titles(&turns).len()), "{}", titles(&turns).len());

    let turn = turns.begin(TurnKind::Agent, "A", None, "alone");
    let mut cut = 0;
    within(Some(turn.place()), async {
        for _ in 0..40 {
            let open = open(SpanKind::Model, || "m".to_owned());
            open.note("messages", || (0..10).map(|_| large.clone()).collect());
            open.end(State::Ok, None);
        }
    })
    .await;
    let id = turn.place().turn_id();
    for span in 1..=40 {
        let span = turns.span(&id, &format!("s-{span}")).unwrap();
        cut += usize::from(span.contains("\"$cut\":true"));
    }
    assert!((5..=12).contains(&cut), "{cut}");
    assert_eq!(titles(&turns), ["alone"]);
}

#[tokio::test]
async fn the_rows_the_requests_and_the_log_lines_of_one_turn_have_the_same_limit() {
    let turns = Turns::default();
    let turn = turns.begin(TurnKind::Agent, "A", Some(&"s".repeat(4096)), "alone");
    let item = |text: &str| json!({"one": text.repeat(200 * 1024), "other": text.repeat(200 * 1024)});
    within(Some(turn.place()), async {
        for call in 0..4 {
            let open = open(SpanKind::Call, || "x".repeat(4096));
            let place = open.place().unwrap();
            open.invoking(|| Invoked {
                function: "f".to_owned(),
                request_id: call.to_string(),
                is_cold: false,
                event: "{}".into(),
                client_context: None,
            });
            for row in 0..100 {
                let (operation, table) = ("PutItem".to_owned(), Some("t".repeat(4096)));
                let (began, took, outcome) = (std::time::Instant::now(), std::time::Duration::ZERO, "ok".to_owned());
                let row = Row::new("T".to_owned(), json!({"id": row}), item("a"), item("b"));
                place.requested(Request { operation, table, began, took, outcome }, vec![row]);
                turns.log(&call.to_string(), || LogLine::new(String::new(), String::new(), &"l".repeat(4096)));
            }
            open.end(State::Ok, None);
        }
    })
    .await;
    let spans = turns.turn("t-1").unwrap()["spanList"].clone();
    let kept: u64 = spans.as_array().unwrap().iter().map(|span| span["detailBytes"].as_u64().unwrap()).sum();
    assert!((60 << 20..=KEPT_BYTES as u64).contains(&kept), "{kept}");
    assert_eq!(spans[0]["name"].as_str().unwrap().len(), 512);
}

#[tokio::test]
async fn a_long_text_is_cut_and_its_length_is_told() {
    let turns = Turns::default();
    let turn = turns.begin(TurnKind::Harness, "H", None, &"é".repeat(300_000));
    within(Some(turn.place()), async {
        let open = open(SpanKind::Agent, || "H".to_owned());
        open.note("input", || "é".repeat(300_000).into());
        open.end(State::Ok, None);
    })
    .await;
    let span: Value = serde_json::from_str(&turns.span("t-1", "s-1").unwrap()).unwrap();
    assert_eq!((&span["detail"]["input"]["$cut"], &span["detail"]["input"]["bytes"]), (&json!(true), &json!(600_000)));
    assert_eq!(turns.turn("t-1").unwrap()["title"].as_str().unwrap().chars().count(), 120);
}

#[derive(Debug, Default)]
struct Heard(Mutex<Vec<EndedSpan>>);

impl Listener for Heard {
    fn ended(&self, span: &EndedSpan) {
        self.0.lock().unwrap().push(span.clone());
    }
}

#[tokio::test]
async fn a_listener_gets_every_span_with_its_parent_and_fifty_beside_it() {
    let (turns, heard) = (Turns::default(), Arc::new(Heard::default()));
    turns.listen(Arc::clone(&heard) as _);
    let turn = turns.begin(TurnKind::Agent, "A", Some("session"), "hi");
    within(Some(turn.place()), async {
        let agent = open(SpanKind::Agent, || "A".to_owned());
        let calls = (0..50).map(|number| {
            within(agent.place(), async move {
                let call = open(SpanKind::Call, || format!("call {number}"));
                tokio::task::yield_now().await;
                call.end(State::Ok, None);
            })
        });
        futures_util::future::join_all(calls).await;
        drop(agent);
    })
    .await;
    let heard = heard.0.lock().unwrap();
    let agent = heard.last().unwrap();
    assert_eq!((agent.kind, agent.state, agent.parent, heard.len()), (SpanKind::Agent, State::Failed, None, 51));
    let calls = heard.iter().take(50);
    assert!(calls.clone().all(|call| call.name.starts_with("call ") && call.usage.is_none()));
    for call in calls {
        assert_eq!((call.parent, call.trace, call.is_sampled), (Some(agent.id), agent.trace, true));
        assert!(call.started >= agent.started && call.took <= agent.took);
    }
    assert_eq!(turns.turn("t-1").unwrap()["spanList"].as_array().unwrap().len(), 51);
}

#[tokio::test]
async fn where_no_turn_is_recorded_no_value_is_made() {
    let open = open(SpanKind::Call, || panic!("no name is needed"));
    open.note("input", || panic!("no value is needed"));
    assert!(open.place().is_none());
    open.end(State::Ok, None);
}

#[tokio::test]
async fn a_turn_that_is_dropped_has_failed_and_one_that_waits_says_so() {
    let turns = Turns::default();
    let turn = turns.begin(TurnKind::Agent, "A", None, "hi");
    let state = |turns: &Turns| turns.turn("t-1").unwrap()["state"].as_str().unwrap().to_owned();
    let asked = json!({"invocationId": "1", "invocationInputs": []});
    turn.waits(Some(&asked));
    assert_eq!(state(&turns), "waiting");
    assert_eq!(turns.turn("t-1").unwrap()["waitingFor"], asked);
    turn.waits(None);
    assert_eq!(state(&turns), "running");
    assert_eq!(turns.turn("t-1").unwrap()["waitingFor"], Value::Null);
    turn.waits(Some(&asked));
    let before = *turns.changes().borrow();
    drop(turn);
    assert_eq!(state(&turns), "failed");
    assert_eq!(turns.turn("t-1").unwrap()["waitingFor"], Value::Null, "nobody waits for the answer");
    assert_eq!(turns.since(before).turns.len(), 1);
    turns.touch(Topic::Approvals);
    assert_eq!(turns.since(before + 1).topics, [Topic::Approvals]);
}
