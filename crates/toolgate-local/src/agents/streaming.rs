//! `streamFinalResponse`: sends the answer in pieces while the model generates it, if the model supports streaming.
//!
//! A piece has at least the number of characters that the caller asks for, and ends after whitespace. The last piece is
//! the remainder.

use super::{lookup, sink::Event, turn::Turn};
use crate::sync::lock;

/// Where the prompt does not ask for the tags already.
pub(crate) fn ask_for_tags(system: &mut String, hint: &str) {
    if !system.contains("<answer>") {
        system.push_str("\n\n");
        system.push_str(hint);
    }
}

impl Turn {
    /// Starts the answer of a new model turn, of which nothing has been sent yet.
    pub(crate) fn begin_answer(&self) {
        let mut streamed = lock(&self.streamed);
        streamed.earlier |= !streamed.current.is_empty();
        streamed.current.clear();
    }

    /// Sends words of the answer as the model generates them.
    pub(crate) fn write(&self, words: &str) {
        let Some(length) = self.pieces() else { return };
        let mut streamed = lock(&self.streamed);
        streamed.add(words);
        while let Some(piece) = streamed.piece(length) {
            self.sink.emit(Event::Chunk(piece));
        }
    }

    /// Sends the remainder after the answer is complete.
    pub(crate) fn send_rest(&self, text: &str) {
        let mut streamed = lock(&self.streamed);
        let rest = match text.strip_prefix(streamed.current.as_str()) {
            Some(rest) => rest.to_owned(),
            // A guardrail has replaced the text that was streamed.
            None => format!("\n\n{text}"),
        };
        if !rest.is_empty() {
            streamed.add(&rest);
        }
        if let Some(length) = self.pieces() {
            while let Some(piece) = streamed.piece(length) {
                self.sink.emit(Event::Chunk(piece));
            }
        }
        let last = std::mem::take(&mut streamed.pending);
        match lookup::attribution(text, &lock(&self.references)) {
            Some(citations) => self.sink.emit(Event::Cited(last, citations)),
            // An empty answer still needs one chunk.
            None if !last.is_empty() || text.is_empty() => self.sink.emit(Event::Chunk(last)),
            None => {}
        }
    }
}
