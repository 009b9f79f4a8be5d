//! `streamFinalResponse`: the answer goes out in pieces, while the model writes it where the model can be read along.
//!
//! A piece has at least as many characters as the caller asks for and ends after a blank; the last one is what is left.

use super::{lock, sink::Event, turn::Turn};

/// What of the answer is out already.
#[derive(Debug, Default)]
pub(crate) struct Streamed {
    /// The words of this model turn.
    current: String,
    /// Not yet enough for a piece.
    pending: String,
    /// A model turn before this one gave out words, and then called tools after all.
    earlier: bool,
}

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

impl Streamed {
    fn add(&mut self, words: &str) {
        if self.current.is_empty() && std::mem::take(&mut self.earlier) {
            self.pending.push_str("\n\n");
        }
        self.current.push_str(words);
        self.pending.push_str(words);
    }

    /// The next piece, if there is enough for one and more is there already.
    fn piece(&mut self, length: usize) -> Option<String> {
        let mut characters = 0;
        let mut end = 0;
        for word in self.pending.split_inclusive(char::is_whitespace) {
            characters += word.chars().count();
            end += word.len();
            if characters >= length && end < self.pending.len() {
                return Some(self.pending.drain(..end).collect());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_are_long_enough_and_say_what_was_said(words in prop::collection::vec("[a-zü ]{0,12}", 0..30), length in 1_usize..20) {
            let mut streamed = Streamed::default();
            let mut pieces = Vec::new();
            for word in &words {
                streamed.add(word);
                while let Some(piece) = streamed.piece(length) {
                    prop_assert!(piece.chars().count() >= length && piece.ends_with(' '));
                    pieces.push(piece);
                }
            }
            prop_assert_eq!(pieces.concat() + &streamed.pending, words.concat());
        }
    }
}
