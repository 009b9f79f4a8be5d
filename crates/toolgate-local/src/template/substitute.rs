//! `Fn::Sub`: names in `${…}` inside a text.

use serde_json::Value;

use super::scope::Scope;

impl Scope<'_> {
    pub(super) fn substitute(&self, pattern: &str, names: Option<&Value>, at: &str) -> Option<String> {
        let mut text = String::with_capacity(pattern.len());
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            text.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                self.problem(at, "a `${` is never closed");
                return None;
            };
            match name.strip_prefix('!') {
                // `${!Name}` is how a template writes a literal `${Name}`.
                Some(literal) => text.push_str(&format!("${{{literal}}}")),
                None => text.push_str(&self.named(name.trim(), names, at)?),
            }
            rest = after;
        }
        text.push_str(rest);
        Some(text)
    }

    fn named(&self, name: &str, names: Option<&Value>, at: &str) -> Option<String> {
        if let Some(own) = names.and_then(|names| names.get(name)) {
            return self.text_of(own, at);
        }
        match name.split_once('.') {
            Some((resource, attribute)) => self.attribute(resource, attribute, at),
            None => {
                let value = self.reference(name, at)?;
                super::scope::text(&value).or_else(|| {
                    self.problem(at, format!("`{name}` is a list; `Fn::Sub` needs text"));
                    None
                })
            }
        }
    }
}
