//! The request of Converse and ConverseStream. Both use the same one, so it is built once for all attempts.

use aws_sdk_bedrockruntime::{
    operation::{converse::builders::ConverseFluentBuilder, converse_stream::builders::ConverseStreamFluentBuilder},
    types::{InferenceConfiguration, Message, SystemContentBlock, ToolConfiguration},
};
use aws_smithy_types::Document;
use serde_json::json;

use super::convert;
use crate::{
    message::{Inference, ModelRequest},
    model::ModelError,
};

#[derive(Debug, Clone)]
pub(super) struct Parts {
    messages: Vec<Message>,
    system: Option<Vec<SystemContentBlock>>,
    tools: Option<ToolConfiguration>,
    inference: Option<InferenceConfiguration>,
    more: Option<Document>,
}

impl Parts {
    pub(super) fn of(request: &ModelRequest<'_>, id: &str) -> Result<Self, ModelError> {
        let messages = request.messages.iter().map(convert::message_to_sdk).collect::<Result<Vec<_>, _>>()?;
        let tools = match request.tools {
            [] => None,
            tools => {
                let tools = tools.iter().map(convert::tool_to_sdk).collect::<Result<Vec<_>, _>>()?;
                Some(ToolConfiguration::builder().set_tools(Some(tools)).build().map_err(convert::unbuildable)?)
            }
        };
        let system = (!request.system.is_empty()).then(|| vec![SystemContentBlock::Text(request.system.to_owned())]);
        Ok(Self { messages, system, tools, inference: inference(request.inference), more: more(request.inference, id) })
    }

    pub(super) fn converse(self, call: ConverseFluentBuilder) -> ConverseFluentBuilder {
        call.set_messages(Some(self.messages))
            .set_system(self.system)
            .set_tool_config(self.tools)
            .set_inference_config(self.inference)
            .set_additional_model_request_fields(self.more)
    }

    pub(super) fn converse_stream(self, call: ConverseStreamFluentBuilder) -> ConverseStreamFluentBuilder {
        call.set_messages(Some(self.messages))
            .set_system(self.system)
            .set_tool_config(self.tools)
            .set_inference_config(self.inference)
            .set_additional_model_request_fields(self.more)
    }
}

fn inference(given: &Inference) -> Option<InferenceConfiguration> {
    let stop = &given.stop_sequences;
    if given.max_tokens.is_none() && given.temperature.is_none() && given.top_p.is_none() && stop.is_empty() {
        return None;
    }
    let configuration = InferenceConfiguration::builder()
        .set_max_tokens(given.max_tokens.and_then(|most| most.try_into().ok()))
        .set_temperature(given.temperature.map(narrow))
        .set_top_p(given.top_p.map(narrow))
        .set_stop_sequences((!stop.is_empty()).then(|| stop.clone()));
    Some(configuration.build())
}

/// Converse has no field for this setting. Anthropic's models accept it in the additional fields.
fn more(given: &Inference, id: &str) -> Option<Document> {
    let top_k = given.top_k.filter(|_| id.contains("anthropic."))?;
    Some(convert::document(&json!({"top_k": top_k})))
}

#[allow(clippy::cast_possible_truncation, reason = "from 0 to 1, and the SDK takes no other type")]
fn narrow(number: f64) -> f32 {
    number as f32
}
