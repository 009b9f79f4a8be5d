//! What the reader of a template carries along: the document, the chosen parameters, and what went wrong so far.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::Value;

use super::{Problem, document::Document};

pub(super) struct Scope<'a> {
    pub(super) document: &'a Document,
    pub(super) overrides: &'a BTreeMap<String, String>,
    problems: RefCell<BTreeSet<Problem>>,
    /// Conditions being evaluated, to notice one that needs itself.
    pub(super) open_conditions: RefCell<Vec<String>>,
    /// A condition that holds for now, whatever the template says.
    assumed: RefCell<Option<String>>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(document: &'a Document, overrides: &'a BTreeMap<String, String>) -> Self {
        let scope = Self {
            document,
            overrides,
            problems: RefCell::default(),
            open_conditions: RefCell::default(),
            assumed: RefCell::default(),
        };
        scope.check_parameters();
        scope.check_rules();
        scope
    }

    pub(super) fn problem(&self, at: &str, message: impl Into<String>) {
        self.problems.borrow_mut().insert(Problem { at: at.to_owned(), message: message.into() });
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner().into_iter().collect()
    }

    /// What `read` reads while the condition holds.
    pub(super) fn assuming<T>(&self, condition: Option<&str>, read: impl FnOnce() -> T) -> T {
        self.assumed.replace(condition.map(str::to_owned));
        let value = read();
        self.assumed.take();
        value
    }

    pub(super) fn is_assumed(&self, condition: &str) -> bool {
        self.assumed.borrow().as_deref() == Some(condition)
    }

    /// The resources of one of these types whose condition holds, in the template's order, with their place.
    pub(super) fn resources(&self, types: &[&str]) -> Vec<Resource<'a>> {
        let of_type = |id: &&String| self.document.resource_type(id).is_some_and(|kind| types.contains(&kind));
        let resources = self.document.resource_order.iter().filter(of_type).filter_map(|id| {
            let body = self.document.resource(id)?;
            let at = format!("Resources.{id}");
            let wanted = match body.get("Condition").and_then(Value::as_str) {
                Some(name) => self.condition(name, &format!("{at}.Condition")),
                None => true,
            };
            wanted.then_some(Resource { id, body, at })
        });
        resources.collect()
    }

    /// A resolved member of an unresolved object.
    pub(super) fn member(&self, object: &Value, key: &str, at: &str) -> Option<Value> {
        let at_member = format!("{at}.{key}");
        match object.get(key) {
            Some(value) => self.resolve(value, &at_member),
            // The object may itself come from an intrinsic.
            None if super::intrinsics::is_intrinsic(object) => self.resolve(object, at)?.get(key).cloned(),
            None => None,
        }
    }

    /// A resolved member that is text (numbers and booleans are read as such).
    pub(super) fn text_member(&self, object: &Value, key: &str, at: &str) -> Option<String> {
        let value = self.member(object, key, at)?;
        text(&value).or_else(|| {
            self.problem(&format!("{at}.{key}"), "this should be text");
            None
        })
    }
}

/// One resource of the template.
pub(super) struct Resource<'a> {
    pub(super) id: &'a str,
    pub(super) body: &'a Value,
    pub(super) at: String,
}

impl Resource<'_> {
    /// The unresolved properties, with their place.
    pub(super) fn properties(&self) -> (&Value, String) {
        (self.body.get("Properties").unwrap_or(&Value::Null), format!("{}.Properties", self.at))
    }
}

/// A scalar as CloudFormation writes it into text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(bool.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// CloudFormation reads `"true"` as well as `true`.
pub(super) fn is_true(value: &Value) -> bool {
    text(value).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}
