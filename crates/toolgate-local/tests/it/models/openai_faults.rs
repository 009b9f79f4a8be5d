//! `openai:` against servers that fail: retries, error messages, and what the messages must not contain.

use serde_json::{Value, json};

use super::{
    openai::{DONE, ask_streaming, chunk, events, says},
    stand_in::{Answer, End, StandIn, json_answer, raw},
};
use crate::agents::support::*;

fn refusal(status: u16, code: &str, message: &str) -> Answer {
    json_answer(status, json!({"error": {"message": message, "type": "x", "param": null, "code": code}}))
}

fn fine() -> Answer {
    says(json!({"content": "There."}), "stop")
}

async fn ask(answers: Vec<Answer>) -> (Turn, StandIn) {
    let stand_in = StandIn::start(answers).await;
    let desk = Desk::start(&one_agent(), Functions::echo(), stand_in.openai(Some("sk-very-secret"))).await;
    (desk.say("Orders", "s1", "go").await, stand_in)
}

async fn ask_for_a_stream(answers: Vec<Answer>) -> (Turn, StandIn) {
    let stand_in = StandIn::start(answers).await;
    let desk = Desk::start(&one_agent(), Functions::echo(), stand_in.openai(None)).await;
    (ask_streaming(&desk).await, stand_in)
}

fn exception(turn: Turn) -> (String, String) {
    turn.exception.unwrap_or_else(|| panic!("an exception instead of {:?}", turn.text))
}

#[tokio::test]
async fn faults_that_pass_are_tried_again() {
    let faults: [fn() -> Answer; 5] = [
        || refusal(429, "rate_limit_exceeded", "slow down").header("retry-after", "0"),
        || refusal(429, "rate_limit_exceeded", "slow down").header("retry-after-ms", "20"),
        || refusal(500, "x", "oh"),
        || raw("text/html", ["<h1>Bad gateway</h1>"]).end(End::Cut),
        || fine().end(End::Silence),
    ];
    for fault in faults {
        let (turn, stand_in) = ask(vec![fault(), fault(), fine()]).await;
        assert_eq!((turn.text.as_str(), turn.exception, stand_in.left()), ("There.", None, 0));
    }
}

#[tokio::test]
async fn a_server_that_wants_a_long_pause_is_not_waited_for() {
    let later = refusal(429, "rate_limit_exceeded", "slow down").header("retry-after", "3600");
    let (turn, stand_in) = ask(vec![later, fine()]).await;
    let (kind, message) = exception(turn);
    assert_eq!((kind.as_str(), stand_in.left()), ("ThrottlingException", 1));
    assert!(message.contains("slow down") && message.contains("a pause of 3600 s"), "{message}");
}

#[tokio::test]
async fn a_lasting_failure_is_reported_as_the_agents_own_exception() {
    for (answer, kind, expected, tries) in [
        (refusal as fn(u16, &str, &str) -> Answer, "ThrottlingException", (429, "rate_limit_exceeded", "slow down"), 3),
        (refusal, "ThrottlingException", (429, "insufficient_quota", "pay first"), 1),
        (refusal, "BadGatewayException", (500, "x", "oh"), 3),
        (refusal, "BadGatewayException", (503, "x", "loading"), 3),
        (refusal, "ResourceNotFoundException", (404, "model_not_found", "no such model"), 1),
        (refusal, "ValidationException", (400, "x", "no tools here"), 1),
    ] {
        let (status, code, message) = expected;
        let (turn, stand_in) = ask((0..3).map(|_| answer(status, code, message)).collect()).await;
        let (name, text) = exception(turn);
        assert_eq!((name.as_str(), stand_in.seen().len()), (kind, tries), "{status} {code}");
        assert!(text.contains(message) && text.contains("#local-model"), "{text}");
    }
}

#[tokio::test]
async fn a_conversation_that_is_too_long_is_shown_with_less_of_its_past() {
    let by_type = json!({"error": {"code": 400, "message": "too much", "type": "exceed_context_size_error"}});
    for too_long in [
        || refusal(400, "context_length_exceeded", "too much"),
        || refusal(400, "x", "This model's maximum context length is 8192 tokens"),
    ] {
        let stand_in = StandIn::start(vec![fine(), too_long(), fine(), too_long()]).await;
        let desk = Desk::start(&one_agent(), Functions::echo(), stand_in.openai(None)).await;
        for text in ["first", "second"] {
            assert_eq!(desk.say("Orders", "s1", text).await.text, "There.");
        }
        let sent: Vec<usize> =
            stand_in.seen().iter().map(|request| request.body["messages"].as_array().unwrap().len()).collect();
        assert_eq!(sent, [2, 4, 2], "system and user; with the past; without it");
        let expected = "the conversation no longer fits the model: start a new session";
        let turn = desk.say("Orders", "another", "too long by itself").await;
        assert_eq!(exception(turn), ("DependencyFailedException".to_owned(), expected.to_owned()));
    }
    let (turn, _) = ask(vec![json_answer(400, by_type)]).await;
    assert_eq!(exception(turn).0, "DependencyFailedException");
}

#[tokio::test]
async fn a_key_is_not_repeated_in_an_error() {
    for (status, kind) in [(401, "AccessDeniedException"), (403, "AccessDeniedException"), (400, "ValidationException")]
    {
        let (turn, _) =
            ask(vec![refusal(status, "invalid_api_key", "Incorrect API key provided: sk-very-secret")]).await;
        let (name, text) = exception(turn);
        assert_eq!(name, kind);
        assert!(!text.contains("very-secret"), "{text}");
    }
}

#[tokio::test]
async fn invalid_answers_are_reported_and_not_paid_for_again() {
    let wrong: [(&str, Value, &str); 4] = [
        ("application/json", json!("text"), "not a chat completion"),
        ("application/json", json!({"choices": []}), "no choices"),
        ("application/json", json!({"choices": "many"}), "not a chat completion"),
        ("text/plain", json!("hello"), "not a chat completion"),
    ];
    for (kind, body, expected) in wrong {
        let (turn, stand_in) = ask(vec![raw(kind, [body.to_string()]), fine()]).await;
        let (name, text) = exception(turn);
        assert_eq!((name.as_str(), stand_in.left()), ("DependencyFailedException", 1));
        assert!(text.contains(expected), "{text}");
    }
    let (turn, _) = ask(vec![says(json!({"content": null}), "stop")]).await;
    assert!(exception(turn).1.contains("without an answer"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_reported_at_once() {
    let mut gone = StandIn::start(Vec::new()).await;
    gone.url = "http://127.0.0.1:9".to_owned();
    let desk = Desk::start(&one_agent(), Functions::echo(), gone.openai(None)).await;
    let (name, text) = exception(desk.say("Orders", "s1", "go").await);
    assert_eq!(name, "BadGatewayException");
    assert!(text.contains("is it running?"), "{text}");
}

#[tokio::test]
async fn streams_that_fail_before_a_word_is_out_are_tried_again() {
    let whole = || events(&[chunk(json!({"content": "<answer>There.</answer>"}), Some("stop")), DONE.to_owned()]);
    let delta = || chunk(json!({"content": "Hm"}), None);
    let faults: [Answer; 5] = [
        events(&[delta()]),
        events(&[delta()]).end(End::Cut),
        events(&[delta()]).end(End::Silence),
        events(&[delta(), "data: {\"error\": {\"message\": \"out of memory\"}}\n\n".to_owned()]),
        refusal(429, "rate_limit_exceeded", "slow down"),
    ];
    for fault in faults {
        let (turn, stand_in) = ask_for_a_stream(vec![fault, whole()]).await;
        assert_eq!((turn.text.as_str(), turn.exception, stand_in.left()), ("There.", None, 0));
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_after_that_is_reported() {
    let begun = chunk(json!({"content": "<answer>Half of an answer"}), None);
    let (turn, stand_in) = ask_for_a_stream(vec![events(&[begun]).end(End::Cut), fine()]).await;
    assert_eq!((turn.text.as_str(), stand_in.left()), ("Half of an ", 1));
    let (name, text) = exception(turn);
    assert_eq!(name, "BadGatewayException");
    assert!(text.contains("broke off"), "{text}");
    let (turn, _) = ask_for_a_stream(vec![events(&["data: {\"choices\": [\n\n".to_owned()])]).await;
    let (name, text) = exception(turn);
    assert_eq!(name, "DependencyFailedException");
    assert!(text.contains("not a valid JSON chunk"), "{text}");
}

#[tokio::test]
async fn a_server_that_cannot_stream_still_answers() {
    let (turn, _) = ask_for_a_stream(vec![says(json!({"content": "<answer>There.</answer>"}), "stop")]).await;
    assert_eq!(turn.text, "There.");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [301, 302, 307, 308] {
        let elsewhere = StandIn::start(vec![fine()]).await;
        let redirect =
            json_answer(status, json!({})).header("location", &format!("{}/v1/chat/completions", elsewhere.url));
        let (turn, _) = ask(vec![redirect]).await;
        let (_, message) = exception(turn);
        assert!(message.contains("redirects, which is not followed"), "{message}");
        assert!(elsewhere.seen().is_empty(), "nobody else gets the conversation or the key");
    }
}

#[tokio::test]
async fn a_date_in_retry_after_is_waited_for() {
    let fault = refusal(429, "rate_limit_exceeded", "slow down").header("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
    let (turn, stand_in) = ask(vec![fault, fine()]).await;
    assert_eq!((turn.text.as_str(), stand_in.left()), ("There.", 0));
    let far = refusal(429, "rate_limit_exceeded", "slow down").header("retry-after", "Sat, 06 Nov 2094 08:49:37 GMT");
    let (turn, stand_in) = ask(vec![far, fine()]).await;
    assert_eq!(stand_in.left(), 1);
    assert!(exception(turn).1.contains("a pause of"));
}

#[tokio::test]
async fn content_may_come_in_parts() {
    let parts = json!([{"type": "text", "text": "The"}, {"type": "image"}, {"type": "text", "text": "re."}]);
    let (turn, _) = ask(vec![says(json!({"content": parts}), "stop")]).await;
    assert_eq!(turn.text, "There.");
    let streamed = events(&[chunk(json!({"content": [{"type": "text", "text": "There."}]}), Some("stop"))]);
    let (turn, _) = ask_for_a_stream(vec![streamed]).await;
    assert_eq!(turn.text, "There.");
}

#[tokio::test]
async fn a_server_that_refuses_stream_options_is_asked_without_them_from_then_on() {
    let refused = refusal(400, "unknown_parameter", "Unrecognized request argument supplied: stream_options");
    let (turn, stand_in) = ask_for_a_stream(vec![refused, fine()]).await;
    assert_eq!((turn.text.as_str(), stand_in.left()), ("There.", 0));
    let asked: Vec<bool> = stand_in.seen().iter().map(|seen| seen.body.get("stream_options").is_some()).collect();
    assert_eq!(asked, [true, false]);
}
