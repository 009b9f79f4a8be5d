//! The body of InvokeAgent, held to the limits that the service has and the SDKs do not check.

use serde::Deserialize;
use serde_json::Value;

use super::{error::AgentError, session::Attributes};

/// The service's limit on the input text, in characters.
const INPUT_CHARACTERS: usize = 25_000_000;

/// What a caller may send. Members that a laptop has no use for are read past.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct InvokeAgent {
    pub(crate) input_text: Option<String>,
    pub(crate) enable_trace: Option<bool>,
    pub(crate) end_session: Option<bool>,
    pub(crate) memory_id: Option<String>,
    pub(crate) session_state: Option<SessionState>,
    pub(crate) streaming_configurations: Option<Streaming>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SessionState {
    pub(crate) session_attributes: Option<Attributes>,
    pub(crate) prompt_session_attributes: Option<Attributes>,
    pub(crate) invocation_id: Option<String>,
    pub(crate) return_control_invocation_results: Option<Vec<InvocationResult>>,
    pub(crate) conversation_history: Option<ConversationHistory>,
    files: Option<Vec<Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Streaming {
    pub(crate) stream_final_response: Option<bool>,
    pub(crate) apply_guardrail_interval: Option<usize>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ConversationHistory {
    #[serde(default)]
    pub(crate) messages: Vec<HistoryMessage>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct HistoryMessage {
    pub(crate) role: HistoryRole,
    pub(crate) content: Vec<HistoryContent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HistoryRole {
    User,
    Assistant,
}

#[derive(Debug, Deserialize)]
pub(crate) struct HistoryContent {
    pub(crate) text: String,
}

/// A caller's answer to one invocation input.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum InvocationResult {
    FunctionResult(ResultFields),
    ApiResult(ResultFields),
}

/// The members of `functionResult` and `apiResult`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResultFields {
    pub(crate) action_group: String,
    pub(crate) function: Option<String>,
    pub(crate) api_path: Option<String>,
    pub(crate) http_method: Option<String>,
    pub(crate) agent_id: Option<String>,
    pub(crate) confirmation_state: Option<Confirmation>,
    pub(crate) response_state: Option<ResponseState>,
    pub(crate) http_status_code: Option<i64>,
    #[serde(default)]
    pub(crate) response_body: std::collections::BTreeMap<String, ResultBody>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ResultBody {
    pub(crate) body: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Confirmation {
    Confirm,
    Deny,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ResponseState {
    Failure,
    Reprompt,
}

impl InvokeAgent {
    /// Reads and checks a body.
    pub(crate) fn read(body: &[u8]) -> Result<Self, AgentError> {
        let body: &[u8] = if body.is_empty() { b"{}" } else { body };
        let request: Self = serde_json::from_slice(body)
            .map_err(|error| AgentError::invalid(format!("the request body is invalid: {error}")))?;
        request.check()?;
        Ok(request)
    }

    /// The answers to an earlier returnControl, with the id that they answer.
    pub(crate) fn results(&self) -> Option<(&str, &[InvocationResult])> {
        let state = self.session_state.as_ref()?;
        Some((state.invocation_id.as_deref()?, state.return_control_invocation_results.as_deref()?))
    }

    pub(crate) fn ends_session(&self) -> bool {
        self.end_session == Some(true)
    }

    fn check(&self) -> Result<(), AgentError> {
        if let Some(id) = &self.memory_id {
            check_id("memoryId", id)?;
        }
        if self.streaming_configurations.as_ref().and_then(|streaming| streaming.apply_guardrail_interval) == Some(0) {
            return Err(AgentError::invalid("`streamingConfigurations.applyGuardrailInterval` must be at least 1"));
        }
        let state = self.session_state.as_ref();
        if state.and_then(|state| state.files.as_ref()).is_some_and(|files| !files.is_empty()) {
            return Err(AgentError::invalid(
                "`sessionState.files` is not supported by the local agent, which has no code interpreter",
            ));
        }
        let results = state.and_then(|state| state.return_control_invocation_results.as_ref());
        let id = state.and_then(|state| state.invocation_id.as_ref());
        match (id, results) {
            (None, None) => self.check_text(),
            (Some(_), Some(results)) if (1..=5).contains(&results.len()) => Ok(()),
            (Some(_), Some(_)) => Err(AgentError::invalid("`returnControlInvocationResults` must have 1 to 5 results")),
            (None, Some(_)) => {
                Err(AgentError::invalid("`returnControlInvocationResults` needs the `invocationId` that it answers"))
            }
            (Some(_), None) => Err(AgentError::invalid("`invocationId` needs `returnControlInvocationResults`")),
        }
    }

    fn check_text(&self) -> Result<(), AgentError> {
        match &self.input_text {
            Some(text) if text.chars().count() > INPUT_CHARACTERS => {
                Err(AgentError::invalid(format!("`inputText` must have at most {INPUT_CHARACTERS} characters")))
            }
            Some(text) if !text.trim().is_empty() => Ok(()),
            _ if self.ends_session() => Ok(()),
            _ => Err(AgentError::invalid(
                "`inputText` must not be empty, unless results are returned or the session is ended",
            )),
        }
    }
}

/// Session and memory ids: 2 to 100 of `[0-9a-zA-Z._:-]`.
pub(crate) fn check_id(field: &str, id: &str) -> Result<(), AgentError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
    if (2..=100).contains(&id.len()) && id.chars().all(allowed) {
        return Ok(());
    }
    Err(AgentError::invalid(format!("`{field}` must have 2 to 100 letters, digits or `._:-`")))
}
