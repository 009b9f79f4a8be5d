//! Open questions are limited, and whatever clients, approvers and callers do at once, no effect happens without a yes.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use proptest::prelude::*;
use serde_json::{Value, json};
use toolgate::Service;
use toolgate_dynamodb::{Approvals, Decision};

use crate::{
    client::{Request, TOOLS, asked, error_kind, is_refused, request, trusting, yes},
    kit::{Bank, State, number},
};

/// The number in `docs/mcp.md`.
const MOST: usize = 20;

fn of(tool: &str, caller: &str, amount: usize) -> Request {
    let input = json!({"account": "jane", "amount": amount, "note": format!("{caller}/{amount}")});
    Request { input, caller: caller.to_owned(), ..request(tool) }
}

/// The state of the question, where there is one.
fn state(message: &Value) -> Option<String> {
    message["result"]["requestState"].as_str().map(str::to_owned)
}

/// The questions that are open now.
async fn open(bank: &Bank) -> usize {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let rows = bank.items("approvals").await.into_iter().filter(|row| {
        let until: u64 = row.get("expiresAt").unwrap().as_n().unwrap().parse().unwrap();
        row["id"].as_s().unwrap().starts_with("elicit#") && !row.contains_key("answer") && until >= now
    });
    rows.count()
}

#[tokio::test]
async fn a_caller_with_20_open_questions_gets_a_parked_approval() {
    let bank = Bank::open().await;
    let service = trusting(&bank);
    let mut states = Vec::new();
    for amount in 1..=MOST {
        states.push(state(&of("pay_confirmed", "CUST-1", amount).send(&service).await).unwrap());
    }
    assert_eq!(states.iter().collect::<HashSet<_>>().len(), MOST);
    let parked = of("pay_confirmed", "CUST-1", 21).send(&service).await;
    assert_eq!(error_kind(&parked), "waiting for approval", "{parked}");
    assert_eq!(open(&bank).await, MOST);
    // it is in nobody else's way, and in that of no other tool
    assert!(state(&of("pay_confirmed", "CUST-2", 1).send(&service).await).is_some());
    assert!(state(&of("wire_confirmed", "CUST-1", 1).send(&service).await).is_some());
    // each answer frees one place, and the other questions stay
    let done = of("pay_confirmed", "CUST-1", 7).answered(&states[6], yes()).send(&service).await;
    assert_eq!(done["result"]["isError"], false, "{done}");
    assert!(state(&of("pay_confirmed", "CUST-1", 22).send(&service).await).is_some());
    assert_eq!(error_kind(&of("pay_confirmed", "CUST-1", 23).send(&service).await), "waiting for approval");
    assert!(is_refused(&of("pay_confirmed", "CUST-1", 7).answered(&states[6], yes()).send(&service).await));
    let done = of("pay_confirmed", "CUST-1", 8).answered(&states[7], yes()).send(&service).await;
    assert_eq!(done["result"]["isError"], false, "{done}");
    // and so does its end
    bank.clock.advance(Duration::from_secs(10 * 60 + 2));
    assert!(state(&of("pay_confirmed", "CUST-1", 24).send(&service).await).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_200_calls_at_once_at_most_20_are_questions() {
    let bank = Bank::open().await;
    let service = trusting(&bank);
    let calls = (1..=200).map(|amount| {
        let service = service.clone();
        tokio::spawn(async move { of("wire_confirmed", "CUST-1", amount).send(&service).await })
    });
    let mut questions = 0;
    for call in calls.collect::<Vec<_>>() {
        let message = call.await.unwrap();
        match state(&message) {
            Some(_) => questions += 1,
            None => assert!(["waiting for approval", "refused", "conflict"].contains(&error_kind(&message).as_str())),
        }
    }
    assert!((1..=MOST).contains(&questions), "{questions}");
    assert_eq!(open(&bank).await, questions);
}

#[tokio::test]
async fn an_answered_question_that_was_replaced_is_not_answered_again() {
    let bank = Bank::open().await;
    let service = trusting(&bank);
    let first = asked(&service, "wire_confirmed").await;
    let no = request("wire_confirmed").answered(&first, json!({"action": "decline"})).send(&service).await;
    assert_eq!(error_kind(&no), "refused");
    // every place is taken again, by the same call
    for _ in 0..MOST {
        asked(&service, "wire_confirmed").await;
    }
    assert!(is_refused(&request("wire_confirmed").answered(&first, yes()).send(&service).await));
    assert!(bank.wired.lock().unwrap().is_empty());
    for row in bank.items("approvals").await {
        let update = bank.client.update_item().table_name("approvals").key("id", row["id"].clone());
        let update = update.update_expression("SET expiresAt = :past").expression_attribute_values(":past", number(1));
        update.send().await.unwrap();
    }
    asked(&service, "wire_confirmed").await;
}

/// One step of a client, a caller or an approver. The numbers select calls and questions.
#[derive(Debug, Clone)]
enum Step {
    Ask(usize),
    Answer { question: usize, yes: bool, twist: Twist },
    Call(usize),
    Decide { yes: bool },
    Wait(u64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Twist {
    None,
    Amount,
    Caller,
    Tool,
}

/// Two tools, two callers and two amounts.
fn call(place: usize) -> (&'static str, &'static str, usize) {
    (TOOLS[place % 2], ["CUST-1", "CUST-2"][place / 2 % 2], 10 + place / 4 % 2)
}

fn step() -> impl Strategy<Value = Step> {
    let twist =
        prop_oneof![6 => Just(Twist::None), 1 => Just(Twist::Amount), 1 => Just(Twist::Caller), 1 => Just(Twist::Tool)];
    prop_oneof![
        4 => (0..8_usize).prop_map(Step::Ask),
        6 => (0..64_usize, prop::bool::weighted(0.8), twist)
            .prop_map(|(question, yes, twist)| Step::Answer { question, yes, twist }),
        3 => (0..8_usize).prop_map(Step::Call),
        2 => prop::bool::weighted(0.7).prop_map(|yes| Step::Decide { yes }),
        1 => (0..400_u64).prop_map(Step::Wait),
    ]
}

/// What happened, as the clients and the approver know it.
#[derive(Default)]
struct Known {
    questions: Vec<(String, usize)>,
    /// For each call, how often a person may have agreed.
    agreed: HashMap<usize, usize>,
    /// For each question, how many answers counted.
    counted: HashMap<String, usize>,
    decisions: usize,
}

async fn take(bank: &Bank, service: &Service<State>, known: &Mutex<Known>, step: Step) {
    match step {
        Step::Ask(place) => {
            let (tool, caller, amount) = call(place);
            let asked = state(&of(tool, caller, amount).send(service).await);
            known.lock().unwrap().questions.extend(asked.map(|state| (state, place)));
        }
        Step::Call(place) => {
            let (tool, caller, amount) = call(place);
            Request { capabilities: json!({}), ..of(tool, caller, amount) }.send(service).await;
        }
        Step::Answer { question, yes: agrees, twist } => {
            let chosen = {
                let mut known = known.lock().unwrap();
                let count = known.questions.len().max(1);
                let chosen = known.questions.get(question % count).cloned();
                if let (Some((_, place)), true, Twist::None) = (&chosen, agrees, twist) {
                    *known.agreed.entry(*place).or_default() += 1;
                }
                chosen
            };
            let Some((state, place)) = chosen else { return };
            let (tool, caller, amount) = call(match twist {
                Twist::None => place,
                Twist::Amount => place ^ 4,
                Twist::Caller => place ^ 2,
                Twist::Tool => place ^ 1,
            });
            let answer = if agrees { yes() } else { json!({"action": "decline"}) };
            let message = of(tool, caller, amount).answered(&state, answer).send(service).await;
            if !is_refused(&message) {
                assert_eq!(twist, Twist::None, "an answer to another question counted: {message}");
                *known.lock().unwrap().counted.entry(state).or_default() += 1;
            }
        }
        Step::Decide { yes } => {
            let approvals = Approvals::new(bank.client.clone(), "approvals");
            let Some(shown) = approvals.list().await.unwrap().pending.pop() else { return };
            let decision = if yes { Decision::Approve } else { Decision::Deny };
            if yes {
                let place = (0..8).find(|place| {
                    let (tool, caller, amount) = call(*place);
                    shown.tool == tool && shown.input["note"] == format!("{caller}/{amount}")
                });
                *known.lock().unwrap().agreed.entry(place.unwrap()).or_default() += 1;
            }
            if approvals.decide(&shown, decision, "dana").await.is_ok() {
                known.lock().unwrap().decisions += 1;
            }
        }
        Step::Wait(seconds) => bank.clock.advance(Duration::from_secs(seconds)),
    }
}

/// Plays the steps, three at a time, and checks what must never happen.
async fn play(steps: Vec<Step>) {
    let bank = Bank::open().await;
    let service = trusting(&bank);
    let known = Mutex::new(Known::default());
    let mut steps = steps.into_iter();
    loop {
        let three: Vec<_> = steps.by_ref().take(3).map(|step| take(&bank, &service, &known, step)).collect();
        if three.is_empty() {
            break;
        }
        futures_util::future::join_all(three).await;
    }
    let known = known.into_inner().unwrap();
    assert!(known.counted.values().all(|count| *count <= 1), "an answer counted twice: {:?}", known.counted);
    let wired = bank.wired.lock().unwrap().clone();
    let payments = usize::try_from(bank.balance().await.1).unwrap();
    let agreed = |place: usize| known.agreed.get(&place).copied().unwrap_or_default();
    let payable = (0..8).filter(|place| call(*place).0 == "pay_confirmed" && agreed(*place) > 0).count();
    assert!(payments <= payable, "{payments} payments, and a person agreed to {payable}");
    for place in (0..8).filter(|place| call(*place).0 == "wire_confirmed") {
        let (_, caller, amount) = call(place);
        let effects = wired.iter().filter(|(_, note)| *note == format!("{caller}/{amount}")).count();
        assert!(effects <= agreed(place), "{effects} effects of {place}, {} times agreed", agreed(place));
    }
    let keys: HashSet<_> = wired.iter().map(|(key, _)| key).collect();
    assert_eq!(keys.len(), wired.len(), "an effect key ran twice: {wired:?}");
    let rows = bank.items("approvals").await;
    let decisions = rows.iter().filter(|row| row["id"].as_s().unwrap().starts_with("decision#")).count();
    assert_eq!(decisions, known.decisions, "only an approver decides");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn nothing_happens_without_a_yes_and_no_yes_counts_twice(steps in prop::collection::vec(step(), 6..45)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(play(steps));
    }
}
