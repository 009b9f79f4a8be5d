//! `AWS::Bedrock::Guardrail`: what agents must not receive and must not answer.

use crate::{
    arn::guardrail_id,
    evaluate::Evaluator,
    node::Node,
    resources::{Resource, resources},
};

pub(crate) const GUARDRAIL: &str = "AWS::Bedrock::Guardrail";

/// One guardrail.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GuardrailSpec {
    /// The logical id in the template, which is the guardrail's id here (`Guardrail`).
    pub id: String,
    /// `Name`.
    pub name: String,
    /// `BlockedInputMessaging`: the answer to an input that is blocked.
    pub blocked_input: String,
    /// `BlockedOutputsMessaging`: the text in place of an output that is blocked.
    pub blocked_output: String,
    /// The words and phrases of `WordPolicyConfig`.
    pub words: Vec<GuardedSpec>,
    /// The types of the managed lists of words (`PROFANITY`).
    pub word_lists: Vec<String>,
    /// The types of personal data (`EMAIL`).
    pub personal_data: Vec<GuardedSpec>,
    /// The regular expressions.
    pub regexes: Vec<RegexSpec>,
    /// The names of the denied topics.
    pub topics: Vec<String>,
    /// The types of the content filters (`HATE`).
    pub content_filters: Vec<String>,
    /// The types of the checks of contextual grounding (`GROUNDING`).
    pub grounding: Vec<String>,
}

/// A word or a type of personal data, with its effect on each side.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardedSpec {
    /// The word, or the type.
    pub name: String,
    /// The effect in an input.
    pub input: GuardrailEffect,
    /// The effect in an output.
    pub output: GuardrailEffect,
}

/// A regular expression, with its effect on each side.
#[derive(Debug, Clone, PartialEq)]
pub struct RegexSpec {
    /// `Pattern`.
    pub pattern: String,
    /// Its `Name` and its effects.
    pub guarded: GuardedSpec,
}

/// The effect of a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GuardrailEffect {
    /// The guardrail's message replaces the whole text.
    Block,
    /// A placeholder replaces the match.
    Mask,
    /// The match is reported and stays.
    Detect,
    /// This side is not evaluated.
    Off,
}

/// The template's guardrails.
pub(crate) fn guardrails(evaluator: &Evaluator<'_>) -> Vec<GuardrailSpec> {
    resources(evaluator, &[GUARDRAIL]).iter().map(|resource| guardrail(evaluator, resource)).collect()
}

/// The guardrail that an agent names: the logical id of a guardrail of this template, or else an id of AWS.
pub(crate) fn reference(evaluator: &Evaluator<'_>, agent: &Node) -> Option<String> {
    let configuration = evaluator.member(agent, "GuardrailConfiguration")?;
    let Some(id) = evaluator.text_member(&configuration, "GuardrailIdentifier") else {
        evaluator.problem(&configuration.position, "a guardrail configuration needs `GuardrailIdentifier`");
        return None;
    };
    Some(guardrail_id(&id).to_owned())
}

fn guardrail(evaluator: &Evaluator<'_>, resource: &Resource<'_>) -> GuardrailSpec {
    let properties = resource.properties.as_ref();
    let needed = |name: &str| {
        let value = evaluator.text_member(properties, name);
        if value.is_none() {
            evaluator.problem(&properties.position, format!("a guardrail needs `{name}`"));
        }
        value.unwrap_or_default()
    };
    let list = |policy: &str, name: &str| {
        let policy = evaluator.member(properties, policy);
        policy.map(|policy| policy.list(name).to_vec()).unwrap_or_default()
    };
    let names = |policy: &str, name: &str, of: &str| -> Vec<String> {
        list(policy, name).iter().filter_map(|entry| text(evaluator, entry, of)).collect()
    };
    let guarded = |entries: Vec<Node>, of: &str, default: Option<GuardrailEffect>| -> Vec<GuardedSpec> {
        entries.iter().filter_map(|entry| guarded(evaluator, entry, of, default)).collect()
    };
    let regexes = list("SensitiveInformationPolicyConfig", "RegexesConfig");
    let entities = list("SensitiveInformationPolicyConfig", "PiiEntitiesConfig");
    GuardrailSpec {
        id: resource.id.to_owned(),
        name: needed("Name"),
        blocked_input: needed("BlockedInputMessaging"),
        blocked_output: needed("BlockedOutputsMessaging"),
        words: guarded(list("WordPolicyConfig", "WordsConfig"), "Text", Some(GuardrailEffect::Block)),
        word_lists: names("WordPolicyConfig", "ManagedWordListsConfig", "Type"),
        personal_data: guarded(entities, "Type", None),
        regexes: regexes
            .iter()
            .filter_map(|entry| {
                let pattern = text(evaluator, entry, "Pattern")?;
                Some(RegexSpec { pattern, guarded: self::guarded(evaluator, entry, "Name", None)? })
            })
            .collect(),
        topics: names("TopicPolicyConfig", "TopicsConfig", "Name"),
        content_filters: names("ContentPolicyConfig", "FiltersConfig", "Type"),
        grounding: names("ContextualGroundingPolicyConfig", "FiltersConfig", "Type"),
    }
}

fn text(evaluator: &Evaluator<'_>, entry: &Node, name: &str) -> Option<String> {
    let text = entry.text_of(name).map(str::to_owned);
    if text.is_none() {
        evaluator.problem(&entry.position, format!("this needs `{name}`"));
    }
    text
}

/// An entry with its effects. A word has no `Action`: its default is to block. With `Action` alone, AWS was seen not to
/// evaluate the input, so a side that must be evaluated names its own action.
fn guarded(
    evaluator: &Evaluator<'_>,
    entry: &Node,
    name: &str,
    default: Option<GuardrailEffect>,
) -> Option<GuardedSpec> {
    let action = |name: &str| match entry.text_of(name) {
        Some("BLOCK") => Some(GuardrailEffect::Block),
        Some("ANONYMIZE") => Some(GuardrailEffect::Mask),
        Some("NONE") => Some(GuardrailEffect::Detect),
        Some(_) => {
            evaluator.problem(&entry.position_of(name), "this must be one of BLOCK, ANONYMIZE, NONE");
            None
        }
        None => None,
    };
    let is = |name: &str, value: &str| entry.text_of(name) == Some(value);
    let both = action("Action").or(default);
    if both.is_none() {
        evaluator.problem(&entry.position, "this needs `Action`");
    }
    let input = action("InputAction").or_else(|| both.filter(|_| default.is_some() || is("InputEnabled", "true")));
    let output = action("OutputAction").or(both);
    let enabled = |effect: Option<GuardrailEffect>, name: &str| {
        effect.filter(|_| !is(name, "false")).unwrap_or(GuardrailEffect::Off)
    };
    Some(GuardedSpec {
        name: text(evaluator, entry, name)?,
        input: enabled(input, "InputEnabled"),
        output: enabled(output, "OutputEnabled"),
    })
}
