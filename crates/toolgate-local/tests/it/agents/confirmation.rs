//! Confirmations: the person confirms, denies, or sends other input instead.

use aws_sdk_bedrockagentruntime::{
    error::ProvideErrorMetadata,
    types::{
        ActionInvocationType, ConfirmationState, ContentBody, FunctionResult, InvocationResultMember, SessionState,
    },
};
use serde_json::json;
use toolgate_local::{models::Models, template::Template};

use super::support::*;

/// `cancel` for any text but "never mind", then an answer that repeats the result.
fn cancels() -> Models {
    model(|seen| match (seen.results.first(), seen.text.as_str()) {
        (_, "never mind") => answer(format!("fine, {} messages", seen.messages)),
        (None, _) => Say::Calls(vec![("orders__get", json!({"id": "7"})), ("orders__cancel", json!({"id": "7"}))]),
        (Some(results), _) => answer(results[1].0.clone()),
    })
}

#[tokio::test]
async fn a_person_who_agrees_lets_the_tool_run() {
    let functions = Functions::echo();
    let desk = Desk::start(&one_agent(), functions.clone(), cancels()).await;
    let turn = desk.say("Orders", "s1", "cancel 7").await;
    let asked = turn.asked.unwrap();
    assert_eq!((turn.chunks, functions.called()), (0, vec!["get".to_owned()]), "no answer yet, and nothing cancelled");
    let input = asked.invocation_inputs()[0].as_function_invocation_input().unwrap();
    assert_eq!(input.action_invocation_type(), Some(&ActionInvocationType::UserConfirmation));
    assert_eq!((input.action_group(), input.function(), input.agent_id()), ("orders", Some("cancel"), Some("Orders")));
    assert_eq!(input.parameters()[0].value(), Some("7"));
    let turn = desk.confirm("Orders", "s1", &asked, ConfirmationState::Confirm).await;
    assert_eq!(functions.called(), ["get", "cancel"]);
    assert!(turn.text.contains("\"tool\":\"cancel\""), "{}", turn.text);
}

#[tokio::test]
async fn a_person_who_declines_keeps_the_tool_from_running() {
    let functions = Functions::echo();
    let desk = Desk::start(&one_agent(), functions.clone(), cancels()).await;
    let asked = desk.say("Orders", "s1", "cancel 7").await.asked.unwrap();
    let turn = desk.confirm("Orders", "s1", &asked, ConfirmationState::Deny).await;
    assert_eq!(turn.text, "The person declined: `cancel` was not run.");
    assert_eq!(functions.called(), ["get"]);
}

#[tokio::test]
async fn new_words_drop_the_question() {
    let functions = Functions::echo();
    let desk = Desk::start(&one_agent(), functions.clone(), cancels()).await;
    let asked = desk.say("Orders", "s1", "cancel 7").await.asked.unwrap();
    assert_eq!(desk.say("Orders", "s1", "never mind").await.text, "fine, 3 messages");
    let late = refused(&desk, "s1", &asked.invocation_id, Some(ConfirmationState::Confirm)).await;
    assert!(late.contains("waits for no answer"), "{late}");
    assert_eq!(functions.called(), ["get"]);
}

#[tokio::test]
async fn answers_that_do_not_fit_are_refused_and_the_question_stays() {
    let functions = Functions::echo();
    let desk = Desk::start(&one_agent(), functions.clone(), cancels()).await;
    let none = refused(&desk, "s1", &Some("any".to_owned()), Some(ConfirmationState::Confirm)).await;
    assert!(none.contains("waits for no answer"), "{none}");
    let asked = desk.say("Orders", "s1", "cancel 7").await.asked.unwrap();
    let other = refused(&desk, "s1", &Some("another".to_owned()), Some(ConfirmationState::Confirm)).await;
    assert!(other.contains("not the one"), "{other}");
    let undecided = refused(&desk, "s1", &asked.invocation_id, None).await;
    assert!(undecided.contains("confirmationState"), "{undecided}");
    let turn = desk.confirm("Orders", "s1", &asked, ConfirmationState::Confirm).await;
    assert!(turn.text.contains("cancel"), "{}", turn.text);
    let twice = refused(&desk, "s1", &asked.invocation_id, Some(ConfirmationState::Confirm)).await;
    assert!(twice.contains("waits for no answer"), "{twice}");
    assert_eq!(functions.called(), ["get", "cancel"]);
}

async fn refused(desk: &Desk, session: &str, id: &Option<String>, state: Option<ConfirmationState>) -> String {
    let result = FunctionResult::builder()
        .action_group("orders")
        .function("cancel")
        .set_confirmation_state(state)
        .build()
        .unwrap();
    let state = SessionState::builder()
        .set_invocation_id(id.clone())
        .return_control_invocation_results(InvocationResultMember::FunctionResult(result))
        .build();
    let error = desk.to("Orders", session).session_state(state).send().await.unwrap_err().into_service_error();
    assert!(error.is_validation_exception(), "{error:?}");
    error.message().unwrap().to_owned()
}

#[tokio::test]
async fn more_than_five_questions_come_in_parts() {
    let functions = Functions::echo();
    let play = model(|seen| match seen.results.first() {
        None => Say::Calls((0..6).map(|id| ("orders__cancel", json!({"id": id.to_string()}))).collect()),
        Some(results) => answer(results.iter().filter(|(_, error)| !error).count().to_string()),
    });
    let desk = Desk::start(&one_agent(), functions.clone(), play).await;
    let asked = desk.say("Orders", "s1", "go").await.asked.unwrap();
    assert_eq!(asked.invocation_inputs().len(), 5);
    let result = FunctionResult::builder()
        .action_group("orders")
        .function("cancel")
        .confirmation_state(ConfirmationState::Confirm)
        .build()
        .unwrap();
    let state = SessionState::builder()
        .set_invocation_id(asked.invocation_id)
        .set_return_control_invocation_results(Some(vec![InvocationResultMember::FunctionResult(result); 5]))
        .build();
    let asked = collect(desk.to("Orders", "s1").session_state(state)).await.asked.unwrap();
    assert_eq!(asked.invocation_inputs().len(), 1);
    let turn = desk.confirm("Orders", "s1", &asked, ConfirmationState::Confirm).await;
    assert_eq!((turn.text.as_str(), functions.called().len()), ("6", 6));
}

#[tokio::test]
async fn a_group_that_returns_control_gets_its_results_from_the_caller() {
    let template = Template {
        agents: vec![agent("Orders", vec![group("client", None, functions(&["locate", "!wipe"]))], &[])],
        ..Template::default()
    };
    let play = model(|seen| match seen.results.first() {
        None if seen.text == "wipe" => Say::Calls(vec![("client__wipe", json!({}))]),
        None => Say::Calls(vec![("client__locate", json!({}))]),
        Some(results) => answer(results[0].0.clone()),
    });
    let functions = Functions::echo();
    let desk = Desk::start(&template, functions.clone(), play).await;
    for (text, kind, confirmation) in [
        ("where", ActionInvocationType::Result, None),
        ("wipe", ActionInvocationType::UserConfirmationAndResult, Some(ConfirmationState::Confirm)),
    ] {
        let asked = desk.say("Orders", "s1", text).await.asked.unwrap();
        let input = asked.invocation_inputs()[0].as_function_invocation_input().unwrap();
        assert_eq!(input.action_invocation_type(), Some(&kind));
        let result = FunctionResult::builder()
            .action_group("client")
            .set_function(input.function().map(str::to_owned))
            .set_confirmation_state(confirmation)
            .response_body("TEXT", ContentBody::builder().body("in Oslo").build())
            .build()
            .unwrap();
        let state = SessionState::builder()
            .set_invocation_id(asked.invocation_id.clone())
            .return_control_invocation_results(InvocationResultMember::FunctionResult(result))
            .build();
        assert_eq!(collect(desk.to("Orders", "s1").session_state(state)).await.text, "in Oslo");
    }
    assert!(functions.called().is_empty());
}

#[tokio::test]
async fn a_caller_who_hangs_up_while_a_question_is_dropped_leaves_the_session_free() {
    let slow = Functions::new(|event| {
        let pause = std::time::Duration::from_millis(if tool_of(event) == "list" { 300 } else { 0 });
        Reply::Later(pause, Box::new(ok(event, &json!("ok"))))
    });
    let template = Template {
        agents: vec![
            agent("Boss", vec![], &["Orders", "Lists"]),
            agent("Orders", vec![group("orders", Some("F"), functions(&["!cancel"]))], &[]),
            agent("Lists", vec![group("lists", Some("F"), functions(&["list"]))], &[]),
        ],
        ..Template::default()
    };
    let play = model(|seen| match (seen.agent.as_str(), seen.text.as_str(), seen.results.first()) {
        ("Boss", "go", None) => Say::Calls(
            ["Orders", "Lists"]
                .map(|name| ("AgentCommunication__sendMessage", json!({"recipient": name, "content": "go"})))
                .into(),
        ),
        ("Orders", _, None) => Say::Calls(vec![("orders__cancel", json!({}))]),
        ("Lists", _, None) => Say::Calls(vec![("lists__list", json!({}))]),
        _ => answer("fine"),
    });
    let desk = Desk::start(&template, slow.clone(), play).await;
    assert!(desk.say("Boss", "s1", "go").await.asked.is_some());
    // The dropped turn still has a call in progress. This request waits for it; the function's caller does not.
    let impatient = desk.to("Boss", "s1").input_text("other").send();
    assert!(tokio::time::timeout(std::time::Duration::from_millis(50), impatient).await.is_err());
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(desk.say("Boss", "s1", "and now?").await.text, "fine");
    assert_eq!(slow.called(), ["list"]);
}
