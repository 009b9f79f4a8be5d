//! A tool as the router keeps it: checked, compiled, and with its types erased behind two small traits.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use lambda_runtime::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use validator::Validate;

use crate::{
    catalog::CatalogTool,
    coerce::show,
    cx::Cx,
    error::{Problem, ToolError},
    gate::fields_out::Exposed,
    schema::shape::{Object, Shape},
    tool::{Check, KeyOf, Run},
};

/// A tool, ready to be called.
pub(crate) struct Entry<S> {
    pub(crate) name: String,
    pub(crate) shape: Object,
    pub(crate) refuse: Vec<String>,
    pub(crate) confirm: bool,
    pub(crate) once: Option<Once>,
    pub(crate) exposed: Arc<Exposed>,
    pub(crate) exec: Box<dyn Exec<S>>,
    pub(crate) catalog: CatalogTool,
}

/// What identifies a once-tool's effect, and for how long.
pub(crate) struct Once {
    pub(crate) key: Option<Vec<String>>,
    pub(crate) ttl: Duration,
}

/// Makes typed input out of a read one.
pub(crate) trait Exec<S>: Send + Sync {
    fn prepare(&self, input: Map<String, Value>, shape: &Object) -> Result<Box<dyn Ready<S>>, Vec<Problem>>;
}

/// A typed input and the function that it is for.
pub(crate) trait Ready<S>: Send {
    fn rules(&self, cx: &Cx<S>) -> Result<(), ToolError>;
    fn once_by(&self, cx: &Cx<S>) -> Option<String>;
    fn run(self: Box<Self>, cx: Cx<S>) -> BoxFuture<'static, Result<Value, ToolError>>;
}

/// The typed side of a tool.
pub(crate) struct Typed<S, I> {
    pub(crate) run: Run<S, I>,
    pub(crate) rules: Vec<(String, Check<S, I>)>,
    pub(crate) once_by: Option<KeyOf<S, I>>,
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
        let typed: I = serde_path_to_error::deserialize(&value).map_err(|error| {
            let path = error.path().to_string();
            vec![problem(shape, &value, if path == "." { "" } else { &path }, &error.into_inner().to_string())]
        })?;
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

    fn once_by(&self, cx: &Cx<S>) -> Option<String> {
        self.tool.once_by.as_ref().map(|key| key(&self.input, cx))
    }

    fn run(self: Box<Self>, cx: Cx<S>) -> BoxFuture<'static, Result<Value, ToolError>> {
        (self.tool.run)(cx, self.input)
    }
}

/// A problem that serde or `validator` found. Their texts may repeat the value, so a secret field's is not used.
fn problem(shape: &Object, input: &Value, path: &str, message: &str) -> Problem {
    let steps = steps(path);
    let (value, shape) = find(shape, input, &steps);
    let secret = shape.is_some_and(|shape| shape.secret);
    let got = show(value.unwrap_or(&Value::Null), secret);
    let quoted = value.and_then(Value::as_str).is_some_and(|text| !text.is_empty() && message.contains(text));
    let schema = shape.map(|shape| shape.expected.clone()).filter(|expected| !expected.is_empty());
    let expected = match (secret || quoted || message.len() > 200, schema) {
        (true, schema) => schema.unwrap_or_else(|| "a valid value".into()),
        (false, Some(schema)) if message.is_empty() => schema,
        (false, _) => message.to_owned(),
    };
    Problem::new(path, expected, got)
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
        let path = if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
        let inside = shape.and_then(|shape| shape.fields.get(name)).map(|field| &field.shape);
        match kind {
            Kind::Struct(inner) => validation(inner, &path, inside.and_then(|shape| shape.object.as_ref()), note),
            Kind::List(items) => {
                let item = inside.and_then(|shape| shape.list.as_ref()?.items.as_ref()?.object.as_ref());
                items.iter().for_each(|(index, inner)| validation(inner, &format!("{path}[{index}]"), item, note));
            }
            Kind::Field(found) => {
                for error in found {
                    note(&path, error.message.as_deref().unwrap_or_default());
                }
            }
        }
    }
}

/// `order_id` is `orderId` in most schemas.
fn schema_name<'a>(rust_name: &str, shape: &'a Object) -> Option<&'a str> {
    let letters =
        |name: &str| name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let wanted = letters(rust_name);
    shape.fields.keys().map(String::as_str).find(|name| letters(name) == wanted)
}
