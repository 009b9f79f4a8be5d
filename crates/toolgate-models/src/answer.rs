//! Detects which of a model's text is its final answer, while the text is being generated.
//!
//! A stream does not mark a text as the answer or as text before a tool call; that is only known at its end. The
//! service's own prompts therefore make the model put its answer between `<answer>` tags. This crate does the same when
//! an answer is to be streamed:
//!
//! - the prompt requires the tags → the text between them is the answer, and is streamed as it is generated
//! - no tags, and no tools → every text is the answer
//! - no tags, but tools → nothing is sent before the reply is complete
//!
//! If a model ignores the tags, its answer is sent as a whole at the end.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::message::{Block, ModelReply, ModelRequest};

const OPEN: &str = "<answer>";
const CLOSE: &str = "</answer>";
const THINK: &str = "<thinking>";
const THOUGHT: &str = "</thinking>";

/// The text in a system prompt that makes an answer streamable.
pub(super) const HINT: &str = "When you give the final answer, put it between <answer> and </answer>, and write nothing after it. \
     Write no <answer> in a turn in which you call a tool.";

/// How the answer of a request is distinguished from other text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It stands between tags.
    Marked,
    /// Every text belongs to it.
    All,
    /// It is not known before the end.
    Held,
}

impl Mode {
    pub(super) fn of(request: &ModelRequest<'_>) -> Self {
        if request.system.contains(OPEN) {
            Self::Marked
        } else if request.tools.is_empty() {
            Self::All
        } else {
            Self::Held
        }
    }
}

/// Receives the answer while it is generated.
pub type Write<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// The only output for streamed text. It records whether any text has been sent.
pub(super) struct StreamWriter<'a> {
    write: Option<Write<'a>>,
    used: AtomicBool,
}

impl<'a> StreamWriter<'a> {
    pub(super) fn new(write: Option<Write<'a>>) -> Self {
        Self { write, used: AtomicBool::new(false) }
    }

    /// Whether text has been sent. The model must then not be called again.
    pub(super) fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    fn send(&self, text: &str) {
        if let (Some(write), false) = (self.write, text.is_empty()) {
            self.used.store(true, Ordering::Relaxed);
            write(text);
        }
    }
}

/// Passes on the text of the answer and drops everything else.
pub(super) struct Filter<'a> {
    mode: Mode,
    writer: &'a StreamWriter<'a>,
    /// Text that may not belong to the answer: a part of a tag, or whitespace that may be its end.
    held: String,
    state: TagState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TagState {
    Before,
    /// The tag is open, and only whitespace has followed.
    Opened,
    Inside,
    After,
}

impl<'a> Filter<'a> {
    pub(super) fn new(mode: Mode, writer: &'a StreamWriter<'a>) -> Self {
        Self { mode, writer, held: String::new(), state: TagState::Before }
    }

    pub(super) fn push(&mut self, text: &str) {
        match self.mode {
            Mode::All => self.writer.send(text),
            Mode::Held => {}
            Mode::Marked => {
                self.held.push_str(text);
                self.advance();
            }
        }
    }

    fn advance(&mut self) {
        if self.state == TagState::Before {
            let Some(at) = self.held.find(OPEN) else {
                keep_last(&mut self.held, OPEN.len());
                return;
            };
            self.held.drain(..at + OPEN.len());
            self.state = TagState::Opened;
        }
        if self.state == TagState::Opened {
            let blanks = self.held.len() - self.held.trim_start().len();
            self.held.drain(..blanks);
            if self.held.is_empty() {
                return;
            }
            self.state = TagState::Inside;
        }
        if self.state == TagState::Inside {
            if let Some(at) = self.held.find(CLOSE) {
                self.writer.send(self.held.get(..at).unwrap_or_default().trim_end());
                self.held.clear();
                self.state = TagState::After;
                return;
            }
            let safe = self.held.len() - tail_of(&self.held, CLOSE);
            let safe = self.held.get(..safe).unwrap_or_default().trim_end().len();
            let out: String = self.held.drain(..safe).collect();
            self.writer.send(&out);
        }
    }
}

/// The length of the longest suffix of a text that may be the beginning of a tag.
fn tail_of(text: &str, tag: &str) -> usize {
    (1..tag.len()).rev().find(|length| tag.get(..*length).is_some_and(|start| text.ends_with(start))).unwrap_or(0)
}

/// Keeps only the last bytes, cut at a character boundary.
fn keep_last(text: &mut String, bytes: usize) {
    let mut start = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    text.drain(..start);
}

/// Removes the tags from a complete reply: thoughts become reasoning blocks, the answer becomes the text.
pub(super) fn settle(mut reply: ModelReply, mode: Mode) -> ModelReply {
    if mode != Mode::Marked {
        return reply;
    }
    let calls = reply.content.iter().any(|block| matches!(block, Block::ToolUse { .. }));
    if calls {
        for block in &mut reply.content {
            if let Block::Text(text) = block {
                for tag in [OPEN, CLOSE, THINK, THOUGHT] {
                    *text = text.replace(tag, "");
                }
                *text = text.trim().to_owned();
            }
        }
        reply.content.retain(|block| !matches!(block, Block::Text(text) if text.is_empty()));
        return reply;
    }
    let mut whole = String::new();
    reply.content.retain(|block| {
        if let Block::Text(text) = block {
            whole.push_str(text);
        }
        !matches!(block, Block::Text(_))
    });
    let (thought, answer) = parts(&whole);
    if !thought.is_empty() {
        reply.content.push(Block::Reasoning { text: thought, signature: None });
    }
    if !answer.is_empty() {
        reply.content.push(Block::Text(answer));
    }
    reply
}

/// Splits a text into reasoning and answer.
fn parts(text: &str) -> (String, String) {
    if let Some((before, rest)) = text.split_once(OPEN) {
        let answer = rest.split_once(CLOSE).map_or(rest, |(answer, _)| answer);
        return (before.replace(THINK, "").replace(THOUGHT, "").trim().to_owned(), answer.trim().to_owned());
    }
    match text.split_once(THINK).map(|(before, rest)| (before, rest.split_once(THOUGHT))) {
        Some((before, Some((thought, after)))) => {
            (thought.trim().to_owned(), format!("{before}{after}").trim().to_owned())
        }
        _ => (String::new(), text.trim().to_owned()),
    }
}
