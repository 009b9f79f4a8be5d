//! ConverseStream: the answer is streamed, and the reply equals that of Converse.

use aws_sdk_bedrockruntime::types::{
    ContentBlockDelta, ContentBlockStart, ConverseStreamOutput as Event, ReasoningContentBlockDelta as Thought,
};

use super::{BedrockModel, convert, failure, request::Parts, usage};
use crate::{
    answer::{Mode, StreamWriter},
    assemble::{Assembler, Part},
    message::ModelReply,
    retry::AttemptError,
};

pub(super) async fn answer(
    model: &BedrockModel,
    parts: Parts,
    id: &str,
    mode: Mode,
    writer: &StreamWriter<'_>,
) -> Result<ModelReply, AttemptError> {
    let idle_timeout = model.retry_policy.idle_timeout;
    let timed_out = |_| AttemptError::timed_out(id, idle_timeout);
    let call = parts.converse_stream(model.client.converse_stream().model_id(id));
    let sent = tokio::time::timeout(idle_timeout, call.customize().config_override(model.settings()).send()).await;
    let mut output = sent.map_err(timed_out)?.map_err(|error| failure::explain(&error, id))?;
    let mut reply = Assembler::new(mode, writer);
    loop {
        let event = tokio::time::timeout(idle_timeout, output.stream.recv()).await.map_err(timed_out)?;
        match event.map_err(|error| failure::explain_event(&error, id))? {
            Some(event) => parts_of(event).for_each(|part| reply.push(part)),
            None => return reply.finish(id),
        }
    }
}

fn parts_of(event: Event) -> impl Iterator<Item = Part> {
    let part = match event {
        Event::ContentBlockStart(block) => match block.start {
            Some(ContentBlockStart::ToolUse(call)) => {
                Some(Part::Call(block.content_block_index, call.tool_use_id, call.name))
            }
            _ => None,
        },
        Event::ContentBlockDelta(block) => {
            let at = block.content_block_index;
            match block.delta {
                Some(ContentBlockDelta::Text(text)) => Some(Part::Text(at, text)),
                Some(ContentBlockDelta::ToolUse(call)) => Some(Part::Input(at, call.input)),
                Some(ContentBlockDelta::ReasoningContent(Thought::Text(text))) => Some(Part::Thought(at, text)),
                Some(ContentBlockDelta::ReasoningContent(Thought::Signature(text))) => Some(Part::Signature(at, text)),
                Some(ContentBlockDelta::ReasoningContent(Thought::RedactedContent(blob))) => {
                    Some(Part::Redacted(at, blob.into_inner()))
                }
                // Citations repeat the text. Images and results of the provider's own tools are not for agents.
                _ => None,
            }
        }
        Event::MessageStop(stop) => Some(Part::Stop(convert::stop_from_sdk(&stop.stop_reason))),
        Event::Metadata(metadata) => Some(Part::Usage(usage(metadata.usage.as_ref()))),
        _ => None,
    };
    part.into_iter()
}
