//! Questions that an MCP client puts to its person: asked with exactly the stored input, answered once, by the same
//! caller, about the same call.

use std::time::Duration;

use serde_json::{Value, json};
use toolgate::{Wire, testing};

use crate::{
    client::{Request, TOOLS, asked, effects, error_kind, is_refused, rent, request, trusting, yes},
    kit::{Bank, number, text},
    proxy::Fault,
};

#[tokio::test]
async fn a_yes_runs_exactly_what_was_shown_one_time() {
    for tool in TOOLS {
        let bank = Bank::open().await;
        let service = trusting(&bank);
        let message = request(tool).send(&service).await;
        let result = &message["result"];
        let asks = &result["inputRequests"]["confirm"];
        assert_eq!((&asks["method"], &asks["params"]["mode"]), (&json!("elicitation/create"), &json!("form")));
        let shown = format!("Allow `{tool}` with exactly this input?\naccount: \"jane\"\namount: 100\nnote: \"rent\"");
        assert_eq!(asks["params"]["message"], shown);
        assert_eq!(asks["params"]["requestedSchema"]["properties"]["ok"]["type"], "boolean");
        let state = result["requestState"].as_str().unwrap();
        assert!(state.len() == 32 && state.bytes().all(|byte| byte.is_ascii_hexdigit()), "{state}");
        assert_eq!(effects(&bank).await, 0);
        let rows = bank.items("approvals").await;
        let id = rows[0]["id"].as_s().unwrap();
        assert!(rows.len() == 1 && id.starts_with(&format!("elicit#{tool}#")), "{rows:?}");
        let mut stored: Vec<_> = rows[0].keys().map(String::as_str).collect();
        stored.sort_unstable();
        assert_eq!(stored, ["digest", "expiresAt", "id", "state"], "nothing of the caller and the input");
        assert!(!format!("{rows:?}").contains("jane") && !format!("{rows:?}").contains("CUST-1"));

        let done = request(tool).answered(state, yes()).send(&service).await;
        assert_eq!(done["result"]["structuredContent"]["amount"], 100, "{done}");
        assert_eq!(effects(&bank).await, 1);
        for again in [yes(), json!({"action": "decline"})] {
            assert!(is_refused(&request(tool).answered(state, again).send(&service).await));
        }
        assert_eq!(effects(&bank).await, 1);
        let rows = bank.items("approvals").await;
        assert!(rows.iter().all(|row| row["id"].as_s().unwrap().starts_with("elicit#")), "no decision: {rows:?}");
    }
}

#[tokio::test]
async fn the_effect_of_a_yes_is_not_asked_about_again() {
    let bank = Bank::open().await;
    let service = trusting(&bank);
    bank.proxy.requests();
    let state = asked(&service, "pay_confirmed").await;
    assert_eq!(bank.proxy.requests(), 2, "the parked call, and the question");
    let done = request("pay_confirmed").answered(&state, yes()).send(&service).await;
    assert_eq!(bank.proxy.requests(), 3, "the parked call, the answer and the effect");
    let again = request("pay_confirmed").send(&service).await;
    assert_eq!(bank.proxy.requests(), 2);
    assert_eq!(again["result"]["structuredContent"], done["result"]["structuredContent"], "the first reply");
    // a tool without a record of its own asks for each effect
    let (one, other) = (asked(&service, "wire_confirmed").await, asked(&service, "wire_confirmed").await);
    assert_ne!(one, other);
    assert_eq!(effects(&bank).await, 1);
}

#[tokio::test]
async fn a_no_is_a_refusal_and_stays_one() {
    for tool in TOOLS {
        for no in [
            json!({"action": "decline"}),
            json!({"action": "cancel"}),
            json!({"action": "accept", "content": {"ok": false}}),
            json!({"action": "decline", "content": {"ok": true}}),
        ] {
            let bank = Bank::open().await;
            let service = trusting(&bank);
            let state = asked(&service, tool).await;
            assert_eq!(error_kind(&request(tool).answered(&state, no).send(&service).await), "refused");
            assert!(is_refused(&request(tool).answered(&state, yes()).send(&service).await), "a yes after a no");
            assert_eq!(effects(&bank).await, 0);
        }
    }
}

#[tokio::test]
async fn an_answer_is_valid_for_its_caller_its_tool_and_its_input_only() {
    for (tool, another) in [TOOLS, ["wire_confirmed", "pay_confirmed"]].map(|[one, other]| (one, other)) {
        let bank = Bank::open().await;
        let service = trusting(&bank);
        let state = asked(&service, tool).await;
        let altered = |change: &dyn Fn(&mut Request)| {
            let mut request = request(tool).answered(&state, yes());
            change(&mut request);
            request
        };
        let attacks: Vec<Request> = vec![
            altered(&|request| request.caller = "CUST-2".to_owned()),
            altered(&|request| request.tool = another.to_owned()),
            altered(&|request| request.input["amount"] = 101.into()),
            altered(&|request| request.input["note"] = "another".into()),
            altered(&|request| drop(request.input.as_object_mut().unwrap().remove("note"))),
            altered(&|request| request.answer.as_mut().unwrap().0 = "0".repeat(32)),
            altered(&|request| request.answer.as_mut().unwrap().0 = String::new()),
            altered(&|request| request.answer.as_mut().unwrap().0 = format!("{state}#")),
            altered(&|request| request.answer.as_mut().unwrap().0 = "é".repeat(16)),
        ];
        for attack in attacks {
            let shown = format!("{} {} {:?}", attack.tool, attack.input, attack.answer);
            let message = attack.send(&service).await;
            assert!(is_refused(&message), "{shown}: {message}");
        }
        assert_eq!(effects(&bank).await, 0);
        // none of them has used the answer up
        let done = request(tool).answered(&state, yes()).send(&service).await;
        assert_eq!(done["result"]["isError"], false, "{done}");
        assert_eq!(effects(&bank).await, 1);
    }
}

#[tokio::test]
async fn content_that_is_not_a_plain_answer_is_not_a_yes() {
    let bank = Bank::open().await;
    let service = trusting(&bank);
    let state = asked(&service, "pay_confirmed").await;
    for response in [
        json!({"action": "accept"}),
        json!({"action": "accept", "content": {}}),
        json!({"action": "accept", "content": {"ok": "true"}}),
        json!({"action": "accept", "content": {"ok": 1}}),
        json!({"action": "accept", "content": true}),
        json!({"action": "yes", "content": {"ok": true}}),
        json!({"content": {"ok": true}}),
        json!(true),
        json!(null),
    ] {
        let message = request("pay_confirmed").answered(&state, response.clone()).send(&service).await;
        assert_eq!(message["error"]["code"], -32602, "{response}: {message}");
    }
    assert_eq!(effects(&bank).await, 0);
    let done = request("pay_confirmed").answered(&state, yes()).send(&service).await;
    assert_eq!(done["result"]["isError"], false, "{done}");
}

#[tokio::test]
async fn a_question_expires() {
    for tool in TOOLS {
        let bank = Bank::open().await;
        let service = trusting(&bank);
        let state = asked(&service, tool).await;
        bank.clock.advance(Duration::from_secs(10 * 60 + 2));
        assert!(is_refused(&request(tool).answered(&state, yes()).send(&service).await));
        assert_eq!(effects(&bank).await, 0);
        let state = asked(&service, tool).await;
        bank.clock.advance(Duration::from_secs(9 * 60));
        let done = request(tool).answered(&state, yes()).send(&service).await;
        assert_eq!(done["result"]["isError"], false, "{done}");
    }
}

#[tokio::test]
async fn answers_at_once_are_one_effect() {
    for tool in TOOLS {
        let bank = Bank::open().await;
        let service = trusting(&bank);
        let state = asked(&service, tool).await;
        let answers = (0..20).map(|_| {
            let (service, state) = (service.clone(), state.clone());
            tokio::spawn(async move { request(tool).answered(&state, yes()).send(&service).await })
        });
        let (mut ran, mut refused) = (0, 0);
        for answer in answers.collect::<Vec<_>>() {
            let message = answer.await.unwrap();
            ran += usize::from(message["result"]["isError"] == false);
            refused += usize::from(is_refused(&message));
        }
        assert_eq!((ran, refused, effects(&bank).await), (1, 19, 1), "{tool}");
    }
}

#[tokio::test]
async fn a_crash_after_the_answer_asks_again_and_never_runs_twice() {
    for tool in TOOLS {
        let bank = Bank::open().await;
        let service = trusting(&bank);
        let state = asked(&service, tool).await;
        // the answer is recorded, and its response is lost
        bank.proxy.fail_next([Fault::Pass, Fault::CutAfter]);
        let lost = request(tool).answered(&state, yes()).send(&service).await;
        assert_eq!(error_kind(&lost), "timed out", "{lost}");
        assert!(is_refused(&request(tool).answered(&state, yes()).send(&service).await));
        // the answer is recorded, and the effect is not
        let state = asked(&service, tool).await;
        bank.proxy.fail_next([Fault::Pass, Fault::Pass, Fault::CutBefore]);
        request(tool).answered(&state, yes()).send(&service).await;
        assert_eq!(effects(&bank).await, 0);
        assert!(is_refused(&request(tool).answered(&state, yes()).send(&service).await));
        let state = asked(&service, tool).await;
        let done = request(tool).answered(&state, yes()).send(&service).await;
        assert_eq!(done["result"]["isError"], false, "{done}");
        assert_eq!(effects(&bank).await, 1);
    }
}

#[tokio::test]
async fn everybody_else_gets_a_parked_approval() {
    let bank = Bank::open().await;
    let trusting = trusting(&bank);
    let distrusting = bank.service.clone().wires([Wire::Mcp]);
    let without = |capabilities: Value| Request { capabilities, ..request("pay_confirmed") };
    let mut waiting = vec![
        ("a deployment that trusts nobody", request("pay_confirmed").send(&distrusting).await),
        ("a client that cannot ask", without(json!({})).send(&trusting).await),
        ("a client that opens URLs only", without(json!({"elicitation": {"url": {}}})).send(&trusting).await),
        ("a client with an odd capability", without(json!({"elicitation": true})).send(&trusting).await),
    ];
    let mut long = request("pay_confirmed");
    long.input["note"] = "x".repeat(5_000).into();
    waiting.push(("a question that nobody reads", long.send(&trusting).await));
    for (who, message) in waiting {
        assert_eq!(error_kind(&message), "waiting for approval", "{who}: {message}");
        assert!(message.to_string().contains("APR-"), "{who}");
    }
    // a client that may ask, and its answer without a question
    let made_up = request("pay_confirmed").answered(&"0".repeat(32), yes());
    assert!(is_refused(&made_up.send(&distrusting).await));
    let no_question = Request { input: json!({"account": "jane", "amount": 1}), ..request("pay_large") };
    assert!(is_refused(&no_question.answered(&"0".repeat(32), yes()).send(&trusting).await), "it needs no person");
    assert_eq!(effects(&bank).await, 0);
}

#[tokio::test]
async fn an_elicited_yes_is_no_decision_on_another_wire() {
    let bank = Bank::open().await;
    let service = trusting(&bank);
    let call = || testing::call(&service, "pay_confirmed", rent()).on(Wire::Gateway).identity("customerId", "CUST-1");
    call().await.assert_error("waiting for approval");
    let state = asked(&service, "pay_confirmed").await;
    // even the row of an answered question, written by hand, approves nothing
    let row = bank.items("approvals").await.into_iter().find(|row| row["id"].as_s().unwrap().starts_with("elicit#"));
    let mut row = row.unwrap();
    row.insert("answer".to_owned(), text("accepted"));
    row.insert("answeredAt".to_owned(), number(1));
    bank.client.put_item().table_name("approvals").set_item(Some(row)).send().await.unwrap();
    call().await.assert_error("waiting for approval");
    assert!(is_refused(&request("pay_confirmed").answered(&state, yes()).send(&service).await));
    assert_eq!(effects(&bank).await, 0);
}

#[tokio::test]
async fn a_ledger_that_does_not_answer_stops_the_call() {
    let bank = Bank::open().await;
    let service = trusting(&bank);
    bank.proxy.fail_next([Fault::error(400, "AccessDeniedException")]);
    assert_eq!(error_kind(&request("pay_confirmed").send(&service).await), "internal");
    let state = asked(&service, "pay_confirmed").await;
    let faults = [Fault::error(400, "AccessDeniedException"), Fault::CutBefore];
    for faults in faults.into_iter().flat_map(|fault| [vec![fault.clone()], vec![Fault::Pass, fault]]) {
        bank.proxy.fail_next(faults);
        let kind = error_kind(&request("pay_confirmed").answered(&state, yes()).send(&service).await);
        assert!(["internal", "timed out"].contains(&kind.as_str()), "{kind}");
    }
    assert_eq!(effects(&bank).await, 0);
    bank.proxy.fail_next([Fault::error(400, "ThrottlingException")]);
    let done = request("pay_confirmed").answered(&state, yes()).send(&service).await;
    assert_eq!(done["result"]["isError"], false, "{done}");
}
