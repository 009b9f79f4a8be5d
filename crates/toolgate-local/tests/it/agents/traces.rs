//! Traces: their order, their shapes, and the agents that they belong to.

use aws_sdk_bedrockagentruntime::types::{OrchestrationTrace as O, Trace};
use serde_json::json;
use toolgate_local::template::Template;

use super::support::*;

const STEP: [&str; 3] = ["modelInvocationInput", "modelInvocationOutput", "rationale"];

fn with_agent(agent: &str, members: &[&str]) -> Vec<String> {
    members.iter().map(|member| format!("{agent} {member}")).collect()
}

#[tokio::test]
async fn the_traces_of_a_tool_call_come_in_the_services_order() {
    let play = model(|seen| match seen.results.first() {
        None => Say::Calls(vec![("orders__get", json!({"id": "1"})), ("orders__list", json!({"id": "2"}))]),
        Some(_) => answer("done"),
    });
    let desk = Desk::start(&one_agent(), Functions::echo(), play).await;
    let turn = desk.say("Orders", "s1", "go").await;
    let expected = [
        &STEP[..],
        &[
            "invocationInput ACTION_GROUP",
            "invocationInput ACTION_GROUP",
            "observation ACTION_GROUP",
            "observation ACTION_GROUP",
        ],
        &["modelInvocationInput", "modelInvocationOutput", "observation FINISH"],
    ]
    .concat();
    assert_eq!(turn.trail(), with_agent("Orders", &expected));
    let part = &turn.traces[0];
    assert_eq!(
        (part.agent_alias_id(), part.agent_version(), part.session_id()),
        (Some("TSTALIASID"), Some("DRAFT"), Some("s1"))
    );
    assert!(part.event_time().is_some() && part.collaborator_name().is_none());
    let Some(Trace::OrchestrationTrace(O::ModelInvocationOutput(output))) = turn.traces[1].trace() else { panic!() };
    let usage = output.metadata().unwrap().usage().unwrap();
    assert_eq!((usage.input_tokens(), usage.output_tokens()), (Some(10), Some(5)));
    let Some(Trace::OrchestrationTrace(O::InvocationInput(input))) = turn.traces[3].trace() else { panic!() };
    let action = input.action_group_invocation_input().unwrap();
    assert_eq!((action.action_group_name(), action.function()), (Some("orders"), Some("get")));
    let Some(Trace::OrchestrationTrace(O::Observation(last))) = turn.traces.last().unwrap().trace() else { panic!() };
    assert!(last.final_response().unwrap().metadata().unwrap().operation_total_time_ms().is_some());
}

#[tokio::test]
async fn without_enable_trace_there_are_none() {
    let desk = Desk::start(&one_agent(), Functions::echo(), model(|_| answer("done"))).await;
    let turn = collect(desk.to("Orders", "s1").enable_trace(false).input_text("go")).await;
    assert_eq!((turn.text.as_str(), turn.traces.len()), ("done", 0));
}

#[tokio::test]
async fn a_collaborators_traces_carry_its_name_and_the_chain_of_callers() {
    let template = Template {
        agents: vec![
            agent("Boss", vec![], &["Orders"]),
            agent("Orders", vec![group("orders", Some("F"), functions(&["get", "!cancel"]))], &[]),
        ],
        ..Template::default()
    };
    let play = model(|seen| match (seen.agent.as_str(), seen.results.first()) {
        ("Boss", None) => {
            Say::Calls(vec![("AgentCommunication__sendMessage", json!({"recipient": "Orders", "content": "cancel"}))])
        }
        ("Orders", None) => Say::Calls(vec![("orders__cancel", json!({}))]),
        _ => answer("done"),
    });
    let desk = Desk::start(&template, Functions::echo(), play).await;
    let turn = desk.say("Boss", "s1", "go").await;
    let boss = |members: &[&str]| with_agent("Boss", members);
    let orders = |members: &[&str]| with_agent("Orders", members);
    assert_eq!(
        turn.trail(),
        [
            boss(&STEP),
            boss(&["invocationInput AGENT_COLLABORATOR"]),
            orders(&STEP),
            boss(&["observation AGENT_COLLABORATOR"])
        ]
        .concat()
    );
    let theirs = &turn.traces[4];
    assert_eq!(theirs.collaborator_name(), Some("Orders"));
    let chain: Vec<&str> =
        theirs.caller_chain().iter().map(|caller| caller.as_agent_alias_arn().unwrap().as_str()).collect();
    assert_eq!(
        chain,
        [
            "arn:aws:bedrock:us-east-1:123456789012:agent-alias/Boss/TSTALIASID",
            "arn:aws:bedrock:us-east-1:123456789012:agent-alias/Orders/dev"
        ]
    );
    let after = desk
        .confirm("Boss", "s1", &turn.asked.unwrap(), aws_sdk_bedrockagentruntime::types::ConfirmationState::Confirm)
        .await;
    assert_eq!(
        after.trail(),
        [
            boss(&["invocationInput AGENT_COLLABORATOR"]),
            orders(&[
                "invocationInput ACTION_GROUP",
                "observation ACTION_GROUP",
                "modelInvocationInput",
                "modelInvocationOutput",
                "observation FINISH"
            ]),
            boss(&[
                "observation AGENT_COLLABORATOR",
                "modelInvocationInput",
                "modelInvocationOutput",
                "observation FINISH"
            ]),
        ]
        .concat()
    );
}
