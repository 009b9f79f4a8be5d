//! `Fn::Transform: AWS::Include`: generated files that `sam package` would upload are read from disk.

use serde_json::Value;

use super::{scope::Scope, yaml};

impl Scope<'_> {
    pub(super) fn include(&self, transform: &Value, at: &str) -> Option<Value> {
        let name = transform.get("Name").and_then(Value::as_str).unwrap_or_default();
        if name != "AWS::Include" {
            self.problem(at, format!("the local agent knows the transform `AWS::Include`, not `{name}`"));
            return None;
        }
        let Some(location) = transform.pointer("/Parameters/Location") else {
            self.problem(at, "`AWS::Include` needs `Parameters.Location`");
            return None;
        };
        let location = self.text_of(location, at)?;
        if location.contains("://") {
            self.problem(at, format!("`{location}` is not a local file; name one for `sam package` to upload"));
            return None;
        }
        let text = match std::fs::read_to_string(self.document.folder.join(&location)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let help = if location.contains("schemas/") { ": `toolgate schemas` writes it" } else { "" };
                self.problem(at, format!("the file `{location}` does not exist{help}"));
                return None;
            }
            Err(error) => {
                self.problem(at, format!("cannot read the file `{location}`: {error}"));
                return None;
            }
        };
        match yaml::parse(&text) {
            Ok(included) => self.resolve(&yaml::to_json(included), &format!("{at}<{location}>")),
            Err(error) => {
                self.problem(at, format!("the file `{location}` is neither JSON nor YAML: {error}"));
                None
            }
        }
    }
}
