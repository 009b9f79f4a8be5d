//! The messages of the queue, as Lambda delivers them.
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>

use jiff::{Timestamp, civil::Date, tz::Offset};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Result;

/// The most characters of a question.
const QUESTION: usize = 2_000;
/// The most bytes of a request in a prompt: a character has at most 6 there, as `\u0007`, and its number has the rest.
pub(crate) const LARGEST: usize = QUESTION * 6 + 64;

/// A batch of messages.
#[derive(Debug, Deserialize)]
struct Wire {
    #[serde(rename = "Records")]
    records: Vec<WireRecord>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRecord {
    message_id: String,
    #[serde(default)]
    body: String,
}

/// A batch whose messages can be reported one by one.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) records: Vec<Record>,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Record {
    /// The id by which a failed message is reported.
    pub(crate) id: String,
    body: String,
}

/// What a message is about.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Message {
    Request(Request),
    Day(Day),
    Due(Due),
}

/// A request that can wait.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Request {
    pub(crate) request_id: String,
    pub(crate) customer_id: String,
    pub(crate) question: String,
}

/// The start of the digests of a day: the time that the schedule was for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Day {
    digests_of: String,
}

/// A digest that is due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Due {
    pub(crate) customer_id: String,
    /// `YYYY-MM-DD`, by UTC.
    pub(crate) date: String,
}

impl Batch {
    /// Reads a batch.
    ///
    /// # Errors
    /// It has no messages, or one of them has no id.
    pub(crate) fn read(event: Value) -> std::result::Result<Self, &'static str> {
        let wire: Wire = serde_json::from_value(event).map_err(|_| "the event is not a batch of a queue")?;
        if wire.records.iter().any(|record| record.message_id.is_empty()) {
            return Err("a message of the batch has no id");
        }
        let records = wire.records.into_iter().map(|WireRecord { message_id, body }| Record { id: message_id, body });
        Ok(Self { records: records.collect() })
    }
}

impl Record {
    /// What the message is about.
    ///
    /// # Errors
    /// It is none of the three, or one of its values is not valid.
    pub(crate) fn read(&self) -> Result<Message> {
        let mut message = serde_json::from_str(&self.body).map_err(|_| {
            "it is not a request (`requestId`, `customerId`, `question`), a day (`digestsOf`) or a digest (`customerId`, \
             `date`)"
        })?;
        match &mut message {
            Message::Request(Request { request_id, customer_id, question }) => {
                id("requestId", request_id)?;
                id("customerId", customer_id)?;
                // the model and the person who reads the digest get the same text
                *question = toolgate::sanitize::text(question).into_owned();
                let length = question.chars().count();
                if question.trim().is_empty() || length > QUESTION {
                    return Err(format!("its question has {length} characters, and 1 to {QUESTION} are accepted"));
                }
            }
            Message::Day(day) => drop(day.date()?),
            Message::Due(Due { customer_id, date: day }) => {
                id("customerId", customer_id)?;
                date(day)?;
            }
        }
        Ok(message)
    }
}

impl Day {
    /// The date of the digests, `YYYY-MM-DD`.
    ///
    /// # Errors
    /// The time does not begin with a date, or that date has not begun.
    pub(crate) fn date(&self) -> Result<String> {
        let day = self.digests_of.get(..10).unwrap_or_default();
        date(day)?;
        Ok(day.to_owned())
    }
}

impl Due {
    /// The key of the digest in its bucket.
    pub(crate) fn key(&self) -> String {
        let Self { customer_id, date } = self;
        format!("digests/{date}/{customer_id}.json")
    }
}

/// Checks an id, which becomes a part of a key.
fn id(name: &str, text: &str) -> Result<()> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    match (1..=64).contains(&text.len()) && text.bytes().all(is_plain) {
        true => Ok(()),
        false => Err(format!("its `{name}` is not 1 to 64 letters, digits, `_` and `-`")),
    }
}

/// Checks a date. One that has not begun would take the requests of its own day.
fn date(text: &str) -> Result<()> {
    let date: Date = text.parse().map_err(|_| "its date is not a date `YYYY-MM-DD`")?;
    match date <= today() && date.to_string() == text {
        true => Ok(()),
        false => Err("its date is in the future, or is not written as `YYYY-MM-DD`".to_owned()),
    }
}

/// The date, by UTC.
pub(crate) fn today() -> Date {
    Offset::UTC.to_datetime(Timestamp::now()).date()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_batch_whose_messages_cannot_be_named_fails_as_a_whole() {
        assert!(Batch::read(json!({"Records": []})).unwrap().records.is_empty());
        let named = json!({"messageId": "1", "body": "{}"});
        for event in
            [json!({}), json!([]), json!({"Records": [named, {"body": "{}"}]}), json!({"Records": [{"messageId": ""}]})]
        {
            assert!(Batch::read(event.clone()).is_err(), "{event}");
        }
    }

    #[test]
    fn a_question_has_no_hidden_characters() {
        let body = json!({"requestId": "R", "customerId": "C", "question": "Where\u{e0041} is\u{202e} it?\u{0}"});
        let message = Record { id: "1".to_owned(), body: body.to_string() }.read().unwrap();
        let Message::Request(request) = message else { panic!("{message:?}") };
        assert_eq!(request.question, "Where is it?");
    }

    #[test]
    fn a_message_is_one_of_three_and_nothing_else() {
        let read = |body: &Value| Record { id: "1".to_owned(), body: body.to_string() }.read();
        let request = |id: &str, customer: &str, question: &str| json!({"requestId": id, "customerId": customer, "question": question});
        for good in [
            request("REQ-1", "CUST-12345", "Where is my parcel?"),
            request(&"r".repeat(64), "c_1", &"ä".repeat(2_000)),
            json!({"digestsOf": "2026-01-31T06:00:00Z"}),
            json!({"customerId": "CUST-12345", "date": "2026-01-31"}),
        ] {
            assert!(read(&good).is_ok(), "{good}");
        }
        let mut more = request("REQ-1", "CUST-12345", "a");
        more["date"] = json!("2026-01-31");
        for text in ["", "{", "\u{feff}{}", "null"] {
            assert!(Record { id: "1".to_owned(), body: text.to_owned() }.read().is_err(), "{text}");
        }
        for poison in [
            json!({}),
            json!("REQ-1"),
            more,
            request("", "CUST-12345", "a"),
            request("REQ-1", "../CUST", "a"),
            request("REQ-1", "CUST/1", "a"),
            request(&"r".repeat(65), "CUST-12345", "a"),
            request("REQ-1", "CUST-12345", " \n"),
            request("REQ-1", "CUST-12345", "\u{200b}\u{202e} \u{e0041}"),
            request("REQ-1", "CUST-12345", &"a".repeat(2_001)),
            json!({"digestsOf": "tomorrow"}),
            json!({"digestsOf": "2999-01-01T06:00:00Z"}),
            json!({"digestsOf": "2026-02-31T06:00:00Z"}),
            json!({"customerId": "CUST-12345", "date": "2999-01-01"}),
            json!({"customerId": "CUST-12345", "date": "2026-1-31"}),
            json!({"customerId": "CUST-12345", "date": "2026-01-31/../x"}),
        ] {
            let error = read(&poison).unwrap_err();
            assert!(!error.contains("CUST"), "{poison}: {error}");
        }
    }
}
