//! `toolgate chat`.

use super::support::{Desk, toolgate};

#[tokio::test]
async fn the_answer_goes_to_standard_output_and_the_label_to_standard_error() {
    let desk = Desk::start().await;
    let done = desk.chat(&["hello"], "").await;
    assert_eq!((done.code, done.out.as_str()), (0, "You said hello.\n"), "{}", done.err);
    assert!(done.err.contains("The model is scripted"), "{}", done.err);
}

#[tokio::test]
async fn a_confirmation_is_answered_from_standard_input() {
    let desk = Desk::start().await;
    let done = desk.chat(&["cancel 7"], "yes\n").await;
    assert_eq!((done.code, done.out.as_str()), (0, "Cancelled 7.\n"), "{}", done.err);
    let question = "Desk wants to run cancel with 1 argument:\n  id: \"7\"\nAllow cancel? [y/n] ";
    assert!(done.err.contains(question), "{}", done.err);
    let done = desk.chat(&["cancel 7"], "n\n").await;
    assert_eq!((done.code, done.out.as_str()), (0, "Left as it is.\n"), "{}", done.err);
    assert_eq!(desk.called(), ["cancel"]);
}

#[tokio::test]
async fn without_an_answer_nothing_is_done_and_the_exit_code_says_so() {
    let desk = Desk::start().await;
    for (input, expected) in
        [("", "standard input has no answer"), ("maybe\n", "`maybe` on standard input is neither y nor n")]
    {
        let done = desk.chat(&["cancel 7"], input).await;
        assert_eq!((done.code, done.out.as_str()), (1, ""));
        assert!(done.err.contains(expected), "{}", done.err);
    }
    assert!(desk.called().is_empty());
}

#[tokio::test]
async fn every_line_of_standard_input_is_a_turn_of_one_session() {
    let desk = Desk::start().await;
    let done = desk.chat(&[], "hello\n\ncancel 7\ny\nbye\n").await;
    assert_eq!((done.code, done.out.as_str()), (0, "You said hello.\nCancelled 7.\nYou said bye.\n"), "{}", done.err);
}

#[tokio::test]
async fn a_failed_turn_is_reported_and_the_conversation_goes_on() {
    let desk = Desk::start().await;
    let done = desk.chat(&[], "fail\nhello\n").await;
    assert_eq!((done.code, done.out.as_str()), (1, "You said hello.\n"));
    assert!(done.err.contains("encountered a problem while processing request"), "{}", done.err);
}

#[tokio::test]
async fn a_trace_is_drawn_on_standard_error() {
    let desk = Desk::start().await;
    let done = desk.chat(&["--trace", "cancel 7"], "y\n").await;
    assert_eq!(done.out, "Cancelled 7.\n");
    for part in [
        "s Desk\n",
        "s   model ",
        "\u{201c}It is asked for.\u{201d}",
        "\u{2192} 1 desk.cancel(id=7)",
        "\u{2190} 1 cancel ",
        "= Cancelled 7.",
        "(2 model turns, ",
    ] {
        assert!(done.err.contains(part), "{part}\n{}", done.err);
    }
    assert!(!done.err.contains('\u{1b}'), "no colours without a terminal: {}", done.err);
}

#[tokio::test]
async fn the_raw_parts_have_standard_output_to_themselves() {
    let desk = Desk::start().await;
    let done = desk.chat(&["--trace=json", "cancel 7"], "y\n").await;
    let parts: Vec<serde_json::Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let members: Vec<&str> = parts
        .iter()
        .map(|part| part["trace"]["orchestrationTrace"].as_object().unwrap().keys().next().unwrap().as_str())
        .collect();
    assert_eq!(
        members,
        [
            "modelInvocationInput",
            "modelInvocationOutput",
            "rationale",
            "invocationInput",
            "observation",
            "modelInvocationInput",
            "modelInvocationOutput",
            "observation"
        ]
    );
    assert_eq!(parts[0]["agentId"], "Desk");
    assert!(done.err.contains("Cancelled 7.") && done.err.contains("The model is scripted"), "{}", done.err);
    let done = desk.chat(&["--trace=xml", "hello"], "").await;
    assert!(done.code == 2 && done.err.contains("timeline, json"), "{}", done.err);
}

#[tokio::test]
async fn every_turn_is_reported_with_its_tokens_and_the_sessions() {
    let desk = Desk::start().await;
    let done = desk.chat(&[], "hello\nbye\n").await;
    let usage_lines: Vec<&str> = done.err.lines().filter(|line| line.contains("tokens")).collect();
    assert!(usage_lines.len() == 2 && usage_lines[0].starts_with("(1 model turn, "), "{usage_lines:?}");
    assert!(usage_lines[1].contains("; session: 2 model turns, ") && !usage_lines[1].contains('$'), "{usage_lines:?}");
}

#[tokio::test]
async fn an_unusable_table_of_prices_is_reported_before_anything_is_sent() {
    let desk = Desk::start().await;
    let done = desk.chat(&["--prices", "/no/such/prices.json", "hello"], "").await;
    assert_eq!((done.code, done.out.as_str()), (1, ""));
    assert!(done.err.contains("cannot read the prices `/no/such/prices.json`"), "{}", done.err);
}

#[tokio::test]
async fn a_streamed_answer_is_the_same_answer() {
    let desk = Desk::start().await;
    let words = "many words ".repeat(30);
    let done = desk.chat(&["--stream", words.trim()], "").await;
    assert_eq!((done.code, done.out), (0, format!("You said {}.\n", words.trim())), "{}", done.err);
}

#[tokio::test]
async fn an_unknown_agent_is_reported_with_the_existing_ones() {
    let desk = Desk::start().await;
    let done = toolgate(&["chat", "--agent", "Nobody", "--endpoint-url", &desk.url, "hi"], "").await;
    assert_eq!(done.code, 1);
    assert!(done.err.contains("there is no agent `Nobody`") && done.err.contains("Desk"), "{}", done.err);
    let done = toolgate(&["chat", "--endpoint-url", "http://127.0.0.1:9", "hi"], "").await;
    assert_eq!(done.code, 1);
    assert!(done.err.contains("toolgate dev"), "{}", done.err);
}

#[tokio::test]
async fn without_a_name_it_is_the_only_agent() {
    let desk = Desk::start().await;
    let done = toolgate(&["chat", "--endpoint-url", &desk.url, "hello"], "").await;
    assert_eq!((done.code, done.out.as_str()), (0, "You said hello.\n"), "{}", done.err);
    let done = toolgate(&["chat", "--alias", "ABCDEFGHIJ", "hello"], "").await;
    assert!(done.code == 1 && done.err.contains("--agent"), "{}", done.err);
}

#[tokio::test]
async fn what_is_no_terminal_gets_plain_lines() {
    let desk = Desk::start().await;
    let done = desk.chat(&[], "/help\nexit\n").await;
    assert_eq!((done.code, done.out.as_str()), (0, "You said /help.\nYou said exit.\n"), "{}", done.err);
    assert!(!done.err.contains("waiting for the answer") && !done.err.contains('\r'), "{}", done.err);
}

#[tokio::test]
async fn an_answer_keeps_of_the_control_characters_line_feeds_and_tabs_only() {
    let desk = Desk::start().await;
    let done = desk.chat(&["--trace", "a\u{1b}[2J\tb\u{9b}1A\u{202e}c\u{200b}\u{7}"], "").await;
    assert_eq!((done.code, done.out.as_str()), (0, "You said a[2J b1Ac.\n"), "{}", done.err);
    let acts =
        |text: &str| text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')) || text.contains('\u{202e}');
    assert!(!acts(&done.err), "{:?}", done.err);
    let done = desk.chat(&["--trace=json", "a\u{9b}1A\u{202e}c\u{7f}"], "").await;
    assert!(!acts(&done.out) && !acts(&done.err), "{:?}", done.out);
    assert!(done.out.contains("a\\u009b1A\\u202ec\\u007f"), "the parts lose nothing: {}", done.out);
}

#[tokio::test]
async fn an_address_is_checked_before_anything_else() {
    let done = toolgate(&["chat", "--endpoint-url", "foo", "hi"], "").await;
    let expected =
        "error: `foo` is not a valid URL: give `http://` or `https://` and a host, such as http://127.0.0.1:8787\n";
    assert_eq!((done.code, done.err.as_str()), (1, expected));
}
