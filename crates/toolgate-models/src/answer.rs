//! Which of a model's words are its final answer, known while they are being written.
//!
//! A stream does not say whether a text is the answer or what a model says before it calls a tool; that shows only at
//! its end. The service's own prompts therefore have the model put its answer between `<answer>` tags, and so does this
//! crate when an answer is to be streamed:
//!
//! - the prompt asks for the tags → what stands between them is the answer, and goes out as it is written
//! - no tags, and no tool on offer → every text is the answer
//! - no tags, but tools → nothing goes out before the reply is complete
//!
//! A model that ignores the tags still answers, only all at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::message::{Block, ModelReply, ModelRequest};

const OPEN: &str = "<answer>";
const CLOSE: &str = "</answer>";
const THINK: &str = "<thinking>";
const THOUGHT: &str = "</thinking>";

/// What a system prompt says so that an answer can be streamed.
pub(super) const HINT: &str = "When you give the final answer, put it between <answer> and </answer>, and write nothing after it. \
     Write no <answer> in a turn in which you call a tool.";

/// How the answer of a request is told from other words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It stands between tags.
    Marked,
    /// It is all there is.
    All,
    /// It cannot be told before the end.
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

/// Who is told the answer while it is written.
pub(super) type Write<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// The one place where words leave; it remembers whether any have.
pub(super) struct Outlet<'a> {
    write: Option<Write<'a>>,
    used: AtomicBool,
}

impl<'a> Outlet<'a> {
    pub(super) fn new(write: Option<Write<'a>>) -> Self {
        Self { write, used: AtomicBool::new(false) }
    }

    /// Whether words are out, so that the model must not begin again.
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

/// Lets the words of the answer through, and nothing else.
pub(super) struct Filter<'a> {
    mode: Mode,
    outlet: &'a Outlet<'a>,
    /// Not yet known to belong to the answer: a part of a tag, or blanks that may be its end.
    held: String,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    /// The tag is open, and only blanks have come.
    Opened,
    Inside,
    After,
}

impl<'a> Filter<'a> {
    pub(super) fn new(mode: Mode, outlet: &'a Outlet<'a>) -> Self {
        Self { mode, outlet, held: String::new(), place: Place::Before }
    }

    pub(super) fn push(&mut self, text: &str) {
        match self.mode {
            Mode::All => self.outlet.send(text),
            Mode::Held => {}
            Mode::Marked => {
                self.held.push_str(text);
                self.advance();
            }
        }
    }

    fn advance(&mut self) {
        if self.place == Place::Before {
            let Some(at) = self.held.find(OPEN) else {
                keep_last(&mut self.held, OPEN.len());
                return;
            };
            self.held.drain(..at + OPEN.len());
            self.place = Place::Opened;
        }
        if self.place == Place::Opened {
            let blanks = self.held.len() - self.held.trim_start().len();
            self.held.drain(..blanks);
            if self.held.is_empty() {
                return;
            }
            self.place = Place::Inside;
        }
        if self.place == Place::Inside {
            if let Some(at) = self.held.find(CLOSE) {
                self.outlet.send(self.held.get(..at).unwrap_or_default().trim_end());
                self.held.clear();
                self.place = Place::After;
                return;
            }
            let safe = self.held.len() - tail_of(&self.held, CLOSE);
            let safe = self.held.get(..safe).unwrap_or_default().trim_end().len();
            let out: String = self.held.drain(..safe).collect();
            self.outlet.send(&out);
        }
    }
}

/// The length of the longest end of a text that may be the beginning of a tag.
fn tail_of(text: &str, tag: &str) -> usize {
    (1..tag.len()).rev().find(|length| tag.get(..*length).is_some_and(|start| text.ends_with(start))).unwrap_or(0)
}

/// Forgets all but the last bytes, at a character's boundary.
fn keep_last(text: &mut String, bytes: usize) {
    let mut start = text.len().saturating_sub(bytes);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    text.drain(..start);
}

/// Takes the tags out of a complete reply: thoughts become thoughts, the answer becomes the text.
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

/// What was thought, and what is the answer.
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
