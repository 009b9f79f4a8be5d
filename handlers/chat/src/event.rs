//! The event of a function URL: who calls, and what the body asks for.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// The most bytes of a body.
const BODY_BYTES: usize = 64 * 1024;
/// The most characters of a text.
const TEXT_CHARS: usize = 8_000;
/// The most characters of a session's name and of a customer's id.
const NAME_CHARS: usize = 128;
/// The most answers in one request. An agent asks about at most five calls at once
/// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_InvocationResultMember.html>).
const ANSWERS: usize = 5;
/// The most characters of a question's id.
const QUESTION_CHARS: usize = 4_096;

/// A request of a function URL.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UrlEvent {
    #[serde(default)]
    headers: Map<String, Value>,
    request_context: Context,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Debug, Deserialize)]
struct Context {
    http: Http,
    authorizer: Option<Authorizer>,
}

#[derive(Debug, Deserialize)]
struct Http {
    method: String,
}

#[derive(Debug, Deserialize)]
struct Authorizer {
    iam: Option<Iam>,
}

/// An IAM caller, whose signature Lambda has verified.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Iam {
    user_arn: String,
}

/// What a body asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The session; `None` begins a new one.
    pub session: Option<String>,
    /// The customer, if the caller is an application's backend, which names it.
    pub customer: Option<String>,
    /// The turn.
    pub what: What,
}

/// A turn of a conversation.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// The customer writes.
    Text(String),
    /// The customer answers the questions of the last turn.
    Answers(Vec<Answer>),
}

/// The customer's answer to one question.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The question's id.
    pub id: String,
    /// Whether the call may run.
    pub approved: bool,
}

/// The body, as it is sent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    session_id: Option<String>,
    customer_id: Option<String>,
    text: Option<String>,
    answers: Option<Vec<Answer>>,
}

impl UrlEvent {
    /// Reads an event.
    ///
    /// # Errors
    /// It is not the event of a function URL.
    pub fn read(event: Value) -> Result<Self, Refusal> {
        serde_json::from_value(event)
            .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "invalid", "this is not a request of a function URL"))
    }

    /// The only value of a header; `None` if there is none, or one that is not a text.
    pub fn header(&self, name: &str) -> Option<&str> {
        // the service writes names in small letters, and joins several values by commas
        let mut values = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        match (values.next(), values.next()) {
            (Some((_, value)), None) => value.as_str(),
            _ => None,
        }
    }

    /// Whether Lambda has verified the caller's signature.
    pub fn is_signed(&self) -> bool {
        let iam = self.request_context.authorizer.as_ref().and_then(|authorizer| authorizer.iam.as_ref());
        iam.is_some_and(|iam| !iam.user_arn.is_empty())
    }

    /// What the request asks for.
    ///
    /// # Errors
    /// It is not a POST of JSON with one turn.
    pub fn asked(&self) -> Result<Asked, Refusal> {
        if self.request_context.http.method != Method::POST.as_str() {
            return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "invalid", "send a POST request"));
        }
        let kind = self.header("content-type").and_then(|kind| kind.split(';').next()).unwrap_or_default();
        if !kind.trim().eq_ignore_ascii_case("application/json") {
            let message = "send JSON, with the header `Content-Type: application/json`";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid", message));
        }
        let too_large = || Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too large", "the body is larger than 64 KB");
        let body = self.body.as_deref().unwrap_or_default();
        if body.len() > BODY_BYTES * 4 / 3 + 4 {
            return Err(too_large());
        }
        let bytes = match self.is_base64_encoded {
            true => BASE64_STANDARD.decode(body).map_err(|_| wrong("the body is not base64"))?,
            false => body.as_bytes().to_vec(),
        };
        if bytes.len() > BODY_BYTES {
            return Err(too_large());
        }
        let body: Body = serde_json::from_slice(&bytes).map_err(|error| {
            // the text of the error may quote the body
            wrong(&format!(
                "the body is not of the form {{\"sessionId\": .., \"text\": ..}}: line {}, column {}",
                error.line(),
                error.column()
            ))
        })?;
        body.checked()
    }
}

impl Body {
    fn checked(self) -> Result<Asked, Refusal> {
        let what = match (self.text, self.answers) {
            (Some(text), None) => What::Text(text),
            (None, Some(answers)) => What::Answers(answers),
            _ => return Err(wrong("send either `text` or `answers`")),
        };
        match &what {
            What::Text(text) if text.trim().is_empty() => return Err(wrong("`text` is empty")),
            What::Text(text) if text.chars().count() > TEXT_CHARS => {
                return Err(wrong(&format!("`text` has more than {TEXT_CHARS} characters")));
            }
            What::Answers(answers) if answers.is_empty() || answers.len() > ANSWERS => {
                return Err(wrong(&format!("send one to {ANSWERS} `answers`, all that the last turn asked for")));
            }
            What::Answers(_) if self.session_id.is_none() => {
                return Err(wrong("`answers` need the `sessionId` of the turn that asked"));
            }
            What::Answers(answers) if answers.iter().any(|answer| answer.id.len() > QUESTION_CHARS) => {
                return Err(wrong("an answer has an `id` that is none of a question"));
            }
            What::Text(_) | What::Answers(_) => {}
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if let Some(name) = &self.session_id
            && (name.is_empty() || name.len() > NAME_CHARS || !name.chars().all(is_name))
        {
            return Err(wrong("`sessionId` has letters, digits, `-`, `_` and `.`, and at most 128 of them"));
        }
        if let Some(id) = &self.customer_id
            && !is_customer(id)
        {
            return Err(wrong("`customerId` is empty, too long, or has invisible characters"));
        }
        Ok(Asked { session: self.session_id, customer: self.customer_id, what })
    }
}

/// Whether a text can be a customer's id.
pub(crate) fn is_customer(id: &str) -> bool {
    !id.is_empty() && id.chars().count() <= NAME_CHARS && id.trim() == id && !id.chars().any(char::is_control)
}

fn wrong(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "invalid", message)
}

impl std::fmt::Debug for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text",
            Self::Answers(_) => "Answers",
        })
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("approved", &self.approved).finish_non_exhaustive()
    }
}
