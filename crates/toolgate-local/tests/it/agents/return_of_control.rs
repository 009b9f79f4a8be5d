//! Callers that run actions themselves: the questions, the accepted answers, and the results.

use aws_sdk_bedrockagentruntime::{
    error::ProvideErrorMetadata,
    types::{
        ActionInvocationType, ApiResult, ConfirmationState, ContentBody, FunctionResult, ImageInput, ImageInputFormat,
        ImageInputSource, InvocationInputMember, InvocationResultMember, ResponseState, ReturnControlPayload,
        SessionState,
    },
};
use serde_json::json;
use toolgate_local::{models::Models, template::Template};

use super::support::*;

/// An agent whose groups `client` (functions) and `web` (OpenAPI) return control.
fn template() -> Template {
    let groups =
        vec![group("client", None, functions(&["locate", "!wipe"])), group("web", None, api(&["fetch", "!send"]))];
    Template { agents: vec![agent("Orders", groups, &[])], ..Template::default() }
}

/// Calls the tools named in the text, then repeats their results.
fn caller() -> Models {
    model(|seen| match seen.results.first() {
        Some(results) => {
            answer(results.iter().map(|(text, error)| format!("{error}:{text}")).collect::<Vec<_>>().join("|"))
        }
        None => Say::Calls(
            seen.text
                .split(' ')
                .map(|name| match name {
                    "locate" => ("client__locate", json!({"id": "7"})),
                    "wipe" => ("client__wipe", json!({"id": "7"})),
                    "fetch" => ("POST__web__fetch", json!({"id": "7", "count": 2, "tags": ["a"]})),
                    _ => ("POST__web__send", json!({"id": "7"})),
                })
                .collect(),
        ),
    })
}

fn text(body: &str) -> ContentBody {
    ContentBody::builder().body(body).build()
}

fn function(name: &str) -> aws_sdk_bedrockagentruntime::types::builders::FunctionResultBuilder {
    FunctionResult::builder().action_group("client").function(name)
}

fn of_function(result: aws_sdk_bedrockagentruntime::types::builders::FunctionResultBuilder) -> InvocationResultMember {
    InvocationResultMember::FunctionResult(result.build().unwrap())
}

fn web(name: &str) -> aws_sdk_bedrockagentruntime::types::builders::ApiResultBuilder {
    // Clients may write the method in any case.
    ApiResult::builder().action_group("web").api_path(format!("/{{id}}/{name}")).http_method("POST")
}

fn of_web(result: aws_sdk_bedrockagentruntime::types::builders::ApiResultBuilder) -> InvocationResultMember {
    InvocationResultMember::ApiResult(result.build().unwrap())
}

fn answering(asked: &ReturnControlPayload, results: Vec<InvocationResultMember>) -> SessionState {
    SessionState::builder()
        .set_invocation_id(asked.invocation_id().map(str::to_owned))
        .set_return_control_invocation_results(Some(results))
        .build()
}

async fn bring(desk: &Desk, asked: &ReturnControlPayload, results: Vec<InvocationResultMember>) -> Turn {
    collect(desk.to("Orders", "s1").session_state(answering(asked, results))).await
}

async fn refused(desk: &Desk, asked: &ReturnControlPayload, results: Vec<InvocationResultMember>) -> String {
    let call = desk.to("Orders", "s1").session_state(answering(asked, results));
    let error = call.send().await.unwrap_err().into_service_error();
    assert!(error.is_validation_exception(), "{error:?}");
    error.message().unwrap().to_owned()
}

async fn ask(desk: &Desk, tools: &str) -> ReturnControlPayload {
    let turn = desk.say("Orders", "s1", tools).await;
    assert_eq!(turn.chunks, 0, "control is returned instead of an answer");
    turn.asked.unwrap()
}

#[tokio::test]
async fn each_tool_is_returned_in_its_own_wires_form_with_what_is_wanted() {
    let desk = Desk::start(&template(), Functions::echo(), caller()).await;
    let asked = ask(&desk, "locate wipe fetch send").await;
    let kinds: Vec<(String, Option<&ActionInvocationType>)> = asked
        .invocation_inputs()
        .iter()
        .map(|input| match input {
            InvocationInputMember::FunctionInvocationInput(input) => {
                (input.function().unwrap().to_owned(), input.action_invocation_type())
            }
            InvocationInputMember::ApiInvocationInput(input) => (
                format!("{} {}", input.http_method().unwrap(), input.api_path().unwrap()),
                input.action_invocation_type(),
            ),
            other => panic!("{other:?}"),
        })
        .collect();
    let (result, both) = (ActionInvocationType::Result, ActionInvocationType::UserConfirmationAndResult);
    assert_eq!(
        kinds,
        [
            ("locate".to_owned(), Some(&result)),
            ("wipe".to_owned(), Some(&both)),
            ("post /{id}/fetch".to_owned(), Some(&result)),
            ("post /{id}/send".to_owned(), Some(&both)),
        ]
    );
    let fetch = asked.invocation_inputs()[2].as_api_invocation_input().unwrap();
    assert_eq!((fetch.action_group(), fetch.agent_id(), fetch.collaborator_name()), ("web", Some("Orders"), None));
    assert_eq!((fetch.parameters()[0].name(), fetch.parameters()[0].value()), (Some("id"), Some("7")));
    let body = &fetch.request_body().unwrap().content().unwrap()["application/json"];
    let body: Vec<_> =
        body.properties().iter().map(|p| (p.name().unwrap(), p.r#type().unwrap(), p.value().unwrap())).collect();
    assert_eq!(body, [("count", "integer", "2"), ("tags", "array", "[\"a\"]")]);
}

#[tokio::test]
async fn several_results_come_in_any_order_and_reach_their_own_calls() {
    let functions = Functions::echo();
    let desk = Desk::start(&template(), functions.clone(), caller()).await;
    let asked = ask(&desk, "locate wipe fetch send").await;
    let results = vec![
        of_web(web("send").confirmation_state(ConfirmationState::Confirm).response_body("TEXT", text("sent"))),
        of_web(web("fetch").http_status_code(404).response_body("application/json", text("gone"))),
        of_function(function("wipe").confirmation_state(ConfirmationState::Deny)),
        of_function(function("locate").response_body("TEXT", text("Oslo"))),
    ];
    let turn = bring(&desk, &asked, results).await;
    assert_eq!(turn.text, "false:Oslo|true:The person declined: `wipe` was not run.|true:gone|false:sent");
    assert!(functions.called().is_empty(), "the caller's own actions are not run here");
}

#[tokio::test]
async fn a_failure_ends_the_turn_and_a_reprompt_goes_to_the_model() {
    let desk = Desk::start(&template(), Functions::echo(), caller()).await;
    for tool in ["locate", "fetch"] {
        for (state, expected) in [(ResponseState::Reprompt, "true:why"), (ResponseState::Failure, "")] {
            let asked = ask(&desk, tool).await;
            let result = if tool == "locate" {
                of_function(function(tool).response_state(state.clone()).response_body("TEXT", text("why")))
            } else {
                of_web(web(tool).response_state(state.clone()).response_body("TEXT", text("why")))
            };
            let turn = bring(&desk, &asked, vec![result]).await;
            assert_eq!(turn.text, expected);
            assert_eq!(
                turn.trail().contains(&"Orders observation REPROMPT".to_owned()),
                state == ResponseState::Reprompt
            );
            let exception = turn.exception.map(|(kind, _)| kind);
            assert_eq!(exception.is_some(), state == ResponseState::Failure);
            assert!(exception.is_none_or(|kind| kind == "DependencyFailedException"));
        }
    }
}

#[tokio::test]
async fn results_that_answer_something_else_are_refused_and_the_right_ones_still_count() {
    let desk = Desk::start(&template(), Functions::echo(), caller()).await;
    let asked = ask(&desk, "locate").await;
    let good = || function("locate").response_body("TEXT", text("Oslo"));
    let image = ImageInput::builder()
        .format(ImageInputFormat::Png)
        .source(ImageInputSource::Bytes(aws_sdk_bedrockagentruntime::primitives::Blob::new([1])))
        .build()
        .unwrap();
    let cases = [
        ("another group", vec![of_function(good().action_group("web"))], "there is no result for function `locate`"),
        ("another function", vec![of_function(good().function("wipe"))], "there is no result for function `locate`"),
        ("another wire", vec![of_web(web("locate"))], "there is no result for function `locate`"),
        ("one too many", vec![of_function(good()), of_function(good())], "more results than requested calls"),
        ("another agent", vec![of_function(good().agent_id("Billing"))], "another `agentId`"),
        (
            "an image",
            vec![of_function(function("locate").response_body("IMAGES", ContentBody::builder().images(image).build()))],
            "may only have `TEXT`",
        ),
    ];
    for (case, results, words) in cases {
        let message = refused(&desk, &asked, results).await;
        assert!(message.contains(words), "{case}: {message}");
    }
    let stale = ReturnControlPayload::builder().invocation_id("another").build();
    assert!(refused(&desk, &stale, vec![of_function(good())]).await.contains("not the one"));
    assert_eq!(bring(&desk, &asked, vec![of_function(good())]).await.text, "false:Oslo");
    assert!(refused(&desk, &asked, vec![of_function(good())]).await.contains("waits for no answer"));
}

#[tokio::test]
async fn results_count_in_their_own_session_only_and_while_it_lasts() {
    let desk = Desk::start(&template(), Functions::echo(), caller()).await;
    let good = || vec![of_function(function("locate").response_body("TEXT", text("Oslo")))];
    let asked = ask(&desk, "locate").await;
    for (alias, session) in [("TSTALIASID", "s2"), ("dev", "s1")] {
        let call = desk.to("Orders", session).agent_alias_id(alias).session_state(answering(&asked, good()));
        let error = call.send().await.unwrap_err().into_service_error();
        assert!(error.is_validation_exception(), "{alias} {session}: {error:?}");
    }
    assert!(collect(desk.to("Orders", "s1").end_session(true)).await.text.contains("terminated"));
    assert!(refused(&desk, &asked, good()).await.contains("waits for no answer"));
}

#[tokio::test]
async fn a_collaborators_return_is_answered_with_its_agent_id() {
    let agents = vec![
        agent("Boss", vec![], &["Orders"]),
        agent("Orders", vec![group("client", None, functions(&["locate"]))], &[]),
    ];
    let play = model(|seen| match (seen.agent.as_str(), seen.results.first()) {
        (who, Some(results)) => answer(format!("{who}({})", results[0].0)),
        ("Boss", None) => {
            Say::Calls(vec![("AgentCommunication__sendMessage", json!({"recipient": "Orders", "content": "where?"}))])
        }
        _ => Say::Calls(vec![("client__locate", json!({}))]),
    });
    let desk = Desk::start(&Template { agents, ..Template::default() }, Functions::echo(), play).await;
    let asked = desk.say("Boss", "s1", "go").await.asked.unwrap();
    let input = asked.invocation_inputs()[0].as_function_invocation_input().unwrap();
    assert_eq!((input.agent_id(), input.collaborator_name()), (Some("Orders"), Some("Orders")));
    let result = || function("locate").response_body("TEXT", text("Oslo"));
    for (result, words) in [(result(), "needs the `agentId`"), (result().agent_id("Boss"), "another `agentId`")] {
        let call = desk.to("Boss", "s1").session_state(answering(&asked, vec![of_function(result)]));
        let error = call.send().await.unwrap_err().into_service_error();
        assert!(error.message().unwrap().contains(words), "{error:?}");
    }
    let results = vec![of_function(result().agent_id("Orders"))];
    let turn = collect(desk.to("Boss", "s1").session_state(answering(&asked, results))).await;
    assert_eq!(turn.text, "Boss(Orders(Oslo))");
}

#[tokio::test]
async fn an_answer_may_bring_attributes_for_the_session_and_for_the_rest_of_the_turn() {
    let play = model(|seen| match seen.results.first() {
        None => Say::Calls(vec![("client__locate", json!({}))]),
        Some(_) => answer(seen.system.clone()),
    });
    let desk = Desk::start(&template(), Functions::echo(), play).await;
    let asked = desk.say("Orders", "s1", "go").await.asked.unwrap();
    let state = SessionState::builder()
        .set_invocation_id(asked.invocation_id().map(str::to_owned))
        .return_control_invocation_results(of_function(function("locate").response_body("TEXT", text("Oslo"))))
        .prompt_session_attributes("mood", "sunny")
        .build();
    let turn = collect(desk.to("Orders", "s1").session_state(state)).await;
    assert!(turn.text.contains("mood: sunny"), "{}", turn.text);
    let asked = desk.say("Orders", "s1", "again").await.asked.unwrap();
    let turn = bring(&desk, &asked, vec![of_function(function("locate"))]).await;
    assert!(!turn.text.contains("sunny"), "{}", turn.text);
}

#[tokio::test]
async fn a_question_is_forgotten_with_its_session() {
    let mut template = template();
    template.agents[0].idle_ttl = std::time::Duration::from_millis(50);
    let desk = Desk::start(&template, Functions::echo(), caller()).await;
    let asked = ask(&desk, "locate").await;
    tokio::time::sleep(std::time::Duration::from_millis(120)).await;
    let late = refused(&desk, &asked, vec![of_function(function("locate"))]).await;
    assert!(late.contains("waits for no answer"), "{late}");
}

#[tokio::test]
async fn of_two_answers_at_once_one_counts() {
    let functions = Functions::echo();
    let play = model(|seen| match seen.results.first() {
        None => Say::Calls(vec![("orders__cancel", json!({"id": "7"}))]),
        Some(_) => answer("done"),
    });
    let desk = Desk::start(&one_agent(), functions.clone(), play).await;
    let asked = desk.say("Orders", "s1", "go").await.asked.unwrap();
    let result = FunctionResult::builder().action_group("orders").function("cancel");
    let result = of_function(result.confirmation_state(ConfirmationState::Confirm));
    let state = answering(&asked, vec![result]);
    let answers = (0..5).map(|_| desk.to("Orders", "s1").session_state(state.clone()).send());
    let answers = futures_util::future::join_all(answers).await;
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Ok(output) => taken.push(output),
            Err(error) => refused.push(error.into_service_error()),
        }
    }
    assert_eq!((taken.len(), refused.len()), (1, 4));
    assert!(
        refused.iter().all(|error| error.is_conflict_exception() || error.is_validation_exception()),
        "{refused:?}"
    );
    let mut stream = taken.remove(0).completion;
    while stream.recv().await.unwrap().is_some() {}
    assert_eq!(functions.called(), ["cancel"]);
}
