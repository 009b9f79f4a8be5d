//! The help articles, and a search in them without an external service: BM25 over a few dozen texts.

use std::{collections::HashMap, sync::LazyLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desk::Desk;

/// What a search found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ArticlesFound {
    /// The articles, best match first.
    pub articles: Vec<Article>,
}

/// One article that matches.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Article {
    /// The article's id.
    pub article_id: String,
    /// Its title.
    pub title: String,
    /// The sentence that fits best.
    pub snippet: String,
    /// How well it matches, from 0 to 1.
    pub score: f64,
}

#[derive(Deserialize)]
struct Text {
    id: String,
    title: String,
    body: String,
}

struct Corpus {
    texts: Vec<(Text, Vec<String>)>,
    /// The number of articles that contain a word.
    frequency: HashMap<String, usize>,
    mean_length: f64,
}

static CORPUS: LazyLock<Corpus> = LazyLock::new(Corpus::read);

/// Stop words, which the search ignores.
const COMMON: &str = " a an and are as at be but by can do does for from had has have how i if in is it its me my \
                      no not of on or so that the there this to was we what when where which who will with you your ";

impl Desk {
    /// The articles that match a question best.
    pub fn search_articles(&self, query: &str, limit: usize) -> ArticlesFound {
        ArticlesFound { articles: CORPUS.search(query, limit) }
    }
}

impl Corpus {
    fn read() -> Self {
        // a test reads the file, so this cannot fail in a tested program
        let texts: Vec<Text> = serde_json::from_str(include_str!("articles.json")).unwrap_or_default();
        // the title has three times the weight of the body
        let words_of = |text: &Text| words(&format!("{0} {0} {0} {1}", text.title, text.body));
        let texts: Vec<_> =
            texts.into_iter().map(|text| (words_of(&text), text)).map(|(words, text)| (text, words)).collect();
        let mut frequency = HashMap::new();
        for (_, words) in &texts {
            let mut distinct = words.clone();
            distinct.sort_unstable();
            distinct.dedup();
            for word in distinct {
                *frequency.entry(word).or_default() += 1;
            }
        }
        let length: usize = texts.iter().map(|(_, words)| words.len()).sum();
        let mean_length = length as f64 / texts.len().max(1) as f64;
        Self { texts, frequency, mean_length }
    }

    fn search(&self, query: &str, limit: usize) -> Vec<Article> {
        let query = words(query);
        let mut scored: Vec<_> = self.texts.iter().map(|(text, words)| (self.score(&query, words), text)).collect();
        scored.retain(|(score, _)| *score > 0.0);
        scored.sort_by(|(one, first), (other, second)| other.total_cmp(one).then_with(|| first.id.cmp(&second.id)));
        scored
            .into_iter()
            .take(limit)
            .map(|(score, text)| Article {
                article_id: text.id.clone(),
                title: text.title.clone(),
                snippet: snippet(&text.body, &query),
                // scaled to 0..1; 5 is a good match of two rare words
                score: (score / (score + 5.0) * 100.0).round() / 100.0,
            })
            .collect()
    }

    /// BM25 with its usual constants.
    fn score(&self, query: &[String], words: &[String]) -> f64 {
        let (k, b, count) = (1.2, 0.75, self.texts.len() as f64);
        let length = words.len() as f64 / self.mean_length;
        let weigh = |word: &String| {
            let times = words.iter().filter(|other| *other == word).count() as f64;
            let among = *self.frequency.get(word).unwrap_or(&0) as f64;
            let rarity = ((count - among + 0.5) / (among + 0.5) + 1.0).ln();
            rarity * times * (k + 1.0) / (times + k * (1.0 - b + b * length))
        };
        query.iter().map(weigh).sum()
    }
}

/// The sentence with the most query words.
fn snippet(body: &str, query: &[String]) -> String {
    let hits = |sentence: &&str| words(sentence).iter().filter(|word| query.contains(word)).count();
    // `max_by_key` returns the last of several; any of them is equally good
    body.split_inclusive(". ").max_by_key(hits).unwrap_or(body).trim().to_owned()
}

/// The words of a text in lower case, without stop words and plural endings.
fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() > 1 && !COMMON.contains(&format!(" {word} ")))
        .map(|word| word.strip_suffix('s').filter(|stem| stem.len() > 3).unwrap_or(word).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_find_their_articles() {
        assert!(CORPUS.texts.len() >= 15);
        for (question, id) in [
            ("how long does a refund take", "KB-002"),
            ("Why was I charged twice?", "KB-003"),
            ("can I return my order", "KB-001"),
            ("where is my parcel", "KB-005"),
            ("change my e-mail address", "KB-009"),
        ] {
            let found = CORPUS.search(question, 3);
            assert_eq!(found.first().map(|article| article.article_id.as_str()), Some(id), "{question}: {found:?}");
            assert!(found.iter().all(|article| (0.0..=1.0).contains(&article.score)));
        }
        assert!(CORPUS.search("xylophone", 3).is_empty());
    }
}
