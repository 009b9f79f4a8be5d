//! The words and phrases of a guardrail: exact, in any case, as whole words.

use aho_corasick::AhoCorasick;
use toolgate_template::{GuardedSpec, GuardrailEffect};

use super::{
    assess::{Finding, Policy, Side},
    pattern::is_alone,
};

#[derive(Debug)]
pub(super) struct Words {
    specs: Vec<GuardedSpec>,
    search: Option<AhoCorasick>,
}

impl Words {
    pub(super) fn new(specs: &[GuardedSpec]) -> Self {
        let specs: Vec<GuardedSpec> = specs.iter().filter(|word| !word.name.is_empty()).cloned().collect();
        let search = AhoCorasick::new(specs.iter().map(|word| word.name.to_lowercase())).ok();
        Self { specs, search }
    }

    /// Whether the words could be read.
    pub(super) fn is_ready(&self) -> bool {
        self.search.is_some()
    }

    pub(super) fn find(&self, text: &str, side: Side) -> Vec<Finding> {
        let Some(search) = self.search.as_ref().filter(|_| !self.specs.is_empty()) else { return Vec::new() };
        let text = text.to_lowercase();
        let mut found = Vec::new();
        for hit in search.find_overlapping_iter(&text) {
            let Some(word) = self.specs.get(hit.pattern().as_usize()) else { continue };
            let effect = side.of(word);
            if effect == GuardrailEffect::Off || !is_alone(&text, &hit.range()) {
                continue;
            }
            let finding = Finding { policy: Policy::Word, name: word.name.clone(), matched: word.name.clone(), effect };
            if !found.contains(&finding) {
                found.push(finding);
            }
        }
        found
    }
}
