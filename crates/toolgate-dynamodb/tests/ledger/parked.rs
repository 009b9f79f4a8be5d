//! Calls that a person must approve, where the platform does not ask: they are parked, and run one time with the
//! approved input.

use std::time::Duration;

use serde_json::{Value, json};
use toolgate::{Budget, Wire, testing};
use toolgate_dynamodb::{Approvals, ApprovalsError, Decision, PendingApproval};

use crate::{
    kit::{Bank, State, number, text},
    proxy::Fault,
};

const WIRES: [Wire; 2] = [Wire::Gateway, Wire::Direct];

fn pay(note: &str) -> Value {
    json!({"account": "jane", "amount": 100, "note": note})
}

fn call<'a>(bank: &'a Bank, wire: Wire, tool: &str, input: Value) -> testing::TestCall<'a, State> {
    testing::call(&bank.service, tool, input).on(wire).identity("customerId", "CUST-1")
}

fn approvals(bank: &Bank) -> Approvals {
    Approvals::new(bank.client.clone(), "approvals")
}

/// Decides on the call as it waits now. Returns the call.
pub(crate) async fn decide(
    approvals: &Approvals,
    id: &str,
    decision: Decision,
    by: &str,
) -> Result<PendingApproval, ApprovalsError> {
    let shown = approvals.find(id).await?;
    approvals.decide(&shown, decision, by).await.map(|()| shown)
}

/// Parks the call and returns the approval's id.
async fn park(bank: &Bank, wire: Wire, tool: &str, input: Value) -> String {
    let reply = call(bank, wire, tool, input).await;
    reply.assert_error("waiting for approval");
    let id = reply.message().split('`').nth(1).unwrap().to_owned();
    assert!(id.starts_with("APR-") && id.len() == 14, "{id}");
    id
}

#[tokio::test]
async fn a_parked_call_waits_under_one_id_and_has_no_effect() {
    for wire in WIRES {
        let bank = Bank::open().await;
        let id = park(&bank, wire, "pay_confirmed", pay("rent")).await;
        assert_eq!(bank.proxy.requests(), 2, "a look and a question");
        assert_eq!(park(&bank, wire, "pay_confirmed", pay("the rent")).await, id);
        assert_eq!(bank.proxy.requests(), 1);
        assert_ne!(park(&bank, wire, "pay_confirmed", json!({"account": "jane", "amount": 101})).await, id);
        assert_eq!(bank.balance().await, (1_000, 0));
        let parked = approvals(&bank).list().await.unwrap().pending;
        assert_eq!(parked.len(), 2);
        assert_eq!((parked[0].id.as_str(), parked[0].tool.as_str()), (id.as_str(), "pay_confirmed"));
        assert_eq!(Value::Object(parked[0].input.clone()), pay("rent"));
        let caller = parked[0].caller.clone().map(Value::Object);
        assert_eq!(caller, (wire == Wire::Gateway).then(|| json!({"customerId": "CUST-1"})));
    }
}

#[tokio::test]
async fn on_the_agents_wires_the_platform_has_asked() {
    let bank = Bank::open().await;
    for wire in [Wire::Function, Wire::Api] {
        call(&bank, wire, "pay_confirmed", pay("x")).session(wire.name()).await.ok();
    }
    assert!(bank.items("approvals").await.is_empty());
}

#[tokio::test]
async fn a_condition_decides_which_calls_need_a_person() {
    for (wire, tool) in WIRES.into_iter().flat_map(|wire| [(wire, "pay_large"), (wire, "wire_large")]) {
        let bank = Bank::open().await;
        let ask = |amount: Value| call(&bank, wire, tool, json!({"account": "jane", "amount": amount}));
        for large in [json!(501), json!("501"), json!(" 501 "), json!("501.0"), json!("5.01e2"), json!(501.0)] {
            let reply = ask(large.clone()).await;
            assert!(matches!(reply.kind(), Some("waiting for approval" | "invalid")), "{large}: {:?}", reply.body());
        }
        assert_eq!((bank.balance().await, bank.wired.lock().unwrap().len()), ((1_000, 0), 0));
        let parked = approvals(&bank).list().await.unwrap().pending;
        assert_eq!(parked.len(), 1, "one approval request, in any spelling");
        decide(&approvals(&bank), &parked[0].id, Decision::Approve, "dana").await.unwrap();
        let effects = async || match tool {
            "pay_large" => bank.balance().await.1,
            _ => bank.wired.lock().unwrap().len() as i64,
        };
        for _ in 0..2 {
            ask(json!(501)).await.ok();
        }
        assert_eq!(effects().await, 1, "an approval is for one effect");
        let small = ask(json!(499)).await;
        match (wire, tool) {
            // a once tool that needs no approval here, and has neither session nor identity for its scope
            (Wire::Direct, "pay_large") => small.assert_error("refused"),
            _ => {
                assert_eq!((small.kind(), effects().await), (None, 2));
                &small
            }
        };
        assert!(approvals(&bank).list().await.unwrap().pending.is_empty(), "the small payment needs no approval");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_approved_runs_once_as_it_was_approved() {
    for (wire, tool) in WIRES.into_iter().flat_map(|wire| [(wire, "pay_confirmed"), (wire, "wire_confirmed")]) {
        let bank = Bank::open().await;
        let id = park(&bank, wire, tool, pay("approved")).await;
        decide(&approvals(&bank), &id, Decision::Approve, "dana").await.unwrap();
        bank.proxy.requests();
        let calls = (0..16).map(|place| {
            let service = bank.service.clone();
            let input = pay(&format!("other words {place}"));
            tokio::spawn(
                async move { testing::call(&service, tool, input).on(wire).identity("customerId", "CUST-1").await },
            )
        });
        let mut replies = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            let reply = call.await.unwrap();
            if reply.kind() != Some("in progress") {
                replies.push(reply.ok().clone());
            }
        }
        replies.push(call(&bank, wire, tool, pay("later")).await.ok().clone());
        assert!(replies.iter().all(|reply| *reply == replies[0]), "{wire} {tool}: {replies:?}");
        match tool {
            "pay_confirmed" => assert_eq!(bank.balance().await, (900, 1)),
            _ => assert_eq!(
                bank.wired.lock().unwrap().iter().map(|(_, note)| note.as_str()).collect::<Vec<_>>(),
                ["approved"]
            ),
        }
    }
}

#[tokio::test]
async fn an_approved_first_run_is_one_request_more() {
    let bank = Bank::open().await;
    let id = park(&bank, Wire::Gateway, "pay_confirmed", pay("x")).await;
    decide(&approvals(&bank), &id, Decision::Approve, "dana").await.unwrap();
    bank.proxy.requests();
    for _ in 0..2 {
        call(&bank, Wire::Gateway, "pay_confirmed", pay("x")).await.ok();
        assert_eq!(bank.proxy.requests(), 2, "the approval, and the commit");
    }
}

#[tokio::test]
async fn an_approval_serves_nobody_else_and_nothing_else() {
    let bank = Bank::open().await;
    let id = park(&bank, Wire::Gateway, "pay_confirmed", pay("x")).await;
    decide(&approvals(&bank), &id, Decision::Approve, "dana").await.unwrap();
    let other = call(&bank, Wire::Gateway, "pay_confirmed", pay("x")).identity("customerId", "CUST-2").await;
    other.assert_error("waiting for approval");
    let anonymous = testing::call(&bank.service, "pay_confirmed", pay("x")).on(Wire::Gateway).await;
    anonymous.assert_error("waiting for approval");
    let more = json!({"account": "jane", "amount": 101});
    call(&bank, Wire::Gateway, "pay_confirmed", more).await.assert_error("waiting for approval");
    call(&bank, Wire::Gateway, "wire_confirmed", pay("x")).await.assert_error("waiting for approval");
    assert_eq!(bank.balance().await, (1_000, 0));
}

#[tokio::test]
async fn an_approved_call_that_times_out_says_that_it_may_be_repeated() {
    let bank = Bank::open().await;
    let id = park(&bank, Wire::Gateway, "wire_confirmed", pay("hang")).await;
    decide(&approvals(&bank), &id, Decision::Approve, "dana").await.unwrap();
    let call = call(&bank, Wire::Gateway, "wire_confirmed", pay("x")).deadline(Duration::from_millis(400));
    call.await.assert_error("timed out").assert_message_contains("it may have happened; repeat the same call");
}

#[tokio::test]
async fn a_denied_call_is_refused_until_it_has_expired() {
    let bank = Bank::open().await;
    let id = park(&bank, Wire::Gateway, "pay_confirmed", pay("x")).await;
    decide(&approvals(&bank), &id, Decision::Deny, "dana").await.unwrap();
    let reply = call(&bank, Wire::Gateway, "pay_confirmed", pay("y")).await;
    reply.assert_error("refused").assert_message_contains(&id);
    expire(&bank).await;
    assert_ne!(park(&bank, Wire::Gateway, "pay_confirmed", pay("z")).await, id);
}

#[tokio::test]
async fn an_old_yes_is_none_to_a_call_that_is_parked_anew_and_a_repeat_stays_one() {
    let bank = Bank::open().await;
    let id = park(&bank, Wire::Gateway, "pay_confirmed", pay("x")).await;
    decide(&approvals(&bank), &id, Decision::Approve, "dana").await.unwrap();
    expire(&bank).await;
    let again = park(&bank, Wire::Gateway, "pay_confirmed", pay("y")).await;
    assert_ne!(again, id);
    decide(&approvals(&bank), &again, Decision::Approve, "dana").await.unwrap();
    let first = call(&bank, Wire::Gateway, "pay_confirmed", pay("z")).await;
    first.ok();
    expire(&bank).await;
    // the effect has happened: a repeat gets the reply, and no person is asked
    let repeat = call(&bank, Wire::Gateway, "pay_confirmed", pay("w")).await;
    assert_eq!(repeat.ok(), first.ok());
    assert_eq!(bank.balance().await, (900, 1));
}

/// Makes all requests and decisions expire, before the table deletes them.
async fn expire(bank: &Bank) {
    for item in bank.items("approvals").await {
        let update = bank.client.update_item().table_name("approvals").key("id", item["id"].clone());
        let update =
            update.update_expression("SET expiresAt = :past").expression_attribute_values(":past", number(1_000));
        update.send().await.unwrap();
    }
}

#[tokio::test]
async fn nothing_in_a_call_approves_it() {
    let bank = Bank::open().await;
    let id = park(&bank, Wire::Gateway, "pay_confirmed", pay("x")).await;
    for (name, value) in [("approved", json!(true)), ("approval", json!(id)), ("decision", json!("approved"))] {
        let mut input = pay("x");
        input[name] = value.clone();
        call(&bank, Wire::Gateway, "pay_confirmed", input).await.assert_error("invalid");
        let text = value.as_str().unwrap_or("true").to_owned();
        let hinted =
            call(&bank, Wire::Gateway, "pay_confirmed", pay("x")).header(name, text.clone()).attribute(name, text);
        hinted.await.assert_error("waiting for approval");
    }
    let (event, _) = testing::call(&bank.service, "pay_confirmed", pay("x")).event();
    let imitation = call(&bank, Wire::Gateway, "pay_confirmed", event).await;
    imitation.assert_error("invalid");
    assert_eq!(bank.balance().await, (1_000, 0));
    // an item with the right key but without a decision has no effect
    let call_item = bank.items("approvals").await.remove(0);
    let decision = call_item["id"].as_s().unwrap().replace("call#", "decision#");
    bank.put(
        "approvals",
        [("id", text(&decision)), ("approval", text("APR-AAAAAAAAAA")), ("decision", text("approved"))],
    )
    .await;
    call(&bank, Wire::Gateway, "pay_confirmed", pay("x")).await.assert_error("waiting for approval");
}

#[tokio::test]
async fn a_table_that_fails_stops_the_call() {
    let bank = Bank::open().await;
    for fault in
        [Fault::error(500, "InternalServerError"), Fault::error(400, "AccessDeniedException"), Fault::CutBefore]
    {
        bank.proxy.fail_next([fault.clone()]);
        let reply = call(&bank, Wire::Gateway, "pay_confirmed", pay("x")).await;
        assert!(matches!(reply.kind(), Some("timed out" | "internal")), "{fault:?}: {:?}", reply.body());
    }
    bank.proxy.fail_next([Fault::error(400, "ThrottlingException")]);
    park(&bank, Wire::Gateway, "pay_confirmed", pay("x")).await;
    bank.proxy.requests();
    bank.proxy.fail_next([Fault::Pass, Fault::canceled(&["None", "TransactionConflict"])]);
    park(&bank, Wire::Direct, "pay_confirmed", pay("x")).await;
    assert_eq!(bank.proxy.requests(), 5, "both once more, after a look for a place to wait in");
    assert_eq!(bank.balance().await, (1_000, 0));
}

#[tokio::test]
async fn asking_costs_and_a_used_up_budget_asks_nobody() {
    let bank = Bank::open().await;
    let service = bank.service.clone().budget(Budget::calls(1)).unwrap();
    let call = |amount: i64| {
        let input = json!({"account": "jane", "amount": amount});
        testing::call(&service, "pay_confirmed", input).on(Wire::Gateway).identity("customerId", "CUST-1")
    };
    call(1).await.assert_error("waiting for approval");
    call(2).await.assert_error("refused").assert_message_contains("budget");
    assert_eq!(approvals(&bank).list().await.unwrap().pending.len(), 1);
}
