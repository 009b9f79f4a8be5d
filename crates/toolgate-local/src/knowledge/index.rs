//! The search in the chunks of a knowledge base: BM25.

use std::collections::HashSet;

use bm25::{Embedder, EmbedderBuilder, Scorer, TokenEmbedder, Tokenizer};

use super::words::Words;

/// The number of different words of a query that are compared. The service's limit on a query has room for thousands,
/// each of which takes time.
const QUERY_WORDS: usize = 200;

/// A score of BM25 has no upper limit. With this one, a match of two rare words, the service's form of a score is 0.5.
const HALF: f64 = 5.0;

pub(super) struct Index {
    embedder: Embedder<Word, Words>,
    scorer: Scorer<usize, String>,
}

/// A word is compared as such, not by a hash.
#[derive(Debug)]
struct Word;

impl TokenEmbedder for Word {
    type EmbeddingSpace = String;

    fn embed(word: &str) -> String {
        word.to_owned()
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").finish_non_exhaustive()
    }
}

impl Index {
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let texts: Vec<&str> = texts.collect();
        let embedder = EmbedderBuilder::with_tokenizer_and_fit_to_corpus(Words, &texts).build();
        let mut scorer = Scorer::new();
        for (number, text) in texts.iter().enumerate() {
            scorer.upsert(&number, embedder.embed(text));
        }
        Self { embedder, scorer }
    }

    /// The numbers of the texts that have a word of the query, and their scores from 0 to 1, best first.
    pub(super) fn search(&self, query: &str) -> Vec<(usize, f64)> {
        let mut seen = HashSet::new();
        let mut words = Words.tokenize(query);
        words.retain(|word| seen.len() < QUERY_WORDS && seen.insert(word.clone()));
        let matches = self.scorer.matches(&self.embedder.embed(&words.join(" ")));
        let squash = |score: f64| score / (score + HALF);
        let mut found: Vec<(usize, f64)> =
            matches.into_iter().map(|found| (found.id, squash(f64::from(found.score)))).collect();
        found.sort_by(|(first, one), (second, other)| other.total_cmp(one).then(first.cmp(second)));
        found
    }
}
