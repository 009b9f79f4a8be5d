//! The words of a text, as the search compares them.

use bm25::Tokenizer;

/// Common English words, which the search ignores.
const COMMON: &str = " a an and are as at be but by can do does for from had has have how i if in is it its me my \
                      no not of on or so that the there this to was we what when where which who will with you your ";

/// Splits a text into words in lower case, without common words and plural endings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words;

impl Tokenizer for Words {
    fn tokenize(&self, text: &str) -> Vec<String> {
        let text = text.to_lowercase();
        let words = text.split(|c: char| !c.is_alphanumeric());
        // Languages without spaces have words of one character.
        let words = words.filter(|word| word.len() > 1 && !COMMON.contains(&format!(" {word} ")));
        let stem = |word: &str| word.strip_suffix('s').filter(|stem| stem.len() > 3).unwrap_or(word).to_owned();
        words.map(stem).collect()
    }
}
