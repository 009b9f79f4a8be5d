//! What a guardrail finds in a text, and what becomes of the text.

use std::ops::Range;

use toolgate_template::{GuardedSpec, GuardrailEffect};

/// The side of the model that a text is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Input,
    Output,
}

impl Side {
    pub(super) fn of(self, spec: &GuardedSpec) -> GuardrailEffect {
        match self {
            Self::Input => spec.input,
            Self::Output => spec.output,
        }
    }
}

/// The policy that a match belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Policy {
    Word,
    PersonalData,
    /// With the pattern.
    Regex(String),
}

/// One match. Equal matches are listed once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Finding {
    pub(super) policy: Policy,
    /// The word, the type or the name of the regular expression.
    pub(super) name: String,
    pub(super) matched: String,
    pub(super) effect: GuardrailEffect,
}

/// A text as the guardrail leaves it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing was found, or only detected.
    Unchanged,
    /// The text with placeholders.
    Masked(String),
    /// The guardrail's message.
    Blocked(String),
}

/// All that a guardrail has found in a text.
#[derive(Debug)]
pub(crate) struct Assessment {
    pub(super) findings: Vec<Finding>,
    pub(crate) verdict: Verdict,
}

/// A part of the text that a placeholder replaces.
#[derive(Debug)]
pub(super) struct Masked<'a> {
    pub(super) range: Range<usize>,
    pub(super) name: &'a str,
}

/// Replaces each match by `{NAME}`. Matches that overlap are replaced together, so that no part of one stays. The
/// longest of them gives the name.
pub(super) fn mask(text: &str, mut masks: Vec<Masked<'_>>) -> String {
    masks.sort_by_key(|mask| (mask.range.start, std::cmp::Reverse(mask.range.end)));
    let mut merged: Vec<(Masked<'_>, usize)> = Vec::new();
    for mask in masks {
        let length = mask.range.len();
        match merged.last_mut() {
            Some((last, longest)) if mask.range.start < last.range.end => {
                last.range.end = last.range.end.max(mask.range.end);
                if length > *longest {
                    (last.name, *longest) = (mask.name, length);
                }
            }
            _ => merged.push((mask, length)),
        }
    }
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for (mask, _) in merged {
        result.push_str(text.get(at..mask.range.start).unwrap_or_default());
        result.push('{');
        result.push_str(mask.name);
        result.push('}');
        at = mask.range.end;
    }
    result.push_str(text.get(at..).unwrap_or_default());
    result
}
