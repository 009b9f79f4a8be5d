//! A router with its state: takes an event, gives a reply. The path of a call, from end to end.

use std::{
    fmt,
    sync::Arc,
    task::{Context as TaskContext, Poll},
    time::Instant,
};

use lambda_runtime::{BoxFuture, Context, Diagnostic, LambdaEvent};
use serde_json::Value;

use crate::{
    call::{Attributes, RawCall},
    caller::Caller,
    coerce::Reading,
    cx::{Cx, Shared},
    error::{ErrorKind, ToolError},
    gate::{self, Passage, cache::Cache},
    metrics, nearest,
    router::Inner,
    store::Budget,
    telemetry,
    wire::{self, Undecodable, Wire},
};

/// A router with its state: a `tower::Service` from Lambda events to replies. Cheap to clone.
///
/// [`run`](crate::run) makes one; make your own with [`Router::with_state`](crate::Router::with_state) to put layers
/// around it, or to call it in a test.
pub struct Service<S> {
    router: Arc<Inner<S>>,
    state: Arc<S>,
    wires: Arc<[Wire]>,
    budget: Option<Budget>,
    cache: Arc<Cache>,
    metrics: bool,
    namespace: Arc<str>,
}

/// The event is in no format that Toolgate knows, or comes from AgentCore Gateway with a client context that does not
/// name a tool. The one error that Lambda itself reports, under a stable type ([`error_type`](Self::error_type)): there
/// is no caller whose reply format could be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownEvent(Undecodable);

impl UnknownEvent {
    /// `errorType` of the Lambda function error for an event in an unknown format.
    pub const TYPE: &'static str = "Toolgate.UnknownEvent";

    /// `errorType` of the Lambda function error: [`TYPE`](Self::TYPE), or `Toolgate.UnreadableClientContext`.
    pub const fn error_type(&self) -> &'static str {
        match self.0 {
            Undecodable::Event => Self::TYPE,
            Undecodable::ClientContext => "Toolgate.UnreadableClientContext",
        }
    }
}

impl fmt::Display for UnknownEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Undecodable::Event => {
                "the event is no call that this function knows: expected a Bedrock Agents event (function details \
                 or OpenAPI), an AgentCore Gateway call, or `{\"toolName\": .., \"toolInput\": {..}}`"
            }
            Undecodable::ClientContext => {
                "the client context has keys of AgentCore Gateway and no `bedrockAgentCoreToolName` in `custom`"
            }
        })
    }
}

impl std::error::Error for UnknownEvent {}

impl From<UnknownEvent> for Diagnostic {
    fn from(error: UnknownEvent) -> Self {
        Self { error_type: error.error_type().to_owned(), error_message: error.to_string() }
    }
}

impl<S> Service<S> {
    /// For tests' events.
    pub(crate) fn group(&self) -> &str {
        &self.router.group
    }

    /// For tests' events.
    pub(crate) fn declared(&self) -> &crate::caller::Declared {
        &self.router.declared
    }
}

impl<S: Send + Sync + 'static> Service<S> {
    pub(crate) fn new(router: Arc<Inner<S>>, state: S) -> Self {
        let (budget, cache) = (router.budget, Arc::new(Cache::new(router.cache_bytes)));
        let namespace = metrics::NAMESPACE.into();
        Self { router, state: Arc::new(state), wires: Wire::ALL.into(), budget, cache, metrics: false, namespace }
    }

    /// Limits the wires that are answered; a call on another is refused.
    #[must_use]
    pub fn wires(mut self, wires: impl IntoIterator<Item = Wire>) -> Self {
        self.wires = wires.into_iter().collect();
        self
    }

    /// Whether each call writes a line of metrics to standard output, in CloudWatch's embedded metric format: the
    /// namespace `BedrockAgents`, dimensions `AgentId`, `IntentClass` and `Success`, nothing of inputs or sessions.
    /// Without this it writes none; [`run`](crate::run) decides by `TOOLGATE_METRICS` and by whether it is on Lambda.
    #[must_use]
    pub fn metrics(mut self, on: bool) -> Self {
        self.metrics = on;
        self
    }

    /// The namespace of the metrics, instead of `BedrockAgents`: one for each environment of an account, say.
    /// [`run`](crate::run) takes it from `TOOLGATE_METRICS_NAMESPACE`.
    #[must_use]
    pub fn metrics_namespace(mut self, namespace: impl Into<Arc<str>>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Replaces the router's budget.
    ///
    /// # Errors
    /// The router names no ledger to count in.
    pub fn budget(mut self, budget: Budget) -> Result<Self, crate::Error> {
        if self.router.store.is_none() {
            return Err("a budget counts in a ledger, and the router names none: add `.ledger(|state| ..)`".into());
        }
        self.budget = Some(budget);
        Ok(self)
    }

    pub(crate) fn declared_budget(&self) -> Option<Budget> {
        self.budget
    }

    /// Answers one event.
    ///
    /// # Errors
    /// [`UnknownEvent`]; everything else is a reply.
    pub async fn handle(&self, event: Value, context: &Context) -> Result<Value, UnknownEvent> {
        let started = Instant::now();
        let decoded = match wire::decode(event, context) {
            Ok(decoded) => decoded,
            Err(why) => {
                let error = UnknownEvent(why);
                match why {
                    Undecodable::Event => telemetry::unknown_event(&context.request_id),
                    Undecodable::ClientContext => telemetry::unreadable(&context.request_id, error.error_type()),
                }
                return Err(error);
            }
        };
        let wire = decoded.echo.wire();
        let done = self.dispatch(decoded.call, decoded.unreadable, wire).await;
        let duration = started.elapsed();
        telemetry::call(&done.record, wire, &context.request_id, duration);
        if self.metrics {
            metrics::emit(&self.namespace, &done.record, wire, &context.request_id, duration);
        }
        Ok(wire::encode(decoded.echo, done.outcome, done.session, done.prompt))
    }

    async fn dispatch(&self, mut call: RawCall, unreadable: Option<ToolError>, wire: Wire) -> Done {
        let entry = self.router.tools.get(&call.tool).cloned();
        let name = entry.as_ref().map(|entry| entry.name.clone());
        let class = entry.as_ref().and_then(|entry| entry.intent_class.as_ref()).unwrap_or(&self.router.intent_class);
        let agent = call.facts.agent.as_ref().map(|agent| agent.id.clone());
        let mut record =
            telemetry::Record { tool: name, intent_class: class.clone(), agent, ..telemetry::Record::default() };
        let stop = if !self.wires.contains(&wire) {
            Some(ToolError::refused(format!("this function takes no calls on the {wire} wire")))
        } else {
            unreadable
        };
        let entry = match (stop, entry) {
            (Some(error), _) => return Done::stopped(call, record, error.at("wire")),
            (None, None) => {
                let error = self.unknown_tool(&call.tool).at("tool");
                return Done::stopped(call, record, error);
            }
            (None, Some(entry)) => entry,
        };
        let mut reading = Reading::new(wire.absence());
        for name in std::mem::take(&mut call.doubled) {
            reading.on(&name, Reading::doubled);
        }
        let arguments = std::mem::take(&mut call.arguments);
        let caller = match Caller::read(&self.router.declared, &mut call.facts, &mut call.session_attributes) {
            Ok(caller) => caller,
            Err(error) => return Done::stopped(call, record, error.at("wire")),
        };
        let shared = Shared::new(call, caller, self.router.identity.clone(), entry.exposed.clone());
        let cx = Cx::new(self.state.clone(), Arc::new(shared));
        let outcome = gate::walk(Passage {
            router: self.router.clone(),
            entry,
            cx: cx.clone(),
            budget: self.budget,
            cache: self.cache.clone(),
            arguments,
            reading,
            ready: None,
        })
        .await;
        let (session, prompt) = cx.shared().attributes();
        record.walked(cx.trail());
        let outcome = outcome.map_err(|error| record.stopped(error));
        Done { outcome, session, prompt, record }
    }

    fn unknown_tool(&self, name: &str) -> ToolError {
        let mut names: Vec<&str> = self.router.tools.keys().map(String::as_str).collect();
        names.sort_unstable();
        let near = nearest::find(name, names.iter().copied());
        ToolError::of(
            ErrorKind::UnknownTool,
            match near {
                Some(near) => format!("there is no such tool; did you mean `{near}`?"),
                None => format!("there is no such tool; there are `{}`", names.join("`, `")),
            },
        )
    }
}

/// What became of a call.
struct Done {
    outcome: Result<Value, ToolError>,
    session: Attributes,
    prompt: Attributes,
    record: telemetry::Record,
}

impl Done {
    /// A call that never got to have a context.
    fn stopped(call: RawCall, mut record: telemetry::Record, error: ToolError) -> Self {
        let error = record.stopped(error);
        Self { outcome: Err(error), session: call.session_attributes, prompt: call.prompt_attributes, record }
    }
}

impl<S> Clone for Service<S> {
    fn clone(&self) -> Self {
        Self {
            router: self.router.clone(),
            state: self.state.clone(),
            wires: self.wires.clone(),
            budget: self.budget,
            cache: self.cache.clone(),
            metrics: self.metrics,
            namespace: self.namespace.clone(),
        }
    }
}

impl<S> fmt::Debug for Service<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("group", &self.router.group).field("wires", &self.wires).finish_non_exhaustive()
    }
}

impl<S: Send + Sync + 'static> tower::Service<LambdaEvent<Value>> for Service<S> {
    type Response = Value;
    type Error = UnknownEvent;
    type Future = BoxFuture<'static, Result<Value, UnknownEvent>>;

    fn poll_ready(&mut self, _cx: &mut TaskContext<'_>) -> Poll<Result<(), UnknownEvent>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, event: LambdaEvent<Value>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { service.handle(event.payload, &event.context).await })
    }
}
