//! A call that is parked and also asked about by elicitation: a person's decision and a client's answer about the same
//! call are one effect, and neither overrules the other's no.

use serde_json::{Value, json};
use toolgate::{Service, Wire, testing};
use toolgate_dynamodb::{Approvals, Decision};

use crate::{
    client::{Request, TOOLS, asked, effects, error_kind, is_refused, rent, request, trusting, yes},
    kit::{Bank, Item, State},
};

/// Parks the call, by a client that cannot ask.
async fn park(service: &Service<State>, tool: &str) {
    let parked = Request { capabilities: json!({}), ..request(tool) }.send(service).await;
    assert_eq!(error_kind(&parked), "waiting for approval");
}

async fn decide(bank: &Bank, decision: Decision) {
    let approvals = Approvals::new(bank.client.clone(), "approvals");
    let shown = approvals.list().await.unwrap().pending.remove(0);
    approvals.decide(&shown, decision, "dana").await.unwrap();
}

/// The call by a client that cannot ask, with its output.
async fn run(service: &Service<State>, tool: &str) -> Value {
    let done = Request { capabilities: json!({}), ..request(tool) }.send(service).await;
    assert_eq!(done["result"]["isError"], false, "{done}");
    done["result"]["structuredContent"].clone()
}

async fn rows(bank: &Bank, prefix: &str) -> Vec<Item> {
    let all = bank.items("approvals").await;
    all.into_iter().filter(|row| row["id"].as_s().unwrap().starts_with(prefix)).collect()
}

#[tokio::test]
async fn an_approved_call_uses_its_approval_and_asks_nobody() {
    for tool in TOOLS {
        let bank = Bank::open().await;
        let service = trusting(&bank);
        park(&service, tool).await;
        decide(&bank, Decision::Approve).await;
        let mut outputs = Vec::new();
        for note in ["rent", "the rent"] {
            let mut call = request(tool);
            call.input["note"] = note.into();
            let done = call.send(&service).await;
            assert_eq!(done["result"]["isError"], false, "{done}");
            outputs.push(done["result"]["structuredContent"].clone());
        }
        outputs.push(run(&service, tool).await);
        assert!(outputs.iter().all(|output| *output == outputs[0]), "{outputs:?}");
        assert_eq!(effects(&bank).await, 1);
        assert!(rows(&bank, "elicit#").await.is_empty(), "no question");
        let is_used = rows(&bank, "call#").await[0].contains_key("usedBy");
        assert_eq!(is_used, tool == "wire_confirmed", "a committed effect has a record of its own");
        if tool == "wire_confirmed" {
            assert_eq!(bank.wired.lock().unwrap()[0].1, "rent", "the approved input");
        }
    }
}

#[tokio::test]
async fn what_is_approved_after_the_question_is_one_effect_and_the_answer_does_not_count() {
    for tool in TOOLS {
        let bank = Bank::open().await;
        let service = trusting(&bank);
        let state = asked(&service, tool).await;
        park(&service, tool).await;
        decide(&bank, Decision::Approve).await;
        let done = request(tool).answered(&state, yes()).send(&service).await;
        assert_eq!(done["result"]["isError"], false, "{done}");
        assert_eq!(rows(&bank, "elicit#").await[0]["answer"].as_s().unwrap(), "decided");
        assert!(is_refused(&request(tool).answered(&state, yes()).send(&service).await), "the question is closed");
        assert_eq!(run(&service, tool).await, done["result"]["structuredContent"]);
        assert_eq!(effects(&bank).await, 1);
    }
}

#[tokio::test]
async fn an_approval_after_the_answer_is_the_same_effect() {
    for tool in TOOLS {
        let bank = Bank::open().await;
        let service = trusting(&bank);
        park(&service, tool).await;
        let state = asked(&service, tool).await;
        let done = request(tool).answered(&state, yes()).send(&service).await;
        assert_eq!(done["result"]["isError"], false, "{done}");
        assert_eq!(rows(&bank, "elicit#").await[0]["answer"].as_s().unwrap(), "accepted");
        decide(&bank, Decision::Approve).await;
        assert_eq!(run(&service, tool).await, done["result"]["structuredContent"]);
        assert_eq!(effects(&bank).await, 1);
    }
}

#[tokio::test]
async fn a_no_of_an_approver_is_not_overruled_by_a_client() {
    for tool in TOOLS {
        let bank = Bank::open().await;
        let service = trusting(&bank);
        let state = asked(&service, tool).await;
        park(&service, tool).await;
        decide(&bank, Decision::Deny).await;
        assert_eq!(error_kind(&request(tool).send(&service).await), "refused");
        assert_eq!(error_kind(&request(tool).answered(&state, yes()).send(&service).await), "refused");
        assert_eq!(effects(&bank).await, 0);
    }
}

#[tokio::test]
async fn a_no_after_the_effect_does_not_hide_it() {
    for tool in TOOLS {
        let bank = Bank::open().await;
        let service = trusting(&bank);
        park(&service, tool).await;
        let state = asked(&service, tool).await;
        let done = request(tool).answered(&state, yes()).send(&service).await;
        assert_eq!(done["result"]["isError"], false, "{done}");
        decide(&bank, Decision::Deny).await;
        let again = request(tool).send(&service).await;
        assert_eq!(again["result"]["structuredContent"], done["result"]["structuredContent"], "{again}");
        assert_eq!(run(&service, tool).await, done["result"]["structuredContent"]);
        assert_eq!(effects(&bank).await, 1);
    }
}

#[tokio::test]
async fn a_no_of_a_client_stops_its_own_call_and_not_the_approval() {
    for tool in TOOLS {
        let bank = Bank::open().await;
        let service = trusting(&bank);
        let state = asked(&service, tool).await;
        park(&service, tool).await;
        decide(&bank, Decision::Approve).await;
        let no = request(tool).answered(&state, json!({"action": "decline"})).send(&service).await;
        assert_eq!(error_kind(&no), "refused");
        assert_eq!(effects(&bank).await, 0);
        run(&service, tool).await;
        assert_eq!(effects(&bank).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_and_an_approval_at_once_are_one_effect() {
    for round in 0..20 {
        let tool = TOOLS[round % 2];
        let bank = Bank::open().await;
        let service = trusting(&bank);
        park(&service, tool).await;
        let state = asked(&service, tool).await;
        let answer = tokio::spawn({
            let service = service.clone();
            async move { request(tool).answered(&state, yes()).send(&service).await }
        });
        let approved = async {
            decide(&bank, Decision::Approve).await;
            let call = testing::call(&service, tool, rent()).on(Wire::Gateway).identity("customerId", "CUST-1");
            call.await
        };
        let (answered, approved) = tokio::join!(answer, approved);
        let kinds = (answered.unwrap()["result"]["isError"].clone(), approved.kind().map(str::to_owned));
        assert!(kinds.0 == false || kinds.1.is_none(), "one of them ran: {kinds:?}");
        assert_eq!(effects(&bank).await, 1, "{tool}");
    }
}
