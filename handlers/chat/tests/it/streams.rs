//! The stream of a turn, line by line. `scripts/e2e/test_ui_stream.py` reads the same files with the AI SDK.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use chat::{
    money::Dollars,
    progress::Progress,
    stream::{Finish, Left, UiStream},
};
use serde_json::{Value, json};
use toolgate::{Usd, prices::Tokens};

const LEFT: Left =
    Left { is_day: false, left: Dollars(Usd::micros(9_998_800)), limit: Dollars(Usd::micros(10_000_000)) };

fn call(id: &str, tool: &str, input: Value) -> Progress {
    Progress::Call { id: id.to_owned(), tool: tool.to_owned(), input }
}

fn output(id: &str, output: Value, is_error: bool) -> Progress {
    Progress::Output { id: id.to_owned(), output, is_error }
}

fn question(id: &str, call: &str, input: Value) -> Progress {
    Progress::Question { id: id.to_owned(), call: call.to_owned(), tool: "request_refund".to_owned(), input }
}

/// Compares a stream with its file. With `UPDATE_STREAMS=1` it writes the file.
fn is_file(name: &str, happened: Vec<Progress>, end: impl FnOnce(&mut UiStream) -> (Bytes, Option<Finish>)) {
    let mut stream = UiStream::default();
    let mut text = stream.start("my session").to_vec();
    for happened in happened {
        text.extend_from_slice(&stream.progress(happened));
    }
    let (last, finish) = end(&mut stream);
    text.extend_from_slice(&last);
    text.extend_from_slice(&stream.end(finish));
    let text = String::from_utf8(text).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/streams").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_STREAMS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(file).unwrap());
}

#[test]
fn a_turn_that_asks_and_the_turn_after_it_are_one_message() {
    let input = |amount: &str| json!({"orderId": "ORD-12345", "amount": amount});
    let asks = vec![
        Progress::Waiting { wait: Duration::from_millis(1_200) },
        call("call-1", "get_order_status", json!({"orderId": "ORD-12345"})),
        Progress::Tokens { model: None, tokens: Tokens::default() },
        output("call-1", json!({"state": "sent"}), false),
        Progress::Text("Two refunds.\nMay I".to_owned()),
        Progress::Text(String::new()),
        Progress::Text("?".to_owned()),
        call("call-2", "request_refund", input("10.00")),
        question("question-1", "call-2", input("10.00")),
        question("question-2", "call-3", input("900.00")),
    ];
    is_file("asks", asks, |stream| (stream.budget(LEFT), Some(stream.finish())));
    let answers = vec![
        Progress::Denied { id: "call-3".to_owned() },
        output("call-2", json!({"refundId": "REF-1"}), false),
        Progress::Text("One is paid.".to_owned()),
    ];
    is_file("answers", answers, |stream| (stream.budget(LEFT), Some(stream.finish())));
}

#[test]
fn a_parked_call_and_a_text_that_looks_like_an_event() {
    let hostile = "a\n\ndata: [DONE]\n\n\u{2028}<script>\u{0}\"\\";
    let refused = json!({"error": {"kind": "waiting for approval", "message": "it waits as `APR-7M2KQ4XWZA`"}});
    let happened = vec![
        Progress::Text(hostile.to_owned()),
        call("call-1", "request_refund", json!({"note": hostile})),
        output("call-1", refused, true),
        Progress::Parked { approval: "APR-7M2KQ4XWZA".to_owned(), id: "call-1".to_owned() },
        Progress::Text("It waits.".to_owned()),
    ];
    is_file("parked", happened, |stream| (stream.budget(LEFT), Some(stream.finish())));
}

#[test]
fn a_turn_that_fails_and_one_that_is_cut() {
    let begun = || vec![Progress::Text("I".to_owned()), call("call-1", "look", json!("{no json"))];
    let with_budget = |stream: &mut UiStream, last: fn(&mut UiStream) -> Bytes| {
        let bytes = [stream.budget(LEFT), last(stream)].concat();
        Bytes::from(bytes)
    };
    is_file("failed", begun(), |stream| {
        (with_budget(stream, |stream| stream.error("the turn failed half way")), Some(Finish::Error))
    });
    is_file("cut", begun(), |stream| (with_budget(stream, |stream| stream.abort("the turn was cut")), None));
}
