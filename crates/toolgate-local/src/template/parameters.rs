//! `Parameters`: the values that a deployment would get, held to what their declarations allow.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>

use serde_json::Value;

use super::{
    pattern,
    scope::{Scope, is_true, text},
};

/// What a laptop chooses where the template leaves the choice to the deployment: the first that the template allows.
const LOCAL_CHOICES: [(&str, &[&str]); 2] = [("AgentPlatform", &["both", "classic"]), ("Environment", &["dev"])];
/// A name is proposed for one slip in so many characters.
const SLIPS_PER: usize = 4;
/// The parameter types that are no types of AWS resources.
const TYPES: [&str; 5] = ["String", "Number", "List<Number>", "CommaDelimitedList", "AWS::SSM::Parameter::Name"];

/// A parameter's value before it is checked, and where it was set.
struct Chosen {
    value: Value,
    at: String,
}

impl Scope<'_> {
    /// Notes every parameter that was set and does not exist, and every value that its declaration does not allow.
    pub(super) fn check_parameters(&self) {
        let declared = self.document.get(&["Parameters"]).and_then(Value::as_object);
        let names = || declared.into_iter().flatten().map(|(name, _)| name.as_str());
        let local = self.document.get(&["Metadata", "Toolgate", "Parameters"]).and_then(Value::as_object);
        let set = self.overrides.keys().map(|name| ("Parameters", name));
        let local = local.into_iter().flatten().map(|(name, _)| ("Metadata.Toolgate.Parameters", name));
        for (at, name) in set.chain(local).filter(|(_, name)| !names().any(|known| known == *name)) {
            let help = did_you_mean(name, names());
            let help = if help.is_empty() { listed("; the template has ", names()) } else { help };
            self.problem(at, format!("there is no parameter `{name}` to set{help}"));
        }
        for (name, declaration) in declared.into_iter().flatten() {
            self.check_declaration(name, declaration);
            if let Some(chosen) = self.chosen(name, declaration) {
                self.check_value(name, declaration, &chosen);
            }
        }
    }

    /// The value of a parameter; `None` when there is no such parameter, or none of its values is known.
    pub(super) fn parameter(&self, name: &str, at: &str) -> Option<Value> {
        let declared = self.document.get(&["Parameters", name])?;
        let kind = kind_of(declared);
        if kind.starts_with("AWS::SSM::Parameter::Value<") && self.local_value(name).is_none() {
            let message = format!(
                "the parameter `{name}` is read from Systems Manager, which a laptop has not: give the value that it \
                 holds in `Metadata.Toolgate.Parameters`"
            );
            self.problem(at, message);
            return None;
        }
        let Some(chosen) = self.chosen(name, declared) else {
            self.problem(at, format!("the parameter `{name}` has no default: set it with `--parameter {name}=…`"));
            return None;
        };
        // a value that is no text has been noted already
        let text = text(&chosen.value)?;
        Some(if is_list(kind) { items(&text).map(Value::String).collect() } else { Value::String(text) })
    }

    fn chosen(&self, name: &str, declared: &Value) -> Option<Chosen> {
        let at = format!("Parameters.{name}");
        let is_ssm = kind_of(declared).starts_with("AWS::SSM::Parameter::Value<");
        let set = self.overrides.get(name).map(|value| Value::String(value.clone()));
        // what is set for a Systems Manager parameter is its name there, not its value
        if let Some(value) = set.filter(|_| !is_ssm) {
            return Some(Chosen { value, at });
        }
        if let Some(value) = self.local_value(name) {
            return Some(Chosen { value, at: format!("Metadata.Toolgate.Parameters.{name}") });
        }
        let value = local_choice(name, declared).or_else(|| declared.get("Default").cloned())?;
        Some(Chosen { value, at })
    }

    /// `Metadata: Toolgate: Parameters`: what the template itself wants on a laptop.
    fn local_value(&self, name: &str) -> Option<Value> {
        self.document.get(&["Metadata", "Toolgate", "Parameters", name]).cloned()
    }

    fn check_declaration(&self, name: &str, declaration: &Value) {
        let kind = kind_of(declaration);
        let is_known = TYPES.contains(&kind) || kind.starts_with("AWS::") || kind.starts_with("List<AWS::");
        if !is_known {
            let help = did_you_mean(kind, TYPES);
            let found = if kind.is_empty() { "nothing".to_owned() } else { format!("`{kind}`") };
            let message = format!("this must be a type of CloudFormation's, and is {found}{help}");
            self.problem(&format!("Parameters.{name}.Type"), message);
        }
    }

    fn check_value(&self, name: &str, declaration: &Value, chosen: &Chosen) {
        let kind = kind_of(declaration);
        let Some(whole) = text(&chosen.value) else {
            self.problem(&chosen.at, "a parameter's value is text; a list is text with commas");
            return;
        };
        let parts: Vec<String> = if is_list(kind) { items(&whole).collect() } else { vec![whole] };
        // a value that CloudFormation would not show is not shown here either
        let hidden = declaration.get("NoEcho").is_some_and(is_true);
        for part in &parts {
            for problem in self.violations(name, declaration, part) {
                let value = if hidden { "its value (hidden by `NoEcho`)".to_owned() } else { format!("`{part}`") };
                let said = declaration.get("ConstraintDescription").and_then(text);
                let said = said.map_or_else(String::new, |said| format!(" ({said})"));
                self.problem(&chosen.at, format!("{value} is not allowed: {problem}{said}"));
            }
        }
    }

    /// What the value breaks of the declaration.
    fn violations(&self, name: &str, declaration: &Value, value: &str) -> Vec<String> {
        let kind = kind_of(declaration);
        let number = number(value);
        let mut broken = Vec::new();
        if matches!(kind, "Number" | "List<Number>") && number.is_none() {
            broken.push("it must be a number".to_owned());
        }
        if let Some(allowed) = declaration.get("AllowedValues") {
            let allowed: Vec<String> = allowed.as_array().into_iter().flatten().filter_map(text).collect();
            if !allowed.iter().any(|other| other == value) {
                let names = || allowed.iter().map(String::as_str);
                broken.push(format!("{}{}", listed("it must be one of ", names()), did_you_mean(value, names())));
            }
        }
        if let Some(allowed) = declaration.get("AllowedPattern") {
            let shown = text(allowed).unwrap_or_default();
            match pattern::compile(&shown) {
                Ok(pattern) if pattern.is_match(value) => {}
                Ok(_) => broken.push(format!("it must match `{shown}`")),
                Err(reason) => {
                    let message = format!("the pattern `{shown}` cannot be evaluated on a laptop: {reason}");
                    self.problem(&format!("Parameters.{name}.AllowedPattern"), message);
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
        for (key, measured, words, unit) in bounds {
            let Some(bound) = declaration.get(key) else { continue };
            let shown = text(bound).unwrap_or_default();
            let Some(bound) = self::number(&shown) else {
                self.problem(&format!("Parameters.{name}.{key}"), format!("`{shown}` is not a number"));
                continue;
            };
            let fits = |measured: f64| if key.starts_with("Min") { measured >= bound } else { measured <= bound };
            if !measured.is_some_and(fits) {
                broken.push(format!("it must {words} {shown}{unit}"));
            }
        }
        broken
    }
}

fn kind_of(declaration: &Value) -> &str {
    declaration.get("Type").and_then(Value::as_str).unwrap_or_default()
}

fn is_list(kind: &str) -> bool {
    kind.contains("List")
}

fn items(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(|item| item.trim().to_owned())
}

/// A number as CloudFormation takes one: digits, and not `inf`.
fn number(text: &str) -> Option<f64> {
    let plain = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    text.parse::<f64>().ok().filter(|number| number.is_finite() && text.chars().all(plain))
}

fn listed<'n>(before: &str, names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { String::new() } else { format!("{before}{}", names.join(", ")) }
}

fn did_you_mean<'n>(given: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let distance = |name: &str| strsim::damerau_levenshtein(&given.to_lowercase(), &name.to_lowercase());
    let near = names.into_iter().map(|name| (distance(name), name));
    let near = near.filter(|(distance, name)| *distance <= (name.chars().count() / SLIPS_PER).max(1));
    near.min().map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

fn local_choice(name: &str, declared: &Value) -> Option<Value> {
    let (_, choices) = LOCAL_CHOICES.iter().find(|(known, _)| *known == name)?;
    let allowed = declared.get("AllowedValues").and_then(Value::as_array);
    let fits = |choice: &&&str| allowed.is_none_or(|values| values.iter().any(|value| value == **choice));
    choices.iter().find(fits).map(|choice| Value::String((*choice).to_owned()))
}
