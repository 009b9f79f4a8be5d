//! A guardrail on a laptop: the policies that need none of AWS's models.
//!
//! Words and regular expressions are evaluated exactly, and the types of personal data that a pattern with a check digit
//! finds almost exactly. Topics, content filters, managed lists of words, contextual grounding and the other types of
//! personal data are not evaluated. [`Guardrail::not_evaluated`] names them.

mod assess;
mod checksums;
mod groups;
mod pattern;
mod personal_data;
mod shapes;
#[cfg(test)]
mod tests;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::Range,
};

use crate::turns::{self, SpanKind, State};
pub(crate) use assess::{Assessment, Side, Verdict};
use assess::{Finding, Masked, Policy, mask};
use jiff::Timestamp;
use pattern::Detector;
use regex::Regex;
use serde_json::{Value, json};
use toolgate_template::{GuardedSpec, GuardrailEffect, GuardrailSpec, Template};
use words::Words;

/// Number of times that a text is searched at most. A placeholder may make a number beside it stand alone.
const PASSES: usize = 16;

/// All guardrails of a template, ready to be applied.
#[derive(Debug)]
pub(crate) struct Guardrails {
    all: BTreeMap<String, Guardrail>,
    /// Their creation time, for the control plane.
    pub(crate) started: Timestamp,
}

impl Guardrails {
    pub(crate) fn of(template: &Template) -> Self {
        let specs = template.guardrails.iter().cloned();
        let all = specs.map(|spec| (spec.id.clone(), Guardrail::new(spec))).collect();
        Self { all, started: Timestamp::now() }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Guardrail> {
        self.all.get(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Guardrail)> {
        self.all.iter().map(|(id, guardrail)| (id.as_str(), guardrail))
    }

    /// The parts that are not evaluated, one line for each guardrail of the template, and one for each that it names only.
    pub(crate) fn not_evaluated(&self, template: &Template) -> Vec<String> {
        let own = self.iter().filter(|(_, guardrail)| !guardrail.not_evaluated.is_empty());
        let own = own.map(|(id, guardrail)| {
            format!("the guardrail `{id}` is evaluated here without: {}", guardrail.not_evaluated.join(", "))
        });
        let of_agents = template.agents.iter().filter_map(|agent| agent.guardrail.as_ref());
        let of_harnesses = template.harnesses.iter().filter_map(|harness| harness.guardrail.as_ref());
        let named: BTreeSet<&String> = of_agents.chain(of_harnesses).collect();
        let foreign = named.into_iter().filter(|id| self.get(id).is_none());
        let foreign = foreign
            .map(|id| format!("warning: the guardrail `{id}` is not in the template, so it is not evaluated here"));
        own.chain(foreign).collect()
    }
}

/// A guardrail, ready to be applied.
#[derive(Debug)]
pub(crate) struct Guardrail {
    pub(crate) spec: GuardrailSpec,
    words: Words,
    patterns: Vec<Pattern>,
    /// The parts of its policies that are not evaluated here.
    pub(crate) not_evaluated: Vec<String>,
}

#[derive(Debug)]
struct Pattern {
    policy: Policy,
    spec: GuardedSpec,
    search: Search,
}

#[derive(Debug)]
enum Search {
    Own(Detector),
    Template(Regex),
}

impl Pattern {
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        match &self.search {
            Search::Own(detector) => detector.find(text),
            Search::Template(regex) => {
                regex.find_iter(text).map(|found| found.range()).filter(|range| !range.is_empty()).collect()
            }
        }
    }
}

impl Guardrail {
    pub(crate) fn new(spec: GuardrailSpec) -> Self {
        let words = Words::new(&spec.words);
        let mut not_evaluated: Vec<String> = Vec::new();
        let list = |kind: &str, names: &[String]| (!names.is_empty()).then(|| format!("{kind} ({})", names.join(", ")));
        not_evaluated.extend(list("topics", &spec.topics));
        not_evaluated.extend(list("content filters", &spec.content_filters));
        not_evaluated.extend(list("managed words", &spec.word_lists));
        not_evaluated.extend(list("grounding", &spec.grounding));
        if !words.is_ready() {
            not_evaluated.push("words (there are too many)".to_owned());
        }
        let mut patterns = Vec::new();
        let mut unknown = Vec::new();
        for entity in &spec.personal_data {
            match personal_data::detector(&entity.name) {
                Some(detector) => patterns.push(Pattern {
                    policy: Policy::PersonalData,
                    spec: entity.clone(),
                    search: Search::Own(detector),
                }),
                None => unknown.push(entity.name.clone()),
            }
        }
        not_evaluated.extend(list("personal data", &unknown));
        let mut unread = Vec::new();
        for regex in &spec.regexes {
            match Regex::new(&regex.pattern) {
                Ok(search) => patterns.push(Pattern {
                    policy: Policy::Regex(regex.pattern.clone()),
                    spec: regex.guarded.clone(),
                    search: Search::Template(search),
                }),
                // Look-around and back references.
                Err(_) => unread.push(regex.guarded.name.clone()),
            }
        }
        not_evaluated.extend(list("regular expressions", &unread));
        Self { spec, words, patterns, not_evaluated }
    }

    /// Evaluates a text. To block has precedence over to mask.
    pub(crate) fn assess(&self, text: &str, side: Side) -> Assessment {
        let open = turns::open(SpanKind::Guardrail, || self.spec.id.clone());
        let assessment = self.find(text, side);
        open.note("side", || format!("{side:?}").to_lowercase().into());
        let (state, summary) = match &assessment.verdict {
            Verdict::Unchanged => (State::Ok, None),
            Verdict::Masked(masked) => {
                open.note("masked", || masked.as_str().into());
                (State::Ok, Some("masked"))
            }
            Verdict::Blocked(_) => (State::Stopped, Some("blocked")),
        };
        open.end(state, summary.map(str::to_owned));
        assessment
    }

    fn find(&self, text: &str, side: Side) -> Assessment {
        let mut findings = self.words.find(text, side);
        let mut seen = HashSet::new();
        let mut masked = None;
        for pass in 0..PASSES {
            let current = masked.as_deref().unwrap_or(text);
            let mut masks = Vec::new();
            for entry in self.patterns.iter().filter(|entry| pass == 0 || entry.policy == Policy::PersonalData) {
                let effect = side.of(&entry.spec);
                if effect == GuardrailEffect::Off {
                    continue;
                }
                for range in entry.find(current) {
                    let matched = current.get(range.clone()).unwrap_or_default().to_owned();
                    let finding =
                        Finding { policy: entry.policy.clone(), name: entry.spec.name.clone(), matched, effect };
                    if seen.insert(finding.clone()) {
                        findings.push(finding);
                    }
                    if effect == GuardrailEffect::Mask {
                        masks.push(Masked { range, name: &entry.spec.name });
                    }
                }
            }
            if masks.is_empty() {
                break;
            }
            masked = Some(mask(current, masks));
        }
        let verdict = if findings.iter().any(|finding| finding.effect == GuardrailEffect::Block) {
            let message = match side {
                Side::Input => &self.spec.blocked_input,
                Side::Output => &self.spec.blocked_output,
            };
            Verdict::Blocked(message.clone())
        } else {
            masked.map_or(Verdict::Unchanged, Verdict::Masked)
        };
        Assessment { findings, verdict }
    }

    /// The units of `ApplyGuardrail`, each of up to 1,000 characters. A policy that is not evaluated costs nothing here.
    pub(crate) fn usage(&self, characters: usize) -> Value {
        let units = |is_used: bool| if is_used { characters.div_ceil(1_000) } else { 0 };
        let entities = self.patterns.iter().any(|pattern| pattern.policy == Policy::PersonalData);
        let regexes = self.patterns.iter().any(|pattern| pattern.policy != Policy::PersonalData);
        json!({
            "topicPolicyUnits": 0,
            "contentPolicyUnits": 0,
            "wordPolicyUnits": units(!self.spec.words.is_empty()),
            "sensitiveInformationPolicyUnits": units(entities),
            "sensitiveInformationPolicyFreeUnits": units(regexes),
            "contextualGroundingPolicyUnits": 0,
        })
    }

    /// Whether an output may be changed, and therefore cannot be sent before it is complete.
    pub(crate) fn may_change_output(&self) -> bool {
        let changes = |spec: &GuardedSpec| matches!(spec.output, GuardrailEffect::Block | GuardrailEffect::Mask);
        self.spec.words.iter().any(changes) || self.patterns.iter().any(|pattern| changes(&pattern.spec))
    }
}
