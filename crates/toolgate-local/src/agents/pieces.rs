//! A streamed answer in pieces: how much has been sent, and where the next piece ends.

/// The part of the answer that has been sent.
#[derive(Debug, Default)]
pub(crate) struct Streamed {
    /// The text of this model turn.
    pub(crate) current: String,
    /// Text that is too short for a piece so far.
    pub(crate) pending: String,
    /// An earlier model turn has sent text, and then called tools.
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

    /// The next piece, if there is enough text for one and more text follows it.
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
        fn pieces_are_long_enough_and_join_to_the_text(words in prop::collection::vec("[a-zü ]{0,12}", 0..30), length in 1_usize..20) {
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
