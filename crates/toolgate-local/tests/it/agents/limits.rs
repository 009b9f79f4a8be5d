//! Every limit of the service's model, without the SDKs, which would reject the requests.

use aws_sdk_bedrockagentruntime::{
    error::ProvideErrorMetadata,
    primitives::Blob,
    types::{
        ByteContentFile, FileSource, FileSourceType, FileUseCase, InputFile, OrchestrationTrace, SessionState,
        StreamingConfigurations, Trace,
    },
};
use serde_json::{Value, json};

use super::support::*;

const GOOD: &str = "/agents/Orders/agentAliases/TSTALIASID/sessions/s-1/text";

/// Status, error type and message. Every response has a request id.
async fn send(
    desk: &Desk,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<reqwest::Body>,
) -> (u16, String, String) {
    let mut request = reqwest::Client::new().post(format!("{}{path}", desk.url)).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let status = answer.status().as_u16();
    assert_eq!(header("x-amzn-requestid").unwrap().len(), 36);
    let kind = header("x-amzn-errortype").unwrap_or_default();
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
    (status, kind, body["message"].as_str().unwrap_or_default().to_owned())
}

async fn desk() -> Desk {
    Desk::start(&one_agent(), Functions::echo(), model(|_| answer("fine"))).await
}

#[tokio::test]
async fn a_body_out_of_shape_is_refused_with_the_place_and_the_rule() {
    let desk = desk().await;
    let with = |state: Value| json!({"inputText": "hi", "sessionState": state});
    let history = |message: Value| with(json!({"conversationHistory": {"messages": [message]}}));
    let file = |source: Value| with(json!({"files": [{"name": "a", "useCase": "CHAT", "source": source}]}));
    let result =
        |result: Value| json!({"sessionState": {"invocationId": "x", "returnControlInvocationResults": [result]}});
    let cases = [
        (json!({"inputText": 7}), "inputText", "a string"),
        (json!({"inputText": "hi", "enableTrace": "true"}), "enableTrace", "a boolean"),
        (json!({"inputText": "hi", "endSession": 1}), "endSession", "a boolean"),
        (json!({"inputText": "hi", "memoryId": "a"}), "memoryId", "greater than or equal to 2"),
        (json!({"inputText": "hi", "memoryId": "a".repeat(101)}), "memoryId", "less than or equal to 100"),
        (json!({"inputText": "hi", "memoryId": "a b"}), "memoryId", "^[0-9a-zA-Z._:-]+$"),
        (json!({"inputText": "hi", "sessionState": []}), "sessionState", "an object"),
        (with(json!({"sessionAttributes": {"n": 1}})), "sessionState.sessionAttributes.n.member", "a string"),
        (
            with(json!({"promptSessionAttributes": {"n": null}})),
            "sessionState.promptSessionAttributes.n",
            "not be null",
        ),
        (with(json!({"promptSessionAttributes": ["n"]})), "sessionState.promptSessionAttributes", "an object"),
        (with(json!({"knowledgeBaseConfigurations": []})), "knowledgeBaseConfigurations", "equal to 1"),
        (
            with(json!({"knowledgeBaseConfigurations": [{"knowledgeBaseId": "KB"}]})),
            "knowledgeBaseConfigurations.1.member.retrievalConfiguration",
            "not be null",
        ),
        (history(json!({"role": "system", "content": []})), "messages.1.member.role", "[user, assistant]"),
        (history(json!({"role": "user"})), "messages.1.member.content", "not be null"),
        (history(json!({"role": "user", "content": [{}]})), "content.1.member", "exactly one of: [text]"),
        (history(json!({"role": "user", "content": [{"text": 1}]})), "content.1.member.text", "a string"),
        (file(json!({"sourceType": "FTP"})), "source.sourceType", "[S3, BYTE_CONTENT]"),
        (file(json!({"sourceType": "S3", "s3Location": {"uri": "https://x"}})), "s3Location.uri", "^s3://"),
        (
            file(json!({"sourceType": "BYTE_CONTENT", "byteContent": {"mediaType": "text/csv", "data": "%"}})),
            "byteContent.data",
            "base64",
        ),
        (result(json!({})), "Results.1.member", "exactly one of: [functionResult, apiResult]"),
        (
            result(json!({"functionResult": {"actionGroup": "a"}, "apiResult": {"actionGroup": "a"}})),
            "Results.1.member",
            "exactly one of",
        ),
        (result(json!({"functionResult": {}})), "functionResult.actionGroup", "not be null"),
        (
            result(json!({"apiResult": {"actionGroup": "a", "httpStatusCode": "200"}})),
            "apiResult.httpStatusCode",
            "an integer",
        ),
        (
            result(json!({"apiResult": {"actionGroup": "a", "responseState": "OK"}})),
            "apiResult.responseState",
            "[FAILURE, REPROMPT]",
        ),
        (
            json!({"inputText": "hi", "streamingConfigurations": {"applyGuardrailInterval": 0}}),
            "applyGuardrailInterval",
            "greater than or equal to 1",
        ),
        (
            json!({"inputText": "hi", "streamingConfigurations": {"applyGuardrailInterval": 1.5}}),
            "applyGuardrailInterval",
            "an integer",
        ),
        (
            json!({"inputText": "hi", "promptCreationConfigurations": {"previousConversationTurnsToInclude": -1}}),
            "previousConversationTurnsToInclude",
            "greater than or equal to 0",
        ),
        (
            json!({"inputText": "hi", "bedrockModelConfigurations": {"performanceConfig": {"latency": "slow"}}}),
            "performanceConfig.latency",
            "[standard, optimized]",
        ),
    ];
    for (body, place, rule) in cases {
        let (status, kind, message) = send(&desk, GOOD, &[], body.to_string()).await;
        assert_eq!((status, kind.as_str()), (400, "ValidationException"), "{body}");
        assert!(message.starts_with("1 validation error detected: Value at '"), "{message}");
        assert!(message.contains(place) && message.contains(rule), "{body}: {message}");
    }
}

#[tokio::test]
async fn all_problems_are_reported_at_once_and_no_value_is_repeated() {
    let desk = desk().await;
    let body = json!({"inputText": ["Jane Doe"], "memoryId": "Jane Doe", "enableTrace": "Jane Doe"}).to_string();
    let path = "/agents/No-body/agentAliases/TSTALIASID/sessions/Jane%20Doe/text";
    let (status, _, message) = send(&desk, path, &[("x-amz-source-arn", "Jane Doe")], body).await;
    assert_eq!(status, 400);
    assert!(message.starts_with("6 validation errors detected: "), "{message}");
    for place in ["agentId", "sessionId", "sourceArn", "inputText", "memoryId", "enableTrace"] {
        assert!(message.contains(&format!("'{place}'")), "{place}: {message}");
    }
    assert!(!message.contains("Jane"), "{message}");
}

#[tokio::test]
async fn what_is_no_request_at_all_is_refused_too() {
    let desk = desk().await;
    for body in
        ["{", "[]", r#"["hi"]"#, "null", "7", r#""hi""#, "\u{0}", r#"{"inputText": "hi"} x"#, &"[".repeat(10_000)]
    {
        let (status, kind, message) = send(&desk, GOOD, &[], body.to_owned()).await;
        assert_eq!((status, kind.as_str()), (400, "ValidationException"), "{body}: {message}");
        assert!(message.contains("body"), "{message}");
    }
    assert_eq!(send(&desk, GOOD, &[], vec![b'{', 0xff, b'}']).await.0, 400);
}

#[tokio::test]
async fn unknown_members_nulls_and_every_kind_of_json_type_are_taken() {
    let desk = desk().await;
    let body = json!({
        "inputText": "hi", "memoryId": null, "shoeSize": 44,
        "sessionState": {"sessionAttributes": {"a": "b"}, "files": [], "invocationId": null, "mood": "fine"},
        "streamingConfigurations": {"applyGuardrailInterval": 2_147_483_647, "more": []},
        "promptCreationConfigurations": {"previousConversationTurnsToInclude": 0, "excludePreviousThinkingSteps": true},
        "bedrockModelConfigurations": {"performanceConfig": {"latency": "optimized"}},
    });
    for kind in
        ["application/json", "application/json; charset=utf-8", "application/x-amz-json-1.1", "Application/JSON"]
    {
        let (status, _, message) = send(&desk, GOOD, &[("content-type", kind)], body.to_string()).await;
        assert_eq!(status, 200, "{kind}: {message}");
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        let (status, error, message) = send(&desk, GOOD, &[("content-type", kind)], body.to_string()).await;
        assert_eq!((status, error.as_str()), (400, "ValidationException"), "{kind}");
        assert!(message.contains("Content-Type"), "{message}");
    }
}

#[tokio::test]
async fn ids_in_the_path_are_decoded_and_held_to_their_patterns() {
    let desk = desk().await;
    let path = |agent: &str, alias: &str, session: &str| {
        format!("/agents/{agent}/agentAliases/{alias}/sessions/{session}/text")
    };
    let hello = r#"{"inputText": "hi"}"#;
    let long = "s".repeat(101);
    for (path, status) in [
        (path("Orders", "TSTALIASID", "s%3A1.a_b-C"), 200),
        (path("%4Frders", "TSTALIASID", "s-1"), 200),
        (path("Orders", "TSTALIASID", "%C3%A9%C3%A9"), 400),
        (path("Orders", "TSTALIASID", "a%2Fb"), 400),
        (path("Orders", "TSTALIASID", "a+b"), 400),
        (path("Orders", "TSTALIASID", "%00%00"), 400),
        (path("Orders", "TSTALIASID", "%ff%fe"), 400),
        (path("Orders", "TSTALIASID", &long), 400),
        (path("Orders", "TSTALIASID", "s"), 400),
        (path("Nobody", "TSTALIASID", "s-1"), 404),
        (path("Orders", "NOALIAS", "s-1"), 404),
        (path("ABCDEFGHIJK", "TSTALIASID", "s-1"), 400),
        (path("Orders", "not-there", "s-1"), 400),
    ] {
        let (got, kind, message) = send(&desk, &path, &[], hello).await;
        assert_eq!(got, status, "{path}: {kind} {message}");
        let expected = [(200, ""), (400, "ValidationException"), (404, "ResourceNotFoundException")];
        assert!(expected.contains(&(got, kind.as_str())), "{path}: {kind}");
    }
    let arn = |arn| [("x-amz-source-arn", arn)];
    assert_eq!(send(&desk, GOOD, &arn("arn:aws:bedrock:us-east-1:123456789012:agent/AGENT12345"), hello).await.0, 200);
    assert_eq!(send(&desk, GOOD, &arn("arn:aws:bedrock:us-east-1:1:agent/AGENT12345"), hello).await.0, 400);
}

#[tokio::test]
async fn a_text_may_have_25_000_000_characters_and_no_more() {
    let desk = desk().await;
    let text = |length: usize| json!({"inputText": "x".repeat(length)}).to_string();
    assert_eq!(send(&desk, GOOD, &[], text(25_000_000)).await.0, 200);
    let (status, kind, message) = send(&desk, GOOD, &[], text(25_000_001)).await;
    assert_eq!((status, kind.as_str()), (400, "ValidationException"));
    assert!(message.contains("'inputText'") && message.contains("25000000"), "{message}");
    let (status, kind, message) = send(&desk, GOOD, &[], text(70_000_000)).await;
    assert_eq!((status, kind.as_str()), (400, "ValidationException"));
    assert!(message.contains("bytes"), "{message}");
}

#[tokio::test]
async fn what_the_sdk_lets_through_comes_back_as_the_modelled_error() {
    let desk = desk().await;
    let file = |length: usize| {
        let content =
            ByteContentFile::builder().media_type("text/csv").data(Blob::new(vec![7; length])).build().unwrap();
        let source =
            FileSource::builder().source_type(FileSourceType::ByteContent).byte_content(content).build().unwrap();
        let file = InputFile::builder().name("a").source(source).use_case(FileUseCase::Chat).build().unwrap();
        SessionState::builder().files(file).build()
    };
    for (length, words) in [(10, "not supported by the local agent"), (10_485_761, "10485760")] {
        let call = desk.to("Orders", "s1").input_text("hi").session_state(file(length));
        let error = call.send().await.unwrap_err().into_service_error();
        assert!(error.is_validation_exception() && error.message().unwrap().contains(words), "{error:?}");
    }
    let streaming = StreamingConfigurations::builder().apply_guardrail_interval(0).build();
    let call = desk.to("Orders", "s1").input_text("hi").streaming_configurations(streaming);
    assert!(call.send().await.unwrap_err().into_service_error().is_validation_exception());
}

#[tokio::test]
async fn the_trace_of_a_very_long_prompt_fits_an_event_that_boto3_takes() {
    let turn = desk().await.say("Orders", "s1", &"x".repeat(25_000_000)).await;
    let Some(Trace::OrchestrationTrace(OrchestrationTrace::ModelInvocationInput(input))) = turn.traces[0].trace()
    else {
        panic!("{:?}", turn.trail());
    };
    let text = input.text().unwrap();
    assert!(text.len() < 5 * 1024 * 1024 && text.contains(" … [cut: 25"), "{} bytes", text.len());
    assert_eq!(turn.text, "fine");
}
