//! The template as it was written, before anything is resolved.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{TemplateError, yaml};

pub(super) struct Document {
    pub(super) root: Value,
    /// The logical ids of the resources, as ordered in the file; JSON objects forget that.
    pub(super) resource_order: Vec<String>,
    /// Where relative paths in the template start.
    pub(super) folder: PathBuf,
}

impl Document {
    pub(super) fn open(path: &Path) -> Result<Self, TemplateError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| TemplateError::Read { path: path.to_owned(), source })?;
        let syntax = |reason: String| TemplateError::Syntax { path: path.to_owned(), reason };
        let yaml = yaml::parse(&text).map_err(|error| syntax(error.to_string()))?;
        let resource_order = yaml
            .get("Resources")
            .and_then(|resources| resources.as_mapping())
            .ok_or_else(|| syntax("it has no `Resources`".to_owned()))?
            .keys()
            .map(|key| yaml::key_text(key.clone()))
            .collect();
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self { root: yaml::to_json(yaml), resource_order, folder })
    }

    /// The value at a path of keys.
    pub(super) fn get(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().try_fold(&self.root, |value, key| value.get(key))
    }

    pub(super) fn resource(&self, id: &str) -> Option<&Value> {
        self.get(&["Resources", id])
    }

    pub(super) fn resource_type(&self, id: &str) -> Option<&str> {
        self.resource(id)?.get("Type")?.as_str()
    }
}
