//! A tool in a router: checked, compiled, and with its types erased behind two small traits.

use std::{sync::Arc, time::Duration};

use lambda_runtime::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use validator::Validate;

use crate::{
    catalog::CatalogTool,
    cx::Cx,
    declare::{Condition, KeyOf, cache::Cache, once::OnceOptions},
    error::{Problem, ToolError},
    key::Key,
    projection::OutputProjection,
    schema::compiled::Object,
    validation,
};

pub(crate) type Run<S, I> = Arc<dyn Fn(Cx<S>, I) -> BoxFuture<'static, Result<Value, ToolError>> + Send + Sync>;
pub(crate) type Check<S, I> = Box<dyn Fn(&Cx<S>, &I) -> Result<(), String> + Send + Sync>;

/// A tool that is ready to be called.
pub(crate) struct RegisteredTool<S> {
    pub(crate) name: String,
    pub(crate) shape: Object,
    pub(crate) refuse: Vec<String>,
    /// How long an approval is valid, where a person must approve.
    pub(crate) confirm: Option<Duration>,
    pub(crate) once: Option<OnceOptions>,
    pub(crate) cache: Option<Cache>,
    pub(crate) intent_class: Option<String>,
    pub(crate) max_reply: Option<usize>,
    pub(crate) exposed: Arc<OutputProjection>,
    pub(crate) erased: Box<dyn ErasedTool<S>>,
    pub(crate) catalog: CatalogTool,
}

/// Makes a typed input from a converted one.
pub(crate) trait ErasedTool<S>: Send + Sync {
    fn prepare(&self, input: Map<String, Value>, shape: &Object) -> Result<Box<dyn PreparedCall<S>>, Vec<Problem>>;
    fn has_rules(&self) -> bool;
}

/// A typed input together with its function.
pub(crate) trait PreparedCall<S>: Send {
    fn rules(&self, cx: &Cx<S>) -> Result<(), ToolError>;
    /// The key of a once tool's effect.
    fn once_key(&self) -> Option<Key>;
    /// Whether a person must approve this call, if the tool has `.confirm(..)`.
    fn needs_approval(&self) -> bool;
    /// The key that decides which calls share one approval.
    fn approval_key(&self) -> Option<Key>;
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

impl<S, I> ErasedTool<S> for Arc<Typed<S, I>>
where
    S: Send + Sync + 'static,
    I: DeserializeOwned + Validate + Send + 'static,
{
    fn prepare(&self, input: Map<String, Value>, shape: &Object) -> Result<Box<dyn PreparedCall<S>>, Vec<Problem>> {
        // serde and `validator` report at most one problem per field; the schema's limits have been checked before, all
        // at once
        let value = Value::Object(input);
        // finding the path costs as much as deserialising, so it is done only for a wrong input
        let typed = I::deserialize(&value)
            .or_else(|_| serde_path_to_error::deserialize(&value))
            .map_err(|error| vec![validation::of_serde(shape, &value, error)])?;
        typed.validate().map_err(|errors| validation::of_validator(shape, &value, &errors))?;
        Ok(Box::new(TypedCall { tool: self.clone(), input: typed }))
    }

    fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }
}

impl<S, I> PreparedCall<S> for TypedCall<S, I>
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

    fn needs_approval(&self) -> bool {
        self.tool.confirm_when.as_ref().is_none_or(|when| when(&self.input))
    }

    fn approval_key(&self) -> Option<Key> {
        self.tool.once_by.as_ref().or(self.tool.confirm_by.as_ref()).map(|key| key(&self.input))
    }

    fn run(self: Box<Self>, cx: Cx<S>) -> BoxFuture<'static, Result<Value, ToolError>> {
        (self.tool.run)(cx, self.input)
    }
}
