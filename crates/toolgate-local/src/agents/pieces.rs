//! A streamed answer in pieces: which part is out, and where the next piece ends.

/// What of the answer is out already.
#[derive(Debug, Default)]
pub(crate) struct Streamed {
    /// The words of this model turn.
    pub(crate) current: String,
    /// Not yet enough for a piece.
    pub(crate) pending: String,
    /// A model turn before this one gave out words, and then called tools after all.
    pub(crate) earlier: bool,
}

impl Streamed {
    pub(crate) fn add(&mut self, words: &str) {
        if self.current.is_empty() && std::mem::take(&mut self.earlier) {
            self.pending.push_str("\n\n");
        }
        self.current.push_str(words);
        self.pending.push_str(words);
    }

    /// The next piece, if there is enough for one and more is there already.
    pub(crate) fn piece(&mut self, length: usize) -> Option<String> {
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
