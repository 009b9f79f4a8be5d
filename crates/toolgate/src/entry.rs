//! A tool as the router keeps it: checked, compiled, and with its types erased behind two small traits.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use lambda_runtime::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use validator::Validate;

use crate::{
    catalog::CatalogTool,
    coerce::{is_shown, looks_like_card, show},
    cx::Cx,
    declare::{Condition, KeyOf, cache::Cache},
    error::{Problem, ToolError},
    key::Key,
    nearest::same_name,
    projection::OutputProjection,
    redact::{LONGEST_MESSAGE, serde_message},
    schema::shape::{Object, Shape},
    step::Step,
    tool::{Check, OnceDraft, Run},
};

/// A tool, ready to be called.
pub(crate) struct Entry<S> {
    pub(crate) name: String,
    pub(crate) shape: Object,
    pub(crate) refuse: Vec<String>,
    /// How long an approval holds, where a person must say yes.
    pub(crate) confirm: Option<Duration>,
    pub(crate) once: Option<OnceDraft>,
    pub(crate) cache: Option<Cache>,
    /// The router's steps, then the tool's own.
    pub(crate) steps: Arc<[Step<S>]>,
    pub(crate) intent_class: Option<String>,
    pub(crate) max_reply: Option<usize>,
    pub(crate) exposed: Arc<OutputProjection>,
    pub(crate) exec: Box<dyn Exec<S>>,
    pub(crate) catalog: CatalogTool,
}

/// Makes typed input out of a read one.
pub(crate) trait Exec<S>: Send + Sync {
    fn prepare(&self, input: Map<String, Value>, shape: &Object) -> Result<Box<dyn Ready<S>>, Vec<Problem>>;
}

/// A typed input and the function that it is for.
pub(crate) trait Ready<S>: Send {
    fn rules(&self, cx: &Cx<S>) -> Result<(), ToolError>;
    /// What identifies the effect of a once tool.
    fn once_key(&self) -> Option<Key>;
    /// Whether a person must say yes first, if the tool is one that asks.
    fn asks(&self) -> bool;
    /// What identifies the question to a person.
    fn question_key(&self) -> Option<Key>;
    fn run(self: Box<Self>, cx: Cx<S>) -> BoxFuture<'static, Result<Value, ToolError>>;
}

/// The typed side of a tool.
pub(crate) struct Typed<S, I> {
    pub(crate) run: Run<S, I>,
    pub(crate) rules: Vec<(String, Check<S, I>)>,
    pub(crate) once_by: Option<KeyOf<I>>,
    pub(crate) confirm_by: Option<KeyOf<I>>,
    pub(crate) confirm_when: Option<Condition<I>>,
}

struct TypedCall<S, I> {
    tool: Arc<Typed<S, I>>,
    input: I,
}

impl<S, I> Exec<S> for Arc<Typed<S, I>>
where
    S: Send + Sync + 'static,
    I: DeserializeOwned + Validate + Send + 'static,
{
    fn prepare(&self, input: Map<String, Value>, shape: &Object) -> Result<Box<dyn Ready<S>>, Vec<Problem>> {
        // both report one problem per field at most; the schema's own limits have been checked before, all at once
        let value = Value::Object(input);
        // finding the path costs as much as reading, so only a wrong input pays for it
        let typed = I::deserialize(&value).or_else(|_| serde_path_to_error::deserialize(&value)).map_err(
            |error: serde_path_to_error::Error<serde_json::Error>| {
                let path = error.path().to_string();
                let message = error.into_inner().to_string();
                vec![problem(shape, &value, if path == "." { "" } else { &path }, serde_message(&message))]
            },
        )?;
        typed.validate().map_err(|errors| {
            let mut problems = Vec::new();
            validation(&errors, "", Some(shape), &mut |path, message| {
                problems.push(problem(shape, &value, path, message))
            });
            problems
        })?;
        Ok(Box::new(TypedCall { tool: self.clone(), input: typed }))
    }
}

impl<S, I> Ready<S> for TypedCall<S, I>
where
    S: Send + Sync + 'static,
    I: Send + 'static,
{
    fn rules(&self, cx: &Cx<S>) -> Result<(), ToolError> {
        for (name, rule) in &self.tool.rules {
            rule(cx, &self.input).map_err(|text| ToolError::refused(text).with_source(format!("rule `{name}`")))?;
        }
        Ok(())
    }

    fn once_key(&self) -> Option<Key> {
        self.tool.once_by.as_ref().map(|key| key(&self.input))
    }

    fn asks(&self) -> bool {
        self.tool.confirm_when.as_ref().is_none_or(|when| when(&self.input))
    }

    fn question_key(&self) -> Option<Key> {
        self.tool.once_by.as_ref().or(self.tool.confirm_by.as_ref()).map(|key| key(&self.input))
    }

    fn run(self: Box<Self>, cx: Cx<S>) -> BoxFuture<'static, Result<Value, ToolError>> {
        (self.tool.run)(cx, self.input)
    }
}

/// A problem that serde or `validator` found; an empty message means that the schema describes it. Their texts may repeat
/// the value, so they are not used where the value must not be.
fn problem(shape: &Object, input: &Value, path: &str, message: &str) -> Problem {
    let steps = steps(path);
    let (value, found) = find(shape, input, &steps);
    let secret = found.is_some_and(|found| found.secret);
    let got = value.map_or_else(|| "a value that is not allowed".to_owned(), |value| show(value, secret));
    let object = if steps.is_empty() { Some(shape) } else { found.and_then(|found| found.object.as_ref()) };
    let hushed = secret || value.is_some_and(|value| is_hushed(value, object, message));
    let schema = found.map(|found| found.expected.as_str()).filter(|expected| !expected.is_empty());
    let expected = match (hushed || message.is_empty() || message.chars().count() > LONGEST_MESSAGE, schema) {
        (true, schema) => schema.unwrap_or("a valid value").to_owned(),
        // serde would name the Rust type
        (false, Some(schema)) if message.starts_with("invalid value: integer") => {
            let bits: String = message.chars().rev().take_while(char::is_ascii_digit).collect();
            format!("{schema} that fits {} bits", bits.chars().rev().collect::<String>())
        }
        (false, _) => message.to_owned(),
    };
    Problem::new(path, expected, got)
}

/// Whether `message` may tell something in `value` that must not be repeated: a secret, or what is not shown as it is.
fn is_hushed(value: &Value, object: Option<&Object>, message: &str) -> bool {
    let is_secret =
        |name: &str| object.and_then(|object| object.fields.get(name)).is_some_and(|field| field.shape.secret);
    match value {
        Value::Object(members) => members.iter().any(|(name, member)| {
            let inside = object.and_then(|object| object.fields.get(name)?.shape.object.as_ref());
            (is_secret(name) && !member.is_null()) || is_hushed(member, inside, message)
        }),
        Value::Array(items) => items.iter().any(|item| is_hushed(item, None, message)),
        Value::String(text) => !is_shown(text) && (looks_like_card(text) || message.contains(text.as_str())),
        _ => false,
    }
}

/// `lines[2].quantity` as its steps.
fn steps(path: &str) -> Vec<&str> {
    path.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect()
}

/// The value at a path, and the shape there.
fn find<'a>(root: &'a Object, input: &'a Value, steps: &[&str]) -> (Option<&'a Value>, Option<&'a Shape>) {
    let (mut value, mut shape) = (Some(input), None::<&Shape>);
    let mut object = Some(root);
    for step in steps {
        match step.parse::<usize>() {
            Ok(at) => {
                value = value.and_then(|value| value.get(at));
                shape = shape.and_then(|shape| shape.list.as_ref()).and_then(|list| list.items.as_deref());
            }
            Err(_) => {
                value = value.and_then(|value| value.get(step));
                shape = object.and_then(|object| object.fields.get(*step)).map(|field| &field.shape);
            }
        }
        object = shape.and_then(|shape| shape.object.as_ref());
    }
    (value, shape)
}

/// Walks what `validator` found. It names fields as Rust does, so each is looked up in the schema.
fn validation(
    errors: &validator::ValidationErrors,
    at: &str,
    shape: Option<&Object>,
    note: &mut impl FnMut(&str, &str),
) {
    use validator::ValidationErrorsKind as Kind;
    let sorted: BTreeMap<_, _> = errors.errors().iter().collect();
    for (name, kind) in sorted {
        let name = shape.and_then(|shape| schema_name(name, shape)).unwrap_or(name);
        let path = match (name, at) {
            // of the struct as a whole
            ("__all__", _) => at.to_owned(),
            (_, "") => name.to_owned(),
            _ => format!("{at}.{name}"),
        };
        let inside = shape.and_then(|shape| shape.fields.get(name)).map(|field| &field.shape);
        match kind {
            Kind::Struct(inner) => validation(inner, &path, inside.and_then(|shape| shape.object.as_ref()), note),
            Kind::List(items) => {
                let item = inside.and_then(|shape| shape.list.as_ref()?.items.as_ref()?.object.as_ref());
                items.iter().for_each(|(index, inner)| validation(inner, &format!("{path}[{index}]"), item, note));
            }
            Kind::Field(found) => {
                for error in found {
                    match (&error.message, error.code.as_ref()) {
                        (Some(message), _) => note(&path, message),
                        // what the schema says too
                        (None, "length" | "range" | "email" | "url" | "regex" | "contains" | "required") => {
                            note(&path, "")
                        }
                        (None, code) => note(&path, &format!("a value that passes `{code}`")),
                    }
                }
            }
        }
    }
}

/// `order_id` is `orderId` in most schemas.
fn schema_name<'a>(rust_name: &str, shape: &'a Object) -> Option<&'a str> {
    shape.fields.keys().map(String::as_str).find(|name| same_name(name, rust_name))
}
