//! `AMAZON.UserInput`: a question to the user ends the turn, and the user's next input is the answer.

use serde_json::json;
use toolgate_local::{
    models::{ModelError, ModelErrorKind},
    template::{ActionGroupSpec, GroupSchema, Template},
};

use super::support::*;

const ASK: &str = "user__askuser";

fn user_input() -> ActionGroupSpec {
    let group = group("UserInputAction", None, GroupSchema::None);
    ActionGroupSpec { signature: Some("AMAZON.UserInput".to_owned()), ..group }
}

fn template() -> Template {
    let groups = vec![group("orders", Some("F"), functions(&["get"])), user_input()];
    Template { agents: vec![agent("Boss", vec![], &["Orders"]), agent("Orders", groups, &[])], ..Template::default() }
}

#[tokio::test]
async fn a_question_ends_the_turn_and_the_next_input_answers_it() {
    let play = model(|seen| match (seen.text.as_str(), seen.results.first()) {
        ("go", None) => Say::Calls(vec![("orders__get", json!({})), (ASK, json!({"question": "Which order?"}))]),
        (text, _) => answer(format!("{text}, {} messages", seen.messages)),
    });
    let functions = Functions::echo();
    let desk = Desk::start(&template(), functions.clone(), play).await;
    let turn = desk.say("Orders", "s1", "go").await;
    assert_eq!((turn.text.as_str(), turn.chunks), ("Which order?", 1));
    assert_eq!(turn.trail().last().unwrap(), "Orders observation ASK_USER");
    assert_eq!(functions.called(), ["get"], "other calls of the turn are made");
    assert_eq!(desk.say("Orders", "s1", "order 7").await.text, "order 7, 3 messages");
}

#[tokio::test]
async fn an_answer_that_the_model_failed_on_can_be_given_again() {
    let failures = std::sync::atomic::AtomicUsize::new(0);
    let play = model(move |seen| match (seen.text.as_str(), seen.turns) {
        ("go", _) => Say::Calls(vec![(ASK, json!({"question": "Which order?"}))]),
        (_, turns) if failures.fetch_add(1, std::sync::atomic::Ordering::SeqCst) > 0 => answer(turns.to_string()),
        _ => Say::Error(ModelError { kind: ModelErrorKind::Throttled, message: "later".to_owned() }),
    });
    let desk = Desk::start(&template(), Functions::echo(), play).await;
    desk.say("Orders", "s1", "go").await;
    assert!(desk.say("Orders", "s1", "order 7").await.exception.is_some());
    assert_eq!(desk.say("Orders", "s1", "order 7").await.text, "2", "the model sees it once");
}

#[tokio::test]
async fn a_collaborators_question_goes_to_its_supervisor() {
    let play = model(|seen| match (seen.agent.as_str(), seen.results.first()) {
        ("Boss", None) => {
            Say::Calls(vec![("AgentCommunication__sendMessage", json!({"recipient": "Orders", "content": "look"}))])
        }
        ("Boss", Some(results)) => answer(format!("it asks: {}", results[0].0)),
        _ => Say::Calls(vec![(ASK, json!({"question": "Which order?"}))]),
    });
    let desk = Desk::start(&template(), Functions::echo(), play).await;
    assert_eq!(desk.say("Boss", "s1", "go").await.text, "it asks: Which order?");
}

#[tokio::test]
async fn an_agent_without_the_group_cannot_and_a_question_needs_words() {
    let play = model(|seen| match (seen.agent.as_str(), seen.results.first()) {
        (_, Some(results)) => answer(format!("{} {}", seen.tools.contains(&ASK.to_owned()), results[0].0)),
        _ => Say::Calls(vec![(ASK, json!({"question": " "}))]),
    });
    let desk = Desk::start(&template(), Functions::echo(), play).await;
    let without = desk.say("Boss", "s1", "go").await.text;
    assert!(without.starts_with("false there is no tool `user__askuser`"), "{without}");
    let empty = desk.say("Orders", "s1", "go").await.text;
    assert!(empty.starts_with("true a question to the user needs `question`"), "{empty}");
}
