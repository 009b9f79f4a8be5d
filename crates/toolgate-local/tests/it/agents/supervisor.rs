//! Agents that call other agents.

use std::time::{Duration, Instant};

use aws_sdk_bedrockagentruntime::types::{ConfirmationState, SessionState};
use serde_json::json;
use toolgate_local::template::Template;

use super::support::*;

const SEND: &str = "AgentCommunication__sendMessage";

fn desk() -> Template {
    Template {
        agents: vec![
            agent("Boss", vec![], &["Orders", "Billing"]),
            agent("Orders", vec![group("orders", Some("OrdersFunction"), functions(&["get", "!cancel"]))], &[]),
            agent("Billing", vec![group("billing", Some("BillingFunction"), functions(&["list", "!refund"]))], &[]),
        ],
        ..Template::default()
    }
}

fn ask(recipient: &str, content: &str) -> (&'static str, serde_json::Value) {
    (SEND, json!({"recipient": recipient, "content": content}))
}

#[tokio::test]
async fn collaborators_are_asked_side_by_side_and_answer_the_supervisor() {
    let functions =
        Functions::new(|event| Reply::Later(Duration::from_millis(200), Box::new(ok(event, &json!(tool_of(event))))));
    let play = model(|seen| match (seen.agent.as_str(), seen.results.first()) {
        ("Boss", None) => Say::Calls(vec![ask("Orders", "look"), ask("Billing", "list")]),
        ("Boss", Some(results)) => answer(format!("{} and {}", results[0].0, results[1].0)),
        ("Orders", None) => Say::Calls(vec![("orders__get", json!({}))]),
        ("Billing", None) => Say::Calls(vec![("billing__list", json!({}))]),
        (_, Some(results)) => answer(format!("{} on `{}`", results[0].0, seen.text)),
        (other, None) => panic!("{other}"),
    });
    let desk = Desk::start(&desk(), functions.clone(), play).await;
    let begun = Instant::now();
    let state = SessionState::builder()
        .session_attributes("customerId", "C1")
        .prompt_session_attributes("mood", "sunny")
        .build();
    let turn = collect(desk.to("Boss", "s1").input_text("go").session_state(state)).await;
    assert_eq!(turn.text, "get on `look` and list on `list`");
    assert!(begun.elapsed() < Duration::from_millis(380), "{:?}", begun.elapsed());
    for event in functions.events() {
        assert_eq!(event["sessionAttributes"], json!({"customerId": "C1"}), "they are handed on");
        assert_eq!(event["promptSessionAttributes"], json!({}), "they are the supervisor's");
        assert_eq!(event["agent"]["alias"], "dev");
    }
}

#[tokio::test]
async fn a_collaborators_question_reaches_the_person_and_its_answer_comes_back_to_it() {
    let functions = Functions::echo();
    let play = model(|seen| match (seen.agent.as_str(), seen.results.first()) {
        ("Boss", None) => Say::Calls(vec![ask("Billing", "refund it")]),
        ("Billing", None) => Say::Calls(vec![("billing__refund", json!({"id": "7"}))]),
        ("Boss", Some(results)) => answer(format!("boss: {}", results[0].0)),
        ("Billing", Some(results)) => answer(if results[0].1 { "not refunded" } else { "refunded" }),
        (other, _) => panic!("{other}"),
    });
    let desk = Desk::start(&desk(), functions.clone(), play).await;
    for (state, text, calls) in
        [(ConfirmationState::Deny, "boss: not refunded", 0), (ConfirmationState::Confirm, "boss: refunded", 1)]
    {
        let turn = desk.say("Boss", "s1", "go").await;
        let asked = turn.asked.unwrap();
        let input = asked.invocation_inputs()[0].as_function_invocation_input().unwrap();
        assert_eq!((input.agent_id(), input.collaborator_name()), (Some("Billing"), Some("Billing")));
        let turn = desk.confirm("Boss", "s1", &asked, state).await;
        assert_eq!((turn.text.as_str(), functions.called().len()), (text, calls));
    }
}

#[tokio::test]
async fn two_collaborators_ask_one_after_the_other() {
    let functions = Functions::echo();
    let play = model(|seen| match (seen.agent.as_str(), seen.results.first()) {
        ("Boss", None) => Say::Calls(vec![ask("Orders", "cancel"), ask("Billing", "refund")]),
        ("Billing", None) => Say::Calls(vec![("billing__refund", json!({}))]),
        ("Orders", None) => Say::Calls(vec![("orders__cancel", json!({}))]),
        (_, Some(results)) => answer(results.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(" | ")),
        (other, None) => panic!("{other}"),
    });
    let desk = Desk::start(&desk(), functions.clone(), play).await;
    let first = desk.say("Boss", "s1", "go").await.asked.unwrap();
    let second = desk.confirm("Boss", "s1", &first, ConfirmationState::Confirm).await.asked.unwrap();
    assert_ne!(first.invocation_id(), second.invocation_id());
    let turn = desk.confirm("Boss", "s1", &second, ConfirmationState::Confirm).await;
    let mut called = functions.called();
    called.sort();
    assert_eq!(called, ["cancel", "refund"]);
    assert!(turn.text.contains("cancel") && turn.text.contains("refund"), "{}", turn.text);
}

#[tokio::test]
async fn new_words_drop_a_collaborators_question_too() {
    let functions = Functions::echo();
    let play = model(|seen| match (seen.agent.as_str(), seen.text.as_str()) {
        ("Boss", "go") => Say::Calls(vec![ask("Orders", "cancel"), ask("Billing", "refund")]),
        ("Billing", _) => Say::Calls(vec![("billing__refund", json!({}))]),
        ("Orders", _) => Say::Calls(vec![("orders__cancel", json!({}))]),
        _ => answer("fine"),
    });
    let desk = Desk::start(&desk(), functions.clone(), play).await;
    assert!(desk.say("Boss", "s1", "go").await.asked.is_some());
    assert_eq!(desk.say("Boss", "s1", "stop").await.text, "fine");
    assert!(functions.called().is_empty());
}

#[tokio::test]
async fn a_collaborator_that_fails_is_reported_to_the_supervisor() {
    let functions = Functions::new(|_| Reply::Error("Unhandled"));
    let play = model(|seen| match (seen.agent.as_str(), seen.results.first()) {
        ("Boss", None) => Say::Calls(vec![ask("Orders", "look"), ask("Nobody", "hello")]),
        ("Boss", Some(results)) => {
            answer(results.iter().map(|(text, error)| format!("{error} {text}")).collect::<Vec<_>>().join("\n"))
        }
        _ => Say::Calls(vec![("orders__get", json!({}))]),
    });
    let desk = Desk::start(&desk(), functions, play).await;
    let turn = desk.say("Boss", "s1", "go").await;
    let lines: Vec<&str> = turn.text.lines().collect();
    assert!(
        lines[0].starts_with("true agent `Orders` could not answer: Your request couldn't be completed."),
        "{}",
        turn.text
    );
    assert!(lines[1].starts_with("true there is no agent `Nobody`"), "{}", turn.text);
}

#[tokio::test]
async fn collaborators_have_a_history_of_their_own_and_get_the_earlier_conversation() {
    let play = model(|seen| match (seen.agent.as_str(), seen.results.first()) {
        ("Boss", None) => Say::Calls(vec![ask("Orders", "look")]),
        ("Boss", Some(results)) => answer(results[0].0.clone()),
        _ => answer(format!(
            "{} messages; relayed: {}",
            seen.messages,
            seen.system.split("so far:").nth(1).unwrap_or("nothing")
        )),
    });
    let desk = Desk::start(&desk(), Functions::echo(), play).await;
    let first = desk.say("Boss", "s1", "one").await.text;
    assert!(first.starts_with("1 messages") && first.contains("User: one"), "{first}");
    let second = desk.say("Boss", "s1", "two").await.text;
    assert!(second.starts_with("3 messages") && second.contains("User: two"), "{second}");
}

#[tokio::test]
async fn a_collaborator_hears_nothing_of_the_conversation_unless_it_is_relayed() {
    let mut template = desk();
    template.agents[0].collaborators[1].relay_history = false;
    let play = model(|seen| match (seen.agent.as_str(), seen.results.first()) {
        ("Boss", None) => Say::Calls(vec![ask("Orders", "look"), ask("Billing", "look")]),
        ("Boss", Some(results)) => answer(format!("{} {}", results[0].0, results[1].0)),
        (who, _) => answer(format!("{who}:{}", seen.system.contains("a secret"))),
    });
    let desk = Desk::start(&template, Functions::echo(), play).await;
    assert_eq!(desk.say("Boss", "s1", "a secret").await.text, "Orders:true Billing:false");
}

#[tokio::test]
async fn agents_ask_each_other_three_deep_and_no_deeper() {
    let names = ["One", "Two", "Three", "Four"];
    let agents = (0..4).map(|at| agent(names[at], vec![], names.get(at + 1..at + 2).unwrap_or_default()));
    let template = Template { agents: agents.collect(), ..Template::default() };
    let play = model(move |seen| match (names.iter().position(|name| *name == seen.agent), seen.results.first()) {
        (_, Some(results)) => answer(format!("> {}", results[0].0)),
        (Some(at), None) => Say::Calls(vec![ask(names[at + 1], "deeper")]),
        (None, None) => panic!("nobody"),
    });
    let desk = Desk::start(&template, Functions::echo(), play).await;
    let text = desk.say("One", "s1", "go").await.text;
    assert!(
        text.starts_with("> > > agent `Four` cannot be called: agents call each other at most 3 levels deep"),
        "{text}"
    );
}

#[tokio::test]
async fn agents_that_ask_each_other_in_a_circle_are_stopped() {
    let template = Template {
        agents: vec![agent("Boss", vec![], &["Orders"]), agent("Orders", vec![], &["Boss"])],
        ..Template::default()
    };
    let play = model(|seen| match (seen.agent.as_str(), seen.results.first()) {
        (_, Some(results)) => answer(format!("> {}", results[0].0)),
        ("Boss", None) => Say::Calls(vec![ask("Orders", "and you?")]),
        _ => Say::Calls(vec![ask("Boss", "and you?")]),
    });
    let desk = Desk::start(&template, Functions::echo(), play).await;
    let text = desk.say("Boss", "s1", "go").await.text;
    assert_eq!(text, "> > agent `Boss` cannot be called: it waits for this agent's answer");
}

#[tokio::test]
async fn the_supervisor_gets_the_list_of_its_collaborators() {
    let play = model(|seen| answer(format!("{}\n{:?}", seen.system, seen.tools)));
    let desk = Desk::start(&desk(), Functions::echo(), play).await;
    let text = desk.say("Boss", "s1", "go").await.text;
    assert!(text.contains("- Billing: Ask Billing about its things."), "{text}");
    assert!(text.contains("[\"AgentCommunication__sendMessage\"]"), "{text}");
}
