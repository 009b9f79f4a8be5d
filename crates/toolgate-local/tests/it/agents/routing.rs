//! `SUPERVISOR_ROUTER`: a task for one collaborator goes directly to it.

use aws_sdk_bedrockagentruntime::types::{RoutingClassifierTrace as R, Trace};
use serde_json::json;
use toolgate_local::{models::Models, template::Template};

use super::support::*;

const SEND: &str = "AgentCommunication__sendMessage";

fn template() -> Template {
    let mut boss = agent("Boss", vec![], &["Orders", "Billing"]);
    boss.routes = true;
    let group = |name: &str| vec![group(name, Some("F"), functions(&["get"]))];
    let agents = vec![boss, agent("Orders", group("orders"), &[]), agent("Billing", group("billing"), &[])];
    Template { agents, ..Template::default() }
}

/// The supervisor calls the collaborator named in the text; collaborators reply with their names.
fn asks() -> Models {
    model(|seen| match (seen.agent.as_str(), seen.results.first()) {
        ("Boss", None) if seen.text == "nobody" => answer("by myself"),
        ("Boss", None) => {
            let ask = |name| (SEND, json!({"recipient": name, "content": "go"}));
            Say::Calls(seen.text.split(' ').map(ask).collect())
        }
        ("Boss", Some(results)) => {
            answer(format!("Boss: {}", results.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(" and ")))
        }
        (who, _) => answer(format!("I am {who}.")),
    })
}

#[tokio::test]
async fn one_collaborators_answer_is_the_answer_and_the_choice_is_traced_as_one() {
    let desk = Desk::start(&template(), Functions::echo(), asks()).await;
    let turn = desk.say("Boss", "s1", "Orders").await;
    assert_eq!(turn.text, "I am Orders.");
    let mine = turn.traces.iter().filter(|part| part.agent_id() == Some("Boss"));
    let members: Vec<&str> = mine
        .map(|part| match part.trace() {
            Some(Trace::RoutingClassifierTrace(R::ModelInvocationInput(input))) => {
                assert_eq!(input.r#type().unwrap().as_str(), "ROUTING_CLASSIFIER");
                "modelInvocationInput"
            }
            Some(Trace::RoutingClassifierTrace(R::ModelInvocationOutput(_))) => "modelInvocationOutput",
            Some(Trace::RoutingClassifierTrace(R::InvocationInput(input))) => {
                assert!(input.agent_collaborator_invocation_input().is_some());
                "invocationInput"
            }
            Some(Trace::RoutingClassifierTrace(R::Observation(seen))) => match seen.final_response() {
                Some(_) => "final",
                None => "observation",
            },
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(members, ["modelInvocationInput", "modelInvocationOutput", "invocationInput", "observation", "final"]);
    assert_eq!(desk.say("Boss", "s1", "Billing").await.text, "I am Billing.", "the next input is routed anew");
}

#[tokio::test]
async fn anything_else_is_an_ordinary_supervisors_work() {
    let desk = Desk::start(&template(), Functions::echo(), asks()).await;
    for (text, expected) in [
        ("nobody", "by myself"),
        ("Orders Billing", "Boss: I am Orders. and I am Billing."),
        (
            "Elsewhere",
            "Boss: there is no agent `Elsewhere`; the agents are:\n- Orders: Ask Orders about its things.\n- Billing: Ask Billing about its things.",
        ),
    ] {
        let turn = desk.say("Boss", "s1", text).await;
        assert_eq!(turn.text, expected);
        assert!(matches!(turn.traces.last().unwrap().trace(), Some(Trace::OrchestrationTrace(_))), "{text}");
    }
}
