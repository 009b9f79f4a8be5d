//! A pattern that finds candidates, and a check of each candidate.

use std::ops::Range;

use regex::Regex;

/// Finds one kind of text.
#[derive(Debug)]
pub(super) struct Detector {
    regex: Regex,
    /// The parts of a candidate that are matches, as places in it.
    matches: fn(&str) -> Vec<Range<usize>>,
}

impl Detector {
    /// `None` if the pattern is not valid.
    pub(super) fn new(pattern: &str, matches: fn(&str) -> Vec<Range<usize>>) -> Option<Self> {
        Some(Self { regex: Regex::new(pattern).ok()?, matches })
    }

    /// The matches in a text, in order. A match begins and ends where a word does.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(candidate) = self.regex.find_at(text, at) {
            let start = candidate.start();
            let matches = (self.matches)(candidate.as_str());
            let matches = matches.into_iter().map(|range| start + range.start..start + range.end);
            found.extend(matches.filter(|range| !range.is_empty() && is_alone(text, range)));
            // A candidate that is no match is not searched again, so that the time stays linear.
            at = candidate.end();
            if candidate.is_empty() {
                at += text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
            }
            if at > text.len() {
                break;
            }
        }
        found
    }
}

/// Whether the match is not a part of a longer word.
pub(super) fn is_alone(text: &str, range: &Range<usize>) -> bool {
    let part = text.get(range.clone()).unwrap_or_default();
    let before = text.get(..range.start).and_then(|text| text.chars().next_back());
    let after = text.get(range.end..).and_then(|text| text.chars().next());
    let joined = |one: Option<char>, other: Option<char>| {
        one.is_some_and(char::is_alphanumeric) && other.is_some_and(char::is_alphanumeric)
    };
    !joined(before, part.chars().next()) && !joined(part.chars().next_back(), after)
}
