//! Checks a parameter against its declaration: type, allowed values, pattern and bounds.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>

use crate::{
    node::Node,
    pattern,
    position::Position,
    problem::Problems,
    suggest::{did_you_mean, listed},
};

/// The parameter types that are not AWS resource types.
const TYPES: [&str; 5] = ["String", "Number", "List<Number>", "CommaDelimitedList", "AWS::SSM::Parameter::Name"];

/// The type of a parameter.
pub(crate) fn kind_of(declaration: &Node) -> &str {
    declaration.text_of("Type").unwrap_or_default()
}

/// Whether a parameter's value is stored in Systems Manager.
pub(crate) fn is_stored(kind: &str) -> bool {
    kind.starts_with("AWS::SSM::Parameter::Value<")
}

/// The value of a parameter of this type: a text, or the items of a list.
pub(crate) fn typed(kind: &str, text: &str, position: &Position) -> Node {
    let scalar = |text: String| Node::scalar(position.clone(), text);
    match is_list(kind) {
        true => Node::list_of(position.clone(), items(text).map(scalar).collect()),
        false => scalar(text.to_owned()),
    }
}

/// Adds a problem for a type that CloudFormation does not have.
pub(crate) fn check_declaration(declaration: &Node, problems: &Problems) {
    let kind = kind_of(declaration);
    if !TYPES.contains(&kind) && !kind.starts_with("AWS::") && !kind.starts_with("List<AWS::") {
        let help = did_you_mean(kind, TYPES);
        let found = if kind.is_empty() { "nothing".to_owned() } else { format!("`{kind}`") };
        let message = format!("this must be a type of CloudFormation's, and is {found}{help}");
        problems.note(&declaration.position_of("Type"), message);
    }
}

/// Adds a problem for each constraint that a value violates. `position` is where the value is set.
pub(crate) fn check_value(declaration: &Node, value: &str, position: &Position, problems: &Problems) {
    let kind = kind_of(declaration);
    let parts: Vec<String> = if is_list(kind) { items(value).collect() } else { vec![value.to_owned()] };
    // CloudFormation would hide the value, so the message hides it too.
    let is_hidden = declaration.get("NoEcho").is_some_and(Node::is_true);
    let description = declaration.get("ConstraintDescription").and_then(Node::string);
    let description = description.map_or_else(String::new, |text| format!(" ({text})"));
    for part in &parts {
        for broken in violations(declaration, part, problems) {
            let shown = if is_hidden { "its value (hidden by `NoEcho`)".to_owned() } else { format!("`{part}`") };
            problems.note(position, format!("{shown} is not allowed: {broken}{description}"));
        }
    }
}

fn violations(declaration: &Node, value: &str, problems: &Problems) -> Vec<String> {
    let kind = kind_of(declaration);
    let number = number(value);
    let mut broken = Vec::new();
    if matches!(kind, "Number" | "List<Number>") && number.is_none() {
        broken.push("it must be a number".to_owned());
    }
    if let Some(allowed) = declaration.get("AllowedValues") {
        let allowed: Vec<&str> = allowed.items().iter().filter_map(Node::string).collect();
        if !allowed.contains(&value) {
            let near = did_you_mean(value, allowed.iter().copied());
            broken.push(format!("{}{near}", listed("it must be one of ", allowed)));
        }
    }
    if let Some(allowed) = declaration.get("AllowedPattern") {
        let shown = allowed.string().unwrap_or_default();
        match pattern::compile(shown) {
            Ok(pattern) if pattern.is_match(value) => {}
            Ok(_) => broken.push(format!("it must match `{shown}`")),
            Err(reason) => {
                let message = format!("the pattern `{shown}` cannot be evaluated on a laptop: {reason}");
                problems.note(&allowed.position, message);
            }
        }
    }
    let length = f64::from(u32::try_from(value.encode_utf16().count()).unwrap_or(u32::MAX));
    let bounds = [
        ("MinLength", Some(length), "have at least", " characters"),
        ("MaxLength", Some(length), "have at most", " characters"),
        ("MinValue", number, "be at least", ""),
        ("MaxValue", number, "be at most", ""),
    ];
    for (name, measured, words, unit) in bounds {
        let Some(written) = declaration.get(name) else { continue };
        let shown = written.string().unwrap_or_default();
        let Some(bound) = self::number(shown) else {
            problems.note(&written.position, format!("`{shown}` is not a number"));
            continue;
        };
        let fits = |measured: f64| if name.starts_with("Min") { measured >= bound } else { measured <= bound };
        if !measured.is_some_and(fits) {
            broken.push(format!("it must {words} {shown}{unit}"));
        }
    }
    broken
}

fn is_list(kind: &str) -> bool {
    kind.contains("List")
}

fn items(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(|item| item.trim().to_owned())
}

/// A number in CloudFormation's syntax: digits, but not `inf`.
fn number(text: &str) -> Option<f64> {
    let plain = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    text.parse::<f64>().ok().filter(|number| number.is_finite() && text.chars().all(plain))
}
