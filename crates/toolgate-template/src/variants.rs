//! The deployments to check. A rule may be violated only on one platform or only in `prod`.

use std::collections::{BTreeMap, BTreeSet};

use crate::{node::Node, source::Source, symbolic::Settings};

/// Maximum number of deployments to check. Beyond it, each further parameter keeps its first value.
const LIMIT: usize = 1024;

/// All combinations of the values that affect a condition or a key of a mapping. Other parameters keep their default,
/// or can have any value.
pub fn variants(source: &Source) -> Vec<Settings> {
    let template = source.root();
    let none: &[_] = &[];
    let parameters = template.get("Parameters").map_or(none, Node::entries);
    let compared = compared(template);
    let mut variants = vec![Settings::new()];
    // Parameters with allowed values come first, so that the limit affects the others first.
    for listed in [true, false] {
        for parameter in parameters.iter().filter(|it| it.node.get("AllowedValues").is_some() == listed) {
            let values = values(&parameter.node, compared.get(&parameter.name));
            let values =
                if variants.len() * values.len() > LIMIT { values.get(..1).unwrap_or(&values) } else { &values };
            variants = variants
                .iter()
                .flat_map(|settings| {
                    values.iter().map(|value| {
                        let mut settings = settings.clone();
                        settings.extend(value.clone().map(|value| (parameter.name.clone(), value)));
                        settings
                    })
                })
                .collect();
        }
    }
    variants
}

/// The values of one parameter. `None` stands for any other value.
fn values(parameter: &Node, compared: Option<&BTreeSet<String>>) -> Vec<Option<String>> {
    let default = parameter.text_of("Default").map(str::to_owned);
    let Some(compared) = compared else { return vec![default] };
    let allowed = parameter.list("AllowedValues");
    if !allowed.is_empty() {
        return allowed.iter().filter_map(Node::text).map(|value| Some(value.to_owned())).collect();
    }
    let mut values: Vec<Option<String>> = default.into_iter().map(Some).collect();
    for value in compared.iter().map(|value| Some(value.clone())).chain([None]) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// The parameters that affect a condition or a mapping, each with the texts that it is compared with.
fn compared(template: &Node) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    if let Some(conditions) = template.get("Conditions") {
        conditions.walk(&mut |node| {
            let sides = node.list("Fn::Equals");
            let texts = || sides.iter().filter_map(Node::text).map(str::to_owned);
            for name in sides.iter().filter_map(|side| side.text_of("Ref")) {
                found.entry(name.to_owned()).or_default().extend(texts());
            }
        });
    }
    template.walk(&mut |node| {
        for key in node.list("Fn::FindInMap") {
            if let Some(name) = key.text_of("Ref") {
                found.entry(name.to_owned()).or_default();
            }
        }
    });
    found
}
