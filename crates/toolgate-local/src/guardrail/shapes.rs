//! Assessments in the shapes of the service's models: the trace of an agent, and `ApplyGuardrail`.

use serde_json::{Map, Value, json};
use toolgate_template::GuardrailEffect;

use super::assess::{Assessment, Finding, Policy, Verdict};

impl Assessment {
    pub(crate) fn has_intervened(&self) -> bool {
        self.verdict != Verdict::Unchanged
    }

    /// The list of an agent's trace, which has no place for a match that is only detected.
    pub(crate) fn traced(&self) -> Value {
        let taken = self.findings.iter().filter(|finding| finding.effect != GuardrailEffect::Detect);
        listed(taken, |_| {})
    }

    /// The list of `ApplyGuardrail`.
    pub(crate) fn applied(&self) -> Value {
        listed(self.findings.iter(), |entry| {
            entry.insert("detected".to_owned(), true.into());
        })
    }
}

/// A list with one assessment, or with none if there are no matches.
fn listed<'a>(findings: impl Iterator<Item = &'a Finding>, complete: impl Fn(&mut Map<String, Value>)) -> Value {
    let (mut words, mut entities, mut regexes) = (Vec::new(), Vec::new(), Vec::new());
    for finding in findings {
        let mut entry = Map::new();
        entry.insert("match".to_owned(), finding.matched.as_str().into());
        entry.insert("action".to_owned(), action(finding.effect).into());
        complete(&mut entry);
        let list = match &finding.policy {
            Policy::Word => &mut words,
            Policy::PersonalData => {
                entry.insert("type".to_owned(), finding.name.as_str().into());
                &mut entities
            }
            Policy::Regex(pattern) => {
                entry.insert("name".to_owned(), finding.name.as_str().into());
                entry.insert("regex".to_owned(), pattern.as_str().into());
                &mut regexes
            }
        };
        list.push(Value::Object(entry));
    }
    let mut assessment = Map::new();
    if !words.is_empty() {
        assessment.insert("wordPolicy".to_owned(), json!({"customWords": words, "managedWordLists": []}));
    }
    if !entities.is_empty() || !regexes.is_empty() {
        let policy = json!({"piiEntities": entities, "regexes": regexes});
        assessment.insert("sensitiveInformationPolicy".to_owned(), policy);
    }
    if assessment.is_empty() { json!([]) } else { json!([assessment]) }
}

fn action(effect: GuardrailEffect) -> &'static str {
    match effect {
        GuardrailEffect::Block => "BLOCKED",
        GuardrailEffect::Mask => "ANONYMIZED",
        GuardrailEffect::Detect | GuardrailEffect::Off => "NONE",
    }
}
