//! Assembles a reply from the parts of a stream, for every provider.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use crate::{
    answer::{self, Filter, Mode, StreamWriter},
    message::{Block, ModelReply, StopReason, Usage},
    model::ModelErrorKind,
    retry::{AttemptError, RetryAfter},
};

/// A part of a reply. Parts with the same index belong to one block, and the index orders the blocks.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Text(i32, String),
    Thought(i32, String),
    Signature(i32, String),
    Redacted(i32, Vec<u8>),
    /// The start of a call.
    Call(i32, String, String),
    /// A piece of the JSON text of a call's arguments.
    Input(i32, String),
    Stop(StopReason),
    Usage(Usage),
}

#[derive(Debug)]
enum Draft {
    Text(String),
    Thought { text: String, signature: Option<String> },
    Redacted(Vec<u8>),
    Call { id: String, name: String, input: String },
}

/// A reply that is still incomplete.
pub(super) struct Assembler<'a> {
    drafts: BTreeMap<i32, Draft>,
    stop: Option<StopReason>,
    usage: Usage,
    filter: Filter<'a>,
    mode: Mode,
}

impl<'a> Assembler<'a> {
    pub(super) fn new(mode: Mode, writer: &'a StreamWriter<'a>) -> Self {
        let filter = Filter::new(mode, writer);
        Self { drafts: BTreeMap::new(), stop: None, usage: Usage::default(), filter, mode }
    }

    pub(super) fn push(&mut self, part: Part) {
        match part {
            Part::Text(at, more) => {
                self.filter.push(&more);
                if let Draft::Text(text) = self.drafts.entry(at).or_insert(Draft::Text(String::new())) {
                    text.push_str(&more);
                }
            }
            Part::Thought(at, more) => {
                if let Draft::Thought { text, .. } = self.thought(at) {
                    text.push_str(&more);
                }
            }
            Part::Signature(at, more) => {
                if let Draft::Thought { signature, .. } = self.thought(at) {
                    signature.get_or_insert_default().push_str(&more);
                }
            }
            Part::Redacted(at, more) => {
                if let Draft::Redacted(bytes) = self.drafts.entry(at).or_insert(Draft::Redacted(Vec::new())) {
                    bytes.extend(more);
                }
            }
            Part::Call(at, id, name) => {
                self.drafts.entry(at).or_insert(Draft::Call { id, name, input: String::new() });
            }
            Part::Input(at, more) => {
                if let Some(Draft::Call { input, .. }) = self.drafts.get_mut(&at) {
                    input.push_str(&more);
                }
            }
            Part::Stop(stop) => self.stop = Some(stop),
            Part::Usage(usage) => self.usage = usage,
        }
    }

    fn thought(&mut self, at: i32) -> &mut Draft {
        self.drafts.entry(at).or_insert(Draft::Thought { text: String::new(), signature: None })
    }

    /// The whole reply. If the stream ended without a stop reason, the reply was cut off.
    pub(super) fn finish(self, model: &str) -> Result<ModelReply, AttemptError> {
        let Some(stop) = self.stop else {
            let message = format!("the answer of model `{model}` was cut off on its way");
            return Err(AttemptError::new(ModelErrorKind::Unavailable, message, RetryAfter::Soon));
        };
        let content = self.drafts.into_values().filter_map(Draft::into_block).collect();
        Ok(answer::settle(ModelReply { content, stop, usage: self.usage }, self.mode))
    }
}

impl Draft {
    fn into_block(self) -> Option<Block> {
        match self {
            Self::Text(text) => (!text.is_empty()).then_some(Block::Text(text)),
            Self::Thought { text, signature } => Some(Block::Reasoning { text, signature }),
            Self::Redacted(bytes) => Some(Block::RedactedReasoning(STANDARD.encode(bytes))),
            Self::Call { id, name, input } => Some(Block::ToolUse { id, name, input: arguments(&input) }),
        }
    }
}

/// The arguments of a call. Text that is not valid JSON is kept as text. The agent loop rejects it and sends the model
/// an error.
pub(super) fn arguments(text: &str) -> Value {
    if text.trim().is_empty() {
        return Value::Object(Map::new());
    }
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// The arguments of a call in a history. Providers require an object, even if the model sent no arguments.
pub(super) fn as_object(input: &Value) -> Value {
    match input {
        Value::Object(_) => input.clone(),
        other => Value::Object(Map::from_iter([("unreadable".to_owned(), other.clone())])),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::answer::Write;

    fn block() -> impl Strategy<Value = Block> {
        let input = prop::collection::btree_map("[a-z]{1,4}", "[ -~äö✓]{0,6}", 0..3).prop_map(|fields| json!(fields));
        prop_oneof![
            "(<answer>|</answer>|<thinking>|</thinking>|<ans|[ -~äö✓\n]){1,12}".prop_map(Block::Text),
            ("[ -~ä]{1,9}", prop::option::of("[a-z]{1,9}"))
                .prop_map(|(text, signature)| Block::Reasoning { text, signature }),
            prop::collection::vec(any::<u8>(), 1..9).prop_map(|bytes| Block::RedactedReasoning(STANDARD.encode(bytes))),
            ("[a-z]{1,4}", "[a-z_]{1,4}", input).prop_map(|(id, name, input)| Block::ToolUse { id, name, input }),
        ]
    }

    fn mode() -> impl Strategy<Value = Mode> {
        prop_oneof![Just(Mode::Marked), Just(Mode::All), Just(Mode::Held)]
    }

    /// Splits a text into pieces, at any character.
    fn cut(text: &str, cuts: &[bool]) -> Vec<String> {
        let mut pieces = vec![String::new()];
        for (character, cut) in text.chars().zip(cuts.iter().cycle()) {
            if *cut {
                pieces.push(String::new());
            }
            pieces.last_mut().unwrap().push(character);
        }
        pieces
    }

    fn deltas(at: i32, block: &Block, cuts: &[bool]) -> Vec<Part> {
        match block {
            Block::Text(text) => cut(text, cuts).into_iter().map(|piece| Part::Text(at, piece)).collect(),
            Block::Reasoning { text, signature } => {
                let thought = cut(text, cuts).into_iter().map(|piece| Part::Thought(at, piece));
                let signature = signature.iter().flat_map(|text| cut(text, cuts));
                thought.chain(signature.map(|piece| Part::Signature(at, piece))).collect()
            }
            Block::RedactedReasoning(text) => {
                STANDARD.decode(text).unwrap().chunks(2).map(|bytes| Part::Redacted(at, bytes.to_vec())).collect()
            }
            Block::ToolUse { id, name, input } => {
                let input = cut(&input.to_string(), cuts).into_iter().map(|piece| Part::Input(at, piece));
                std::iter::once(Part::Call(at, id.clone(), name.clone())).chain(input).collect()
            }
            Block::ToolResult { .. } => Vec::new(),
        }
    }

    proptest! {
        #[test]
        fn a_streamed_reply_is_the_whole_one_however_it_is_cut(
            blocks in prop::collection::vec(block(), 0..5),
            cuts in prop::collection::vec(any::<bool>(), 1..9),
            mode in mode(),
        ) {
            let usage = Usage { input_tokens: 8, output_tokens: 2 };
            let whole = ModelReply { content: blocks.clone(), stop: StopReason::EndTurn, usage };
            let whole = answer::settle(whole, mode);

            let streamed_text = Mutex::new(String::new());
            let write: Write<'_> = &|words| streamed_text.lock().unwrap().push_str(words);
            let writer = StreamWriter::new(Some(write));
            let mut reply = Assembler::new(mode, &writer);
            for (at, block) in blocks.iter().enumerate() {
                deltas(i32::try_from(at).unwrap(), block, &cuts).into_iter().for_each(|part| reply.push(part));
            }
            reply.push(Part::Stop(StopReason::EndTurn));
            reply.push(Part::Usage(usage));
            let streamed = reply.finish("m").unwrap();
            prop_assert_eq!(&streamed, &whole);

            let streamed_text = streamed_text.into_inner().unwrap();
            let calls = blocks.iter().any(|block| matches!(block, Block::ToolUse { .. }));
            let answer: String = whole.content.iter().filter_map(|block| match block {
                Block::Text(text) => Some(text.as_str()),
                _ => None,
            }).collect();
            if !calls {
                prop_assert!(answer.starts_with(&streamed_text), "{:?} is not the start of {:?}", streamed_text, answer);
            }
            if mode == Mode::Held {
                prop_assert_eq!(&streamed_text, "");
            }
        }

        #[test]
        fn an_answer_between_tags_is_streamed_to_its_end(
            answer in "[a-zä][a-zä <\n]{0,30}[a-z>]",
            cuts in prop::collection::vec(any::<bool>(), 1..9),
        ) {
            let streamed_text = Mutex::new(String::new());
            let write: Write<'_> = &|words| streamed_text.lock().unwrap().push_str(words);
            let writer = StreamWriter::new(Some(write));
            let mut reply = Assembler::new(Mode::Marked, &writer);
            for piece in cut(&format!("I see. <answer>\n{answer}\n</answer>\n"), &cuts) {
                reply.push(Part::Text(0, piece));
            }
            prop_assert_eq!(streamed_text.into_inner().unwrap(), answer);
        }
    }
}
