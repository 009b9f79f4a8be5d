//! The declaration of a tool: a function, its name, and its options.

use std::{fmt, future::Future, marker::PhantomData, panic::Location, sync::Arc, time::Duration};

use serde_json::Value;

use crate::{
    cx::Cx,
    declare::{
        cache::Cache,
        confirm::Confirm,
        once::{Once, OnceKeeper, OnceOptions},
    },
    effect,
    error::ToolError,
    handler::{ToolDeserialize, ToolFn, ToolFuture, ToolJsonSchema, ToolReply, ToolValidate},
    middleware::{self, Call, Middleware, Next, Outcome},
    registered::{ErasedTool, Run, Typed},
    schema::reflect,
};

/// A tool for a [`Router`](crate::Router) with state `S`. `I` is the tool's input type, and `O` is the type of its
/// output.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use toolgate::{Router, Tool, ToolError};
/// use validator::Validate;
///
/// /// Add two whole numbers.
/// #[derive(Deserialize, JsonSchema, Validate)]
/// struct Add {
///     /// The first number.
///     a: i64,
///     /// The second number.
///     b: i64,
/// }
///
/// #[derive(Serialize, JsonSchema)]
/// struct Sum {
///     /// `a` and `b` together.
///     sum: i64,
/// }
///
/// async fn add(input: Add) -> Result<Sum, ToolError> {
///     let sum = input.a.checked_add(input.b).ok_or_else(|| ToolError::invalid("the sum is too large"))?;
///     Ok(Sum { sum })
/// }
///
/// let router = Router::<()>::builder().tool(Tool::new("add", add).expose(["sum"])).build()?;
/// # Ok::<(), toolgate::BuildErrors>(())
/// ```
#[must_use]
pub struct Tool<S, I, O> {
    pub(crate) draft: Draft,
    pub(crate) typed: Typed<S, I>,
    pub(crate) middleware: Vec<Middleware<S>>,
    /// Erases the input's type. It is created where the type is checked, so that a wrong type causes only one error.
    pub(crate) erase: fn(Typed<S, I>) -> Box<dyn ErasedTool<S>>,
    output: PhantomData<fn() -> O>,
}

/// The declared options of a tool, without its function, before they are checked.
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) input: Value,
    pub(crate) output: Value,
    pub(crate) expose: Option<Expose>,
    pub(crate) accept: Option<Vec<String>>,
    pub(crate) refuse: Vec<String>,
    /// How long an approval is valid.
    pub(crate) confirm: Option<Duration>,
    pub(crate) once: Option<OnceOptions>,
    pub(crate) cache: Option<Cache>,
    /// The function returns [`Committed`](crate::Committed).
    pub(crate) commits: bool,
    pub(crate) intent_class: Option<String>,
    pub(crate) max_reply: Option<usize>,
    pub(crate) title: Option<String>,
    pub(crate) read_only: bool,
    pub(crate) additive: bool,
    /// The crate that defines the function. It may log below `info`.
    pub(crate) from: &'static str,
    /// The source location of the declaration, for build errors.
    pub(crate) location: &'static Location<'static>,
}

pub(crate) enum Expose {
    All,
    Fields(Vec<String>),
}

impl<S, I, O> Tool<S, I, O> {
    /// Creates a tool with the name `name` (letters, digits, single `_` or `-`; 1–64 characters) that runs `function`.
    ///
    /// The doc comment of the input type becomes the description that the model reads. The doc comments of its fields
    /// describe the parameters.
    #[track_caller]
    pub fn new<F, Args>(name: impl Into<String>, function: F) -> Self
    where
        S: Send + Sync + 'static,
        F: ToolFn<S, Args, Input = I>,
        F::Future: ToolReply + ToolFuture<Ok = O> + Send,
        I: ToolDeserialize + ToolJsonSchema + ToolValidate + Send + 'static,
    {
        let run: Run<S, I> = Arc::new(move |cx, input| {
            let future = function.call(cx, input);
            Box::pin(async move {
                let output = future.await.map_err(Into::into)?;
                serde_json::to_value(output).map_err(ToolError::internal)
            })
        });
        let draft = Draft {
            name: name.into(),
            description: None,
            input: reflect::input::<I>(),
            output: reflect::output::<<F::Future as ToolFuture>::Ok>(),
            expose: None,
            accept: None,
            refuse: Vec::new(),
            confirm: None,
            once: None,
            cache: None,
            commits: effect::is_committed::<<F::Future as ToolFuture>::Ok>(),
            intent_class: None,
            max_reply: None,
            title: None,
            read_only: false,
            additive: false,
            from: std::any::type_name::<F>().split("::").next().unwrap_or_default(),
            location: Location::caller(),
        };
        Self {
            draft,
            typed: Typed { run, rules: Vec::new(), once_by: None, confirm_by: None, confirm_when: None },
            middleware: Vec::new(),
            erase: |typed| Box::new(Arc::new(typed)),
            output: PhantomData,
        }
    }

    /// Replaces the description that the model reads.
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.draft.description = Some(description.into());
        self
    }

    /// Sets the name that an MCP client shows to a person. The model reads the tool's own name.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.draft.title = Some(title.into());
        self
    }

    /// Declares that the tool changes nothing. MCP clients then read `readOnlyHint: true` and may call it without asking
    /// a person. A tool with [`cache`](Self::cache) is read-only without it.
    pub fn read_only(mut self) -> Self {
        self.draft.read_only = true;
        self
    }

    /// Declares that the effect only adds data, and replaces or deletes none. MCP clients then read
    /// `destructiveHint: false`.
    pub fn additive(mut self) -> Self {
        self.draft.additive = true;
        self
    }

    /// Lists the fields of the output that leave the function. All others are dropped. Paths go into objects and lists:
    /// `billingAddress.city`, `orders[].status`. A field includes everything inside of it.
    pub fn expose<P: Into<String>>(mut self, fields: impl IntoIterator<Item = P>) -> Self {
        self.draft.expose = Some(Expose::Fields(fields.into_iter().map(Into::into).collect()));
        self
    }

    /// Exposes the whole output.
    pub fn expose_all(mut self) -> Self {
        self.draft.expose = Some(Expose::All);
        self
    }

    /// Limits the input to these of its fields. The other fields are hidden from the model and rejected.
    pub fn accept<P: Into<String>>(mut self, fields: impl IntoIterator<Item = P>) -> Self {
        self.draft.accept = Some(fields.into_iter().map(Into::into).collect());
        self
    }

    /// Lists fields that no caller may set. A call that sets one gets an error that names the field. They are not
    /// fields of the input.
    pub fn refuse<P: Into<String>>(mut self, fields: impl IntoIterator<Item = P>) -> Self {
        self.draft.refuse.extend(fields.into_iter().map(Into::into));
        self
    }

    /// Adds a rule on the values and the caller, checked before the tool runs. An `Err` contains the public message of
    /// the refusal. `name` appears in the log.
    pub fn require<F>(mut self, name: impl Into<String>, rule: F) -> Self
    where
        F: Fn(&Cx<S>, &I) -> Result<(), String> + Send + Sync + 'static,
    {
        self.typed.rules.push((name.into(), Box::new(rule)));
        self
    }

    /// Requires a person's approval; see [`Confirm`].
    pub fn confirm(mut self, confirm: Confirm<I>) -> Self {
        self.draft.confirm = Some(confirm.within);
        self.typed.confirm_by = confirm.by;
        self.typed.confirm_when = confirm.when;
        self
    }

    /// Makes the effect happen once, however often the call is repeated; see [`Once`]. The tool returns
    /// [`Committed`](crate::Committed), or its plain output where the effect is [leased](Once::leased).
    pub fn once<K>(mut self, once: Once<I, K>) -> Self
    where
        K: OnceKeeper<O>,
    {
        self.draft.once = Some(OnceOptions { ttl: once.ttl, keeping: once.keeping });
        self.typed.once_by = Some(once.by);
        self
    }

    /// Caches the outputs of this read-only tool; see [`Cache`].
    pub fn cache(mut self, cache: Cache) -> Self {
        self.draft.cache = Some(cache);
        self
    }

    /// Adds middleware to this tool, after the router's middleware; see
    /// [`RouterBuilder::with`](crate::RouterBuilder::with). It runs before the confirm gate, so it can refuse calls
    /// before a person is asked to approve them.
    ///
    /// ```
    /// use schemars::JsonSchema;
    /// use serde::{Deserialize, Serialize};
    /// use toolgate::{Call, Next, Outcome, Router, Tool, ToolError};
    /// use validator::Validate;
    ///
    /// /// Close an account.
    /// #[derive(Deserialize, JsonSchema, Validate)]
    /// struct CloseAccount { account: String }
    ///
    /// #[derive(Serialize, JsonSchema)]
    /// struct Closed { account: String }
    ///
    /// struct Bank;
    ///
    /// async fn close_account(input: CloseAccount) -> Result<Closed, ToolError> {
    ///     Ok(Closed { account: input.account })
    /// }
    ///
    /// /// The account belongs to the caller.
    /// async fn owned(call: Call<Bank>, next: Next<Bank>) -> Outcome {
    ///     let owner = call.cx().caller().identity("customerId");
    ///     if owner.is_none() || call.input().get("account").and_then(|id| id.as_str()) != owner {
    ///         return Err(ToolError::not_found("there is no such account"));
    ///     }
    ///     next.run(call).await
    /// }
    ///
    /// let tool = Tool::new("close_account", close_account).with(owned).expose(["account"]);
    /// let router = Router::<Bank>::builder().identity(["customerId"]).tool(tool).build()?;
    /// # Ok::<(), toolgate::BuildErrors>(())
    /// ```
    pub fn with<F, Fut>(mut self, middleware: F) -> Self
    where
        F: Fn(Call<S>, Next<S>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        self.middleware.push(middleware::erase(middleware));
        self
    }

    /// Sets the `IntentClass` of this tool in the metrics. Default: the router's.
    pub fn intent_class(mut self, class: impl Into<String>) -> Self {
        self.draft.intent_class = Some(class.into());
        self
    }

    /// Sets the maximum size of an output in bytes of JSON. Default: 24 KB on the Agents wires, 256 KB elsewhere. If an
    /// output is longer, its longest list is truncated at an item, and the output reports that in `truncated` and
    /// `omitted`. If there is no list to truncate, the model gets an error that asks it to narrow its query.
    pub fn max_reply(mut self, bytes: usize) -> Self {
        self.draft.max_reply = Some(bytes);
        self
    }
}

impl<S, I, O> fmt::Debug for Tool<S, I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("name", &self.draft.name).finish_non_exhaustive()
    }
}
