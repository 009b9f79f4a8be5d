//! A router with its state, as a `tower::Service`: decodes an event, runs the call through the pipeline, and encodes
//! the reply.

use std::{
    fmt,
    sync::Arc,
    task::{Context as TaskContext, Poll},
    time::Instant,
};

use lambda_runtime::{BoxFuture, Context, Diagnostic, LambdaEvent};
use serde_json::Value;

#[cfg(feature = "mcp")]
use crate::wire::mcp::{self, HttpEvent, Step, settings::McpSettings};
use crate::{
    budget::Budget,
    channel,
    error::Error,
    observe::Observation,
    pipeline::Pipeline,
    registry::Registry,
    telemetry::{
        self, metrics,
        observer::{ObservedCall, Observer},
    },
    wire::{self, Incoming, Undecodable, kind::Wire},
};
#[cfg(feature = "otel")]
use crate::{telemetry::observer::Origin, traces};

/// A router with its state: a `tower::Service` from Lambda events to replies. It is cheap to clone.
///
/// [`run`](crate::run) creates one. Create your own with [`Router::with_state`](crate::Router::with_state) to put
/// layers around it, or to call it in a test.
pub struct Service<S> {
    pipeline: Pipeline<S>,
    metrics: bool,
    namespace: Arc<str>,
    observers: Vec<Arc<dyn Observer>>,
    #[cfg(feature = "mcp")]
    mcp: Arc<Mcp>,
}

/// The mcp wire's part of a service.
#[cfg(feature = "mcp")]
#[derive(Default)]
struct Mcp {
    settings: McpSettings,
    /// The list of tools. It is made when a client first asks for it, since most instances only serve calls.
    tools: std::sync::OnceLock<Value>,
}

/// The event has an unknown format, or comes from AgentCore Gateway with a client context that does not name a tool.
/// This is the only error that Lambda itself reports, under a stable type ([`error_type`](Self::error_type)), because
/// without a known wire there is no reply format.
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
                "the event is not in a known format: expected a Bedrock Agents event (function details or OpenAPI), an \
                 AgentCore Gateway call, or `{\"toolName\": .., \"toolInput\": {..}}`"
            }
            Undecodable::ClientContext => {
                "the client context has keys of AgentCore Gateway, but no `bedrockAgentCoreToolName` in `custom`"
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

#[cfg(feature = "testing")]
impl<S> Service<S> {
    /// For the events of the test kit.
    pub(crate) fn group(&self) -> &str {
        &self.pipeline.registry.group
    }

    /// A service with the default wires, and with this one. A deployment names the mcp wire in its environment, which a
    /// test does not have.
    pub(crate) fn answering(&self, wire: Wire) -> Self {
        let mut service = self.clone();
        if *service.pipeline.wires == Wire::BY_DEFAULT {
            service.pipeline.wires = Wire::BY_DEFAULT.into_iter().chain([wire]).collect();
        }
        service
    }

    /// For the events of the test kit.
    pub(crate) fn declared(&self) -> &crate::caller::Declared {
        &self.pipeline.registry.declared
    }
}

impl<S: Send + Sync + 'static> Service<S> {
    pub(crate) fn new(registry: Arc<Registry<S>>, state: S) -> Self {
        Self {
            pipeline: Pipeline::new(registry, state),
            metrics: false,
            namespace: metrics::NAMESPACE.into(),
            observers: Vec::new(),
            #[cfg(feature = "mcp")]
            mcp: Arc::default(),
        }
    }

    /// Sets the accepted wires. A call on another wire is refused. The default is all wires except
    /// [`Mcp`](Wire::Mcp).
    #[must_use]
    pub fn wires(mut self, wires: impl IntoIterator<Item = Wire>) -> Self {
        self.pipeline.wires = wires.into_iter().collect();
        self
    }

    /// Sets whether each call writes a line of metrics to standard output, in CloudWatch's embedded metric format. The
    /// namespace is `BedrockAgents`, and the dimensions are `AgentId`, `IntentClass` and `Success`. A line contains
    /// nothing of inputs or sessions. The default is off. [`run`](crate::run) decides by `TOOLGATE_METRICS`, or by
    /// whether it runs on Lambda.
    #[must_use]
    pub fn metrics(mut self, on: bool) -> Self {
        self.metrics = on;
        self
    }

    /// Sets the namespace of the metrics, instead of `BedrockAgents`; for example one namespace per environment of an
    /// account. [`run`](crate::run) reads it from `TOOLGATE_METRICS_NAMESPACE`.
    #[must_use]
    pub fn metrics_namespace(mut self, namespace: impl Into<Arc<str>>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sends a span of each call, with its gates and its requests. [`run`](crate::run) decides by
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` and the other variables of OpenTelemetry. [`serve`](crate::serve) sends the spans of
    /// a call after its reply and before the next event; elsewhere, call
    /// [`Exporter::flush`](crate::otlp::Exporter::flush).
    #[cfg(feature = "otel")]
    #[cfg_attr(docsrs, doc(cfg(feature = "otel")))]
    #[must_use]
    pub fn traced(self, exporter: Arc<crate::otlp::Exporter>) -> Self {
        self.observed_by(traces::Traces::new(exporter))
    }

    /// Sets the settings of the mcp wire. [`run`](crate::run) reads them from the environment.
    #[cfg(feature = "mcp")]
    #[cfg_attr(docsrs, doc(cfg(feature = "mcp")))]
    #[must_use]
    pub fn mcp(mut self, settings: McpSettings) -> Self {
        self.mcp = Arc::new(Mcp { settings, ..Mcp::default() });
        self
    }

    /// Replaces the router's budget.
    ///
    /// # Errors
    /// The router declares no ledger, and a budget needs one.
    pub fn budget(mut self, budget: Budget) -> Result<Self, Error> {
        if !self.pipeline.registry.ledger.is_named() {
            return Err("a budget needs a ledger, and the router has none: add `.ledger(|state| ..)`".into());
        }
        self.pipeline.budget = Some(budget);
        Ok(self)
    }

    /// Adds an observer. It gets every call with its gates: when each began, how long it took, and its verdict. Without
    /// an observer nothing of this is measured.
    #[must_use]
    pub fn observed_by(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    pub(crate) fn declared_budget(&self) -> Option<Budget> {
        self.pipeline.budget
    }

    /// Processes one event and returns the reply.
    ///
    /// # Errors
    /// [`UnknownEvent`]. All other errors are replies.
    pub async fn handle(&self, event: Value, context: &Context) -> Result<Value, UnknownEvent> {
        let started = Instant::now();
        let channel = channel::current();
        let observation = match &channel {
            Some(_) => Some(Arc::new(Observation::new(started).with_values())),
            None => (!self.observers.is_empty()).then(|| Arc::new(Observation::new(started))),
        };
        let decoded = match wire::decode(event, context) {
            Ok(Incoming::Call(decoded)) => decoded,
            #[cfg(feature = "mcp")]
            Ok(Incoming::Http(request)) => match self.open(request, context) {
                Step::Call(decoded) => decoded,
                Step::Reply(answered) => {
                    let (method, status) = (answered.method, answered.status);
                    telemetry::request(method, status, &context.request_id, started.elapsed());
                    return Ok(answered.reply);
                }
            },
            Err(why) => {
                let error = UnknownEvent(why);
                match why {
                    Undecodable::Event => telemetry::unknown_event(&context.request_id),
                    Undecodable::ClientContext => telemetry::unreadable(&context.request_id, error.error_type()),
                }
                return Err(error);
            }
        };
        #[cfg_attr(not(feature = "otel"), expect(unused_mut, reason = "only traces take a part"))]
        let mut decoded = wire::with_context(decoded, context);
        #[cfg(feature = "otel")]
        let origin = observation.as_ref().map(|_| Origin {
            trace_parent: decoded.call.metadata.trace_parent.take(),
            xray: context.xray_trace_id.clone(),
        });
        let wire = decoded.echo.wire();
        let finished = self.pipeline.run(decoded.call, decoded.unreadable, wire, observation.clone()).await;
        let (duration, request_id) = (started.elapsed(), &context.request_id);
        telemetry::call(&finished.record, wire, request_id, duration);
        if self.metrics {
            metrics::emit(&self.namespace, &finished.record, wire, request_id, duration);
        }
        if let Some(observation) = &observation {
            let call = ObservedCall {
                record: &finished.record,
                wire,
                request_id,
                duration,
                observation,
                #[cfg(feature = "otel")]
                origin: &origin.unwrap_or_default(),
            };
            self.observers.iter().for_each(|observer| observer.finished(&call));
            if let Some(channel) = channel {
                channel.send(&call, observation.values(), &finished.outcome);
            }
        }
        Ok(wire::encode(decoded.echo, finished.outcome, finished.session, finished.prompt))
    }

    /// Answers an MCP request, or decodes the call in it.
    #[cfg(feature = "mcp")]
    fn open(&self, request: HttpEvent, context: &Context) -> Step {
        let Pipeline { registry, wires, .. } = &self.pipeline;
        let tools = || self.mcp.tools.get_or_init(|| crate::schema::mcp::mcp(&registry.catalog())).clone();
        let server = mcp::Server {
            is_named: wires.contains(&Wire::Mcp),
            declared: &registry.declared,
            settings: &self.mcp.settings,
            group: registry.group.clone(),
            description: &registry.description,
            version: &context.env_config.version,
            tools: &tools,
        };
        mcp::open(request, &server)
    }
}

impl<S> Clone for Service<S> {
    fn clone(&self) -> Self {
        Self {
            pipeline: self.pipeline.clone(),
            metrics: self.metrics,
            namespace: self.namespace.clone(),
            observers: self.observers.clone(),
            #[cfg(feature = "mcp")]
            mcp: self.mcp.clone(),
        }
    }
}

impl<S> fmt::Debug for Service<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pipeline { registry, wires, .. } = &self.pipeline;
        f.debug_struct("Service").field("group", &registry.group).field("wires", wires).finish_non_exhaustive()
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
