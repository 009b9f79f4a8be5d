//! The body of InvokeAgent, validated against the limits that the service has and the SDKs do not check.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{attributes::Attributes, error::AgentError, shapes};
use crate::http::service_model::Problems;

/// A request body. Members that the local agent does not use are validated and then ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct InvokeAgent {
    pub(crate) input_text: Option<String>,
    pub(crate) enable_trace: Option<bool>,
    pub(crate) end_session: Option<bool>,
    pub(crate) memory_id: Option<String>,
    pub(crate) session_state: Option<SessionState>,
    pub(crate) streaming_configurations: Option<Streaming>,
    pub(crate) prompt_creation_configurations: Option<PromptCreation>,
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
    pub(crate) knowledge_base_configurations: Option<Vec<SearchConfiguration>>,
}

/// How one knowledge base is to be searched.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchConfiguration {
    pub(crate) knowledge_base_id: String,
    pub(crate) retrieval_configuration: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Streaming {
    pub(crate) stream_final_response: Option<bool>,
    pub(crate) apply_guardrail_interval: Option<usize>,
}

/// Limits on the part of earlier turns that the model gets.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PromptCreation {
    pub(crate) previous_conversation_turns_to_include: Option<usize>,
    pub(crate) exclude_previous_thinking_steps: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ConversationHistory {
    pub(crate) messages: Option<Vec<HistoryMessage>>,
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
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum InvocationResult {
    FunctionResult(ResultFields),
    ApiResult(ResultFields),
}

/// The members of `functionResult` and `apiResult`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResultFields {
    pub(crate) action_group: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) function: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) agent_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) confirmation_state: Option<Confirmation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_state: Option<ResponseState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http_status_code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_body: Option<BTreeMap<String, ResultBody>>,
}

impl InvocationResult {
    pub(crate) fn fields(&self) -> &ResultFields {
        let (Self::FunctionResult(fields) | Self::ApiResult(fields)) = self;
        fields
    }
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct ResultBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Confirmation {
    Confirm,
    Deny,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ResponseState {
    Failure,
    Reprompt,
}

impl InvokeAgent {
    /// Parses a body and adds the problems of its shape to the problems of the request.
    ///
    /// # Errors
    /// A validation error: all problems of the shape, or the first rule that the members break in combination.
    pub(crate) fn read(body: &[u8], mut problems: Problems) -> Result<Self, AgentError> {
        let body: &[u8] = if body.trim_ascii().is_empty() { b"{}" } else { body };
        let mut value: Value = serde_json::from_slice(body)
            .map_err(|error| AgentError::invalid(format!("the request body is not valid JSON: {error}")))?;
        if !value.is_object() {
            return Err(AgentError::invalid("the request body must be a JSON object"));
        }
        problems.check("", &value, &shapes::INVOKE_AGENT);
        problems.finish()?;
        shapes::INVOKE_AGENT.keep(&mut value);
        let request: Self = serde_json::from_value(value)
            .map_err(|error| AgentError::invalid(format!("the request body is invalid: {error}")))?;
        request.check()?;
        Ok(request)
    }

    /// The answers to an earlier returnControl, with the id of its invocation.
    pub(crate) fn results(&self) -> Option<(&str, &[InvocationResult])> {
        let state = self.session_state.as_ref()?;
        Some((state.invocation_id.as_deref()?, state.return_control_invocation_results.as_deref()?))
    }

    pub(crate) fn ends_session(&self) -> bool {
        self.end_session == Some(true)
    }

    /// The rules that a shape cannot express.
    fn check(&self) -> Result<(), AgentError> {
        let state = self.session_state.as_ref();
        if state.and_then(|state| state.files.as_ref()).is_some_and(|files| !files.is_empty()) {
            return Err(AgentError::invalid(
                "`sessionState.files` is not supported by the local agent, which has no code interpreter",
            ));
        }
        let results = state.and_then(|state| state.return_control_invocation_results.as_ref());
        let id = state.and_then(|state| state.invocation_id.as_ref());
        match (id, results) {
            (Some(_), Some(_)) => Ok(()),
            (None, Some(_)) => {
                Err(AgentError::invalid("`returnControlInvocationResults` needs the `invocationId` that it answers"))
            }
            (Some(_), None) => Err(AgentError::invalid("`invocationId` needs `returnControlInvocationResults`")),
            (None, None) if self.ends_session() => Ok(()),
            (None, None) if self.input_text.as_ref().is_some_and(|text| !text.trim().is_empty()) => Ok(()),
            (None, None) => Err(AgentError::invalid(
                "`inputText` must not be empty, unless results are returned or the session is ended",
            )),
        }
    }
}
