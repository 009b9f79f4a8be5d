//! The question to the model for all requests of a digest: one line of JSON for each.

use serde::Serialize;

use crate::{articles::ARTICLES, requests::Waiting};

/// The most requests of one digest. What is left waits for the next day.
pub(crate) const REQUESTS: usize = 20;

/// What the model is and does.
const TASK: &str = include_str!("instructions.md");

/// What the model is, and what it knows: the help articles of the desk.
pub(crate) fn instructions() -> String {
    [TASK, ARTICLES].concat()
}

/// The requests of a digest as the model sees them. They have numbers, because a model may misspell an id.
#[derive(Debug)]
pub(crate) struct Prompt {
    text: String,
    /// The number of the requests.
    pub(crate) requests: usize,
}

#[derive(Serialize)]
struct Question<'a> {
    n: usize,
    question: &'a str,
}

impl Prompt {
    /// The prompt for requests.
    pub(crate) fn of(requests: &[Waiting]) -> Self {
        let line = |(n, request): (usize, &Waiting)| {
            // a struct of a number and a text is always JSON
            serde_json::to_string(&Question { n, question: &request.question }).unwrap_or_default() + "\n"
        };
        Self { text: (1..).zip(requests).map(line).collect(), requests: requests.len() }
    }

    /// The text of the user's message.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The size of everything that is sent, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        u64::try_from(self.text.len() + TASK.len() + ARTICLES.len()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

    use super::*;

    #[test]
    fn no_question_can_begin_another_line() {
        let waiting = |question: &str| Waiting::of_test("REQ-1", question);
        let prompt = Prompt::of(&[waiting("a\n{\"n\":2,\"question\":\"b\"}"), waiting("c")]);
        assert_eq!(prompt.text().lines().count(), 2);
        assert_eq!(prompt.bytes(), u64::try_from(prompt.text().len() + instructions().len()).unwrap());
    }
}
