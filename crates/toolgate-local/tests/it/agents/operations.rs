//! Operations besides InvokeAgent: the memory, which is always empty, and the errors of operations that are not served.

use aws_sdk_bedrockagentruntime::{error::ProvideErrorMetadata, types::MemoryType};
use serde_json::{Value, json};

use super::support::*;

async fn desk() -> Desk {
    Desk::start(&one_agent(), Functions::echo(), model(|_| answer("fine"))).await
}

#[tokio::test]
async fn operations_that_are_not_served_say_so_with_an_error_of_their_own() {
    let desk = desk().await;
    let client = &desk.client;
    let inline = client.invoke_inline_agent().session_id("s1").foundation_model("m").instruction("x".repeat(40));
    let error = inline.send().await.unwrap_err().into_service_error();
    assert!(error.is_validation_exception(), "{error:?}");
    assert!(error.message().unwrap().starts_with("InvokeInlineAgent is not served by the local agent"), "{error:?}");
    let error = client.create_session().send().await.unwrap_err().into_service_error();
    assert!(error.is_validation_exception() && error.message().unwrap().contains("CreateSession"), "{error:?}");
    let error = client.end_session().session_identifier("s1").send().await.unwrap_err().into_service_error();
    assert!(error.is_validation_exception() && error.message().unwrap().contains("EndSession"), "{error:?}");
    let flow = client.get_flow_execution().flow_identifier("f").flow_alias_identifier("a").execution_identifier("e");
    let error = flow.send().await.unwrap_err().into_service_error();
    assert!(error.is_validation_exception() && error.message().unwrap().contains("GetFlowExecution"), "{error:?}");
}

#[tokio::test]
async fn the_memory_is_empty_and_holds_requests_to_its_limits() {
    let desk = desk().await;
    let get = || desk.client.get_agent_memory().agent_id("Orders").agent_alias_id("TSTALIASID").memory_id("user:1");
    let memory = get().memory_type(MemoryType::SessionSummary).max_items(1000).send().await.unwrap();
    assert!(memory.memory_contents().is_empty() && memory.next_token().is_none());
    for (case, call) in [
        ("too many", get().memory_type(MemoryType::SessionSummary).max_items(1001)),
        ("another kind", get().memory_type(MemoryType::from("EVERYTHING"))),
        ("a bad id", get().memory_type(MemoryType::SessionSummary).memory_id("a b")),
        ("a blank token", get().memory_type(MemoryType::SessionSummary).next_token("a b")),
    ] {
        assert!(call.send().await.unwrap_err().into_service_error().is_validation_exception(), "{case}");
    }
    let other = get().memory_type(MemoryType::SessionSummary).agent_id("Nobody").send().await;
    assert!(other.unwrap_err().into_service_error().is_resource_not_found_exception());
    let delete = || desk.client.delete_agent_memory().agent_id("Orders").agent_alias_id("dev");
    delete().send().await.unwrap();
    delete().memory_id("user:1").session_id("s1").send().await.unwrap();
    let error = delete().memory_id("u").send().await.unwrap_err().into_service_error();
    assert!(error.is_validation_exception(), "{error:?}");
}

#[tokio::test]
async fn a_memory_id_comes_back_in_the_header() {
    let desk = desk().await;
    let output = desk.to("Orders", "s1").memory_id("user:1").input_text("hi").send().await.unwrap();
    assert_eq!((output.memory_id(), output.session_id()), (Some("user:1"), "s1"));
    let output = desk.to("Orders", "s1").input_text("hi").send().await.unwrap();
    assert_eq!(output.memory_id(), None);
}

#[tokio::test]
async fn another_method_on_a_path_that_is_served_is_distinguished_from_a_path_that_is_not() {
    let desk = desk().await;
    let http = reqwest::Client::new();
    let text = "/agents/Orders/agentAliases/TSTALIASID/sessions/s1/text";
    for (method, path) in
        [("GET", text), ("PUT", text), ("DELETE", text), ("PATCH", "/agents"), ("PATCH", "/agents/x/")]
    {
        let answer = http.request(method.parse().unwrap(), format!("{}{path}", desk.url)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 405, "{method} {path}");
        assert_eq!(answer.headers()["x-amzn-errortype"], "UnknownOperationException");
        assert!(answer.headers().contains_key("x-amzn-requestid"));
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body, json!({"message": "no operation of this path has this method"}));
    }
}
