//! Converts between this crate's messages and the SDK's types.
//!
//! JSON becomes a `Document`, which has integers of its own, so an id of 2^53+1 is preserved in both directions.

use std::collections::HashMap;

use aws_sdk_bedrockruntime::{
    error::BuildError,
    types::{
        ContentBlock, ConversationRole, Message as SdkMessage, ReasoningContentBlock, ReasoningTextBlock,
        StopReason as Stop, Tool, ToolInputSchema, ToolResultBlock, ToolResultContentBlock, ToolResultStatus,
        ToolSpecification, ToolUseBlock,
    },
};
use aws_smithy_types::{Blob, Document, Number, base64};
use serde_json::Value;

use crate::{
    assemble::as_object,
    message::{Block, Message, Role, StopReason, ToolSpec},
    model::{ModelError, ModelErrorKind},
};

pub(super) fn unbuildable(error: BuildError) -> ModelError {
    ModelError::new(ModelErrorKind::Invalid, format!("the request to the model is incomplete: {error}"))
}

pub(super) fn message_to_sdk(message: &Message) -> Result<SdkMessage, ModelError> {
    let role = match message.role {
        Role::User => ConversationRole::User,
        Role::Assistant => ConversationRole::Assistant,
    };
    let content = message.content.iter().filter(|block| is_sent(block)).map(block_to_sdk);
    let content = content.collect::<Result<Vec<_>, _>>()?;
    SdkMessage::builder().role(role).set_content(Some(content)).build().map_err(unbuildable)
}

/// A reasoning block without a signature was extracted from a text. Providers reject it as reasoning.
fn is_sent(block: &Block) -> bool {
    !matches!(block, Block::Reasoning { signature: None, .. })
}

fn block_to_sdk(block: &Block) -> Result<ContentBlock, ModelError> {
    Ok(match block {
        Block::Text(text) => ContentBlock::Text(text.clone()),
        Block::Reasoning { text, signature } => {
            let block = ReasoningTextBlock::builder()
                .text(text)
                .set_signature(signature.clone())
                .build()
                .map_err(unbuildable)?;
            ContentBlock::ReasoningContent(ReasoningContentBlock::ReasoningText(block))
        }
        Block::RedactedReasoning(text) => {
            let bytes = base64::decode(text).unwrap_or_default();
            ContentBlock::ReasoningContent(ReasoningContentBlock::RedactedContent(Blob::new(bytes)))
        }
        Block::ToolUse { id, name, input } => {
            let block = ToolUseBlock::builder()
                .tool_use_id(id)
                .name(name)
                .input(document(&as_object(input)))
                .build()
                .map_err(unbuildable)?;
            ContentBlock::ToolUse(block)
        }
        Block::ToolResult { id, text, error } => {
            let status = if *error { ToolResultStatus::Error } else { ToolResultStatus::Success };
            // Converse rejects an empty text.
            let text = if text.is_empty() { "(no output)" } else { text.as_str() };
            let block = ToolResultBlock::builder()
                .tool_use_id(id)
                .content(ToolResultContentBlock::Text(text.to_owned()))
                .status(status)
                .build()
                .map_err(unbuildable)?;
            ContentBlock::ToolResult(block)
        }
    })
}

pub(super) fn tool_to_sdk(tool: &ToolSpec) -> Result<Tool, ModelError> {
    let description = (!tool.description.is_empty()).then(|| tool.description.clone());
    let spec = ToolSpecification::builder()
        .name(&tool.name)
        .set_description(description)
        .input_schema(ToolInputSchema::Json(document(&tool.input_schema)))
        .build()
        .map_err(unbuildable)?;
    Ok(Tool::ToolSpec(spec))
}

/// The content of a reply that an agent can use. Content of other kinds is dropped.
pub(super) fn content_from_sdk(content: Vec<ContentBlock>) -> Vec<Block> {
    content.into_iter().filter_map(block_from_sdk).collect()
}

fn block_from_sdk(block: ContentBlock) -> Option<Block> {
    match block {
        ContentBlock::Text(text) if !text.is_empty() => Some(Block::Text(text)),
        ContentBlock::ToolUse(call) => {
            Some(Block::ToolUse { id: call.tool_use_id, name: call.name, input: value(&call.input) })
        }
        ContentBlock::ReasoningContent(ReasoningContentBlock::ReasoningText(thought)) => {
            Some(Block::Reasoning { text: thought.text, signature: thought.signature })
        }
        ContentBlock::ReasoningContent(ReasoningContentBlock::RedactedContent(blob)) => {
            Some(Block::RedactedReasoning(base64::encode(blob.as_ref())))
        }
        ContentBlock::CitationsContent(cited) => {
            let parts: Vec<_> = cited.content().iter().filter_map(|part| part.as_text().ok().cloned()).collect();
            (!parts.is_empty()).then(|| Block::Text(parts.concat()))
        }
        other => {
            tracing::warn!(kind = kind_of(&other), "the model sent content that agents cannot use; it is left out");
            None
        }
    }
}

fn kind_of(block: &ContentBlock) -> &'static str {
    match block {
        ContentBlock::Text(_) => "empty text",
        ContentBlock::Image(_) => "image",
        ContentBlock::Document(_) => "document",
        ContentBlock::Audio(_) => "audio",
        ContentBlock::Video(_) => "video",
        _ => "other",
    }
}

pub(super) fn stop_from_sdk(stop: &Stop) -> StopReason {
    match stop {
        Stop::EndTurn | Stop::StopSequence => StopReason::EndTurn,
        Stop::ToolUse => StopReason::ToolUse,
        Stop::MaxTokens => StopReason::MaxTokens,
        Stop::GuardrailIntervened | Stop::ContentFiltered => StopReason::Guardrail,
        Stop::ModelContextWindowExceeded => StopReason::ContextFull,
        Stop::MalformedModelOutput | Stop::MalformedToolUse => StopReason::Malformed,
        other => StopReason::Other(other.as_str().to_owned()),
    }
}

/// Converts JSON to the SDK's document.
pub(super) fn document(value: &Value) -> Document {
    match value {
        Value::Null => Document::Null,
        Value::Bool(flag) => Document::Bool(*flag),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => Number::PosInt(whole),
            (None, Some(whole)) => Number::NegInt(whole),
            (None, None) => Number::Float(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Document::String(text.clone()),
        Value::Array(items) => Document::Array(items.iter().map(document).collect()),
        Value::Object(fields) => Document::Object(
            fields.iter().map(|(name, value)| (name.clone(), document(value))).collect::<HashMap<_, _>>(),
        ),
    }
}

/// Converts the SDK's document to JSON.
pub(super) fn value(document: &Document) -> Value {
    match document {
        Document::Null => Value::Null,
        Document::Bool(flag) => Value::Bool(*flag),
        Document::Number(Number::PosInt(whole)) => Value::from(*whole),
        Document::Number(Number::NegInt(whole)) => Value::from(*whole),
        Document::Number(Number::Float(number)) => Value::from(*number),
        Document::String(text) => Value::String(text.clone()),
        Document::Array(items) => items.iter().map(value).collect(),
        Document::Object(fields) => fields.iter().map(|(name, item)| (name.clone(), value(item))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_filter("JSON has no NaN", |number| number.is_finite()).prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,6}", inner, 0..4).prop_map(|fields| fields.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_crosses_unchanged(given in json()) {
            prop_assert_eq!(value(&document(&given)), given);
        }
    }
}
