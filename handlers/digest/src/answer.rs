//! The model's answer: one line of JSON for each request.
//!
//! Lines survive a cut: what was written before the limit of tokens is used, and the rest waits for the next day.

use serde::Deserialize;

use crate::{
    Result,
    bedrock::{Said, Stop},
};

#[derive(Deserialize)]
struct Line {
    n: usize,
    answer: String,
}

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The model's answer.
    Answer(String),
    /// The guardrail stopped the model.
    Refused,
    /// The model reached the limit of its tokens before.
    Missing,
}

/// Reads the model's answer: one reply for each request, in their order.
///
/// # Errors
/// An answer is missing for no known reason, is for no request or comes twice, or there is none at all.
pub(crate) fn read(requests: usize, said: &Said) -> Result<Vec<Reply>> {
    let missing = match said.stop {
        Stop::Guardrail => Some(Reply::Refused),
        Stop::Length => Some(Reply::Missing),
        Stop::End => None,
    };
    let mut replies = vec![None; requests];
    // other lines are what models like to write around: fences, empty lines, a greeting
    for line in said.text.lines().filter_map(|line| serde_json::from_str::<Line>(line.trim()).ok()) {
        let reply = line.n.checked_sub(1).and_then(|index| replies.get_mut(index));
        let reply = reply.ok_or("the model answered a request that does not exist")?;
        let answer = toolgate::sanitize::text(&line.answer).trim().to_owned();
        if reply.is_some() || answer.is_empty() {
            return Err("the model answered a request twice, or with nothing".to_owned());
        }
        *reply = Some(Reply::Answer(answer));
    }
    let count = replies.iter().flatten().count();
    let complete: Option<Vec<_>> = replies.into_iter().map(|reply| reply.or_else(|| missing.clone())).collect();
    match complete {
        // without any answer the next day would begin in the same way
        Some(_) if count == 0 && said.stop == Stop::Length => {
            Err("the model's answer was cut before its first line: raise OutputTokens".to_owned())
        }
        Some(replies) => Ok(replies),
        None => Err(format!("the model answered {count} of {} requests", requests)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

    use toolgate::prices::Tokens;

    use super::*;

    fn read(requests: usize, text: &str, stop: Stop) -> Result<Vec<Reply>> {
        let said = Said { text: text.to_owned(), stop, tokens: Tokens::default() };
        super::read(requests, &said)
    }

    fn answer(text: &str) -> Reply {
        Reply::Answer(text.to_owned())
    }

    #[test]
    fn each_request_gets_its_answer_in_any_order_and_with_text_around() {
        let text = "Here you are:\n```json\n{\"n\": 2, \"answer\": \" b \"}\n\n{\"n\":1,\"answer\":\"a\\u0007\"}\n```";
        assert_eq!(read(2, text, Stop::End).unwrap(), [answer("a"), answer("b")]);
    }

    #[test]
    fn an_answer_that_cannot_be_trusted_is_an_error() {
        let one = "{\"n\": 1, \"answer\": \"a\"}";
        for (text, cause) in [
            ("I do not know", "answered 0 of 2"),
            (one, "answered 1 of 2"),
            (&format!("{one}\n{one}"), "twice"),
            (&format!("{one}\n{{\"n\": 2, \"answer\": \" \"}}"), "with nothing"),
            (&format!("{one}\n{{\"n\": 2, \"answer\": \"\u{200b} \u{202e}\"}}"), "with nothing"),
            (&format!("{one}\n{{\"n\": 3, \"answer\": \"c\"}}"), "does not exist"),
            (&format!("{one}\n{{\"n\": 0, \"answer\": \"c\"}}"), "does not exist"),
        ] {
            let error = read(2, text, Stop::End).unwrap_err();
            assert!(error.contains(cause), "{text}: {error}");
        }
    }

    #[test]
    fn what_was_cut_waits_and_what_was_blocked_is_for_a_person() {
        let text = "{\"n\": 1, \"answer\": \"a\"}\n{\"n\": 2, \"ans";
        assert_eq!(read(2, text, Stop::Length).unwrap(), [answer("a"), Reply::Missing]);
        assert!(read(2, "{\"n\": 1, \"ans", Stop::Length).unwrap_err().contains("OutputTokens"));
        assert_eq!(read(2, "I cannot answer that.", Stop::Guardrail).unwrap(), [Reply::Refused, Reply::Refused]);
    }
}
