//! `streamFinalResponse`: the answer goes out in pieces, while the model writes it where the model can be read along.
//!
//! A piece has at least as many characters as the caller asks for and ends after a blank; the last one is what is left.

use super::{lock, sink::Event, turn::Turn};

/// Where the prompt does not ask for the tags already.
pub(crate) fn ask_for_tags(system: &mut String, hint: &str) {
    if !system.contains("<answer>") {
        system.push_str("\n\n");
        system.push_str(hint);
    }
}

impl Turn {
    /// A model turn begins, of which nothing is out.
    pub(crate) fn begin_answer(&self) {
        let mut streamed = lock(&self.streamed);
        streamed.earlier |= !streamed.current.is_empty();
        streamed.current.clear();
    }

    /// Words of the answer, as the model writes them.
    pub(crate) fn write(&self, words: &str) {
        let Some(length) = self.pieces() else { return };
        let mut streamed = lock(&self.streamed);
        streamed.add(words);
        while let Some(piece) = streamed.piece(length) {
            self.sink.emit(Event::Chunk(piece));
        }
    }

    /// What is left of the answer once it is whole.
    pub(crate) fn send_rest(&self, text: &str) {
        let mut streamed = lock(&self.streamed);
        let rest = match text.strip_prefix(streamed.current.as_str()) {
            Some(rest) => rest.to_owned(),
            // A guardrail has replaced what was being written.
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
        // An empty answer is an answer, too.
        if !last.is_empty() || text.is_empty() {
            self.sink.emit(Event::Chunk(last));
        }
    }
}
