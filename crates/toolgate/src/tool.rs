//! A tool as it is declared: a function, its name, and the rules it runs under.

use std::{fmt, panic::Location, sync::Arc, time::Duration};

use lambda_runtime::BoxFuture;
use serde_json::Value;

use crate::{
    cx::Cx,
    entry::{Exec, Typed},
    error::ToolError,
    handler::{Described, Readable, ToolFn, ToolFuture, ToolReply, Validated},
    schema::reflect,
};

/// How long a parked call waits for a person, and their approval holds, unless [`Tool::approval_ttl`] says otherwise.
pub const DEFAULT_APPROVAL_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a `.once()` tool recognises a repeat, unless [`Tool::once_ttl`] says otherwise.
pub const DEFAULT_ONCE_TTL: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) type Run<S, I> = Arc<dyn Fn(Cx<S>, I) -> BoxFuture<'static, Result<Value, ToolError>> + Send + Sync>;
pub(crate) type Check<S, I> = Box<dyn Fn(&Cx<S>, &I) -> Result<(), String> + Send + Sync>;
pub(crate) type KeyOf<S, I> = Box<dyn Fn(&I, &Cx<S>) -> String + Send + Sync>;

/// A tool for a [`Router`](crate::Router) with state `S`; `I` is the tool's input type.
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
pub struct Tool<S, I> {
    pub(crate) draft: Draft,
    pub(crate) run: Run<S, I>,
    pub(crate) rules: Vec<(String, Check<S, I>)>,
    pub(crate) once_by: Option<KeyOf<S, I>>,
    /// Forgets the input's type. It is made where the type is checked, so that a wrong one is told once.
    pub(crate) erase: fn(Typed<S, I>) -> Box<dyn Exec<S>>,
}

/// What is declared of a tool beside its function, before it is checked.
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) input: Value,
    pub(crate) output: Value,
    pub(crate) expose: Option<Expose>,
    pub(crate) accept: Option<Vec<String>>,
    pub(crate) refuse: Vec<String>,
    pub(crate) confirm: bool,
    pub(crate) once: bool,
    pub(crate) once_ttl: Duration,
    pub(crate) leased: bool,
    pub(crate) approval_ttl: Option<Duration>,
    pub(crate) cache: Option<Duration>,
    pub(crate) shared: bool,
    pub(crate) intent_class: Option<String>,
    pub(crate) max_reply: Option<usize>,
    pub(crate) key: Option<Vec<String>>,
    /// The crate that the function is from, which may log below `info`.
    pub(crate) from: &'static str,
    /// Where the tool is declared, for build errors.
    pub(crate) location: &'static Location<'static>,
}

pub(crate) enum Expose {
    All,
    Fields(Vec<String>),
}

impl<S, I> Tool<S, I> {
    /// A tool called `name` (letters, digits, single `_` or `-`; 1–64 characters) that runs `function`.
    ///
    /// The doc comment of the input type becomes the description that the model reads; those of its fields describe
    /// the parameters.
    #[track_caller]
    pub fn new<F, Args>(name: impl Into<String>, function: F) -> Self
    where
        S: Send + Sync + 'static,
        F: ToolFn<S, Args, Input = I>,
        F::Future: ToolReply + Send,
        I: Readable + Described + Validated + Send + 'static,
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
            confirm: false,
            once: false,
            once_ttl: DEFAULT_ONCE_TTL,
            leased: false,
            approval_ttl: None,
            cache: None,
            shared: false,
            intent_class: None,
            max_reply: None,
            key: None,
            from: std::any::type_name::<F>().split("::").next().unwrap_or_default(),
            location: Location::caller(),
        };
        Self { draft, run, rules: Vec::new(), once_by: None, erase: |typed| Box::new(Arc::new(typed)) }
    }

    /// Replaces the description that the model reads.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.draft.description = Some(description.into());
        self
    }

    /// The fields of the output that leave the function; all others are dropped. Paths go into objects and lists:
    /// `billingAddress.city`, `orders[].status`. A field stands for all that is in it.
    #[must_use]
    pub fn expose<P: Into<String>>(mut self, fields: impl IntoIterator<Item = P>) -> Self {
        self.draft.expose = Some(Expose::Fields(fields.into_iter().map(Into::into).collect()));
        self
    }

    /// Lets the whole output leave.
    #[must_use]
    pub fn expose_all(mut self) -> Self {
        self.draft.expose = Some(Expose::All);
        self
    }

    /// Narrows the input to these of its fields; the others are unknown to the model and denied.
    #[must_use]
    pub fn accept<P: Into<String>>(mut self, fields: impl IntoIterator<Item = P>) -> Self {
        self.draft.accept = Some(fields.into_iter().map(Into::into).collect());
        self
    }

    /// Fields that nobody may set, and that the model is told so about. They are not fields of the input.
    #[must_use]
    pub fn refuse<P: Into<String>>(mut self, fields: impl IntoIterator<Item = P>) -> Self {
        self.draft.refuse.extend(fields.into_iter().map(Into::into));
        self
    }

    /// A rule over values and caller, checked before the tool runs. An `Err` holds the public text of the refusal;
    /// `name` is for the log.
    #[must_use]
    pub fn require<F>(mut self, name: impl Into<String>, rule: F) -> Self
    where
        F: Fn(&Cx<S>, &I) -> Result<(), String> + Send + Sync + 'static,
    {
        self.rules.push((name.into(), Box::new(rule)));
        self
    }

    /// A person must say yes first. Bedrock Agents asks. On the other wires the call is parked as an approval, if the
    /// router's [ledger](crate::RouterBuilder::ledger) has a table for them, and is refused otherwise. What runs after a
    /// person's yes is the input that was approved, once: a repeat gets the first reply.
    ///
    /// Which calls are the same is said by [`key`](Self::key); an approval holds for one session and identity.
    #[must_use]
    pub fn confirm(mut self) -> Self {
        self.draft.confirm = true;
        self
    }

    /// How long a parked call waits for a person, and their approval holds (default [`DEFAULT_APPROVAL_TTL`]).
    #[must_use]
    pub fn approval_ttl(mut self, ttl: Duration) -> Self {
        self.draft.approval_ttl = Some(ttl);
        self
    }

    /// The effect happens once, however often the call is repeated. The tool commits its effect and the record of it
    /// together, by `commit` of `toolgate-dynamodb`; where the effect is elsewhere, see [`leased`](Self::leased).
    ///
    /// What identifies the effect: the session and the declared identity, as far as they are known, and the fields of [`key`](Self::key).
    #[must_use]
    pub fn once(mut self) -> Self {
        self.draft.once = true;
        self
    }

    /// As [`once`](Self::once), under a key of your own, which holds for all sessions and callers.
    #[must_use]
    pub fn once_by<F>(mut self, key: F) -> Self
    where
        F: Fn(&I, &Cx<S>) -> String + Send + Sync + 'static,
    {
        self.draft.once = true;
        self.once_by = Some(Box::new(key));
        self
    }

    /// The effect of this `.once()` tool is outside of DynamoDB: a payment service, say. Instead of committing, the tool
    /// runs under a lease that ends with the function's deadline; its reply is kept by the router's
    /// [ledger](crate::RouterBuilder::ledger) and answers repeats. While the first call runs, a repeat is told "already
    /// in progress".
    ///
    /// A crash between the effect and the kept reply makes the next repeat run again, so hand
    /// [`OnceKey::id`](crate::OnceKey::id) to the other system as its idempotency key: it is the same in every repeat.
    /// An error of kind `invalid`, `refused`, `not found` or `conflict` must mean that nothing has happened.
    #[must_use]
    pub fn leased(mut self) -> Self {
        self.draft.leased = true;
        self
    }

    /// Keeps outputs of this read-only tool for `ttl` in the warm instance, by input, session, identity and attributes.
    /// A call that sets an attribute is not kept.
    #[must_use]
    pub fn cache(mut self, ttl: Duration) -> Self {
        self.draft.cache = Some(ttl);
        self
    }

    /// Cached outputs serve all sessions and callers: only for a tool whose output depends on nothing but its input.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.draft.shared = true;
        self
    }

    /// The `IntentClass` of this tool in the metrics; default: the router's.
    #[must_use]
    pub fn intent_class(mut self, class: impl Into<String>) -> Self {
        self.draft.intent_class = Some(class.into());
        self
    }

    /// How long a repeat is recognised (default [`DEFAULT_ONCE_TTL`]).
    #[must_use]
    pub fn once_ttl(mut self, ttl: Duration) -> Self {
        self.draft.once_ttl = ttl;
        self
    }

    /// The most bytes of JSON that an output may have; default: 24 KB on the Agents wires, 256 KB elsewhere. The longest
    /// list of a longer output is cut at an item, and the output says so with `truncated` and `omitted`; without a list
    /// to cut, the model is told to narrow its query.
    #[must_use]
    pub fn max_reply(mut self, bytes: usize) -> Self {
        self.draft.max_reply = Some(bytes);
        self
    }

    /// The fields that identify the effect; default: all of the input. With `["orderId", "amount"]` a rephrased
    /// `reason` is not another refund.
    #[must_use]
    pub fn key<P: Into<String>>(mut self, fields: impl IntoIterator<Item = P>) -> Self {
        self.draft.key = Some(fields.into_iter().map(Into::into).collect());
        self
    }
}

impl<S, I> fmt::Debug for Tool<S, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("name", &self.draft.name).finish_non_exhaustive()
    }
}
