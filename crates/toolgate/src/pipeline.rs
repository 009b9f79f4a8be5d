//! The order of a call: all gates, the middleware and the tool, in one list. **Read this file first.**
//!
//! `wire` decodes an event, the pipeline runs the call, and `wire` encodes the outcome (`service.rs`). No gate
//! depends on the order. Only `service.rs` imports this file.

use std::sync::Arc;

use crate::{
    budget::Budget,
    call::{Attributes, RawCall},
    call_context::CallContext,
    caller::Caller,
    coerce::Coercion,
    cx::{Cx, Shared},
    error::ToolError,
    gate::{budget, cache, confirm, deadline, fields_in, fields_out, once, panics, rules, size, types},
    middleware::{self, Middleware, Outcome},
    output_cache::OutputCache,
    registry::{Registered, Registry},
    telemetry::Record,
    wire::kind::Wire,
};

/// Runs a call through the gates, the middleware, the tool and the gates on its output, in this order. A step that
/// returns an error ends the call. `at` records the name of that step for the call's log line.
///
/// The numbers are those in the table of `docs/gates.md`.
async fn pass<S: Send + Sync + 'static>(mut call: CallContext<S>, middleware: Arc<[Middleware<S>]>) -> Outcome {
    let (tool, cx) = (call.tool.clone(), call.cx.clone());
    // 1 tool: `Pipeline::open`, below
    at("fields in", fields_in::enter(&call))?; // 2
    at("types", types::enter(&mut call))?; // 3
    at("rules", rules::enter(&call))?; // 4
    // 10 deadline: covers the middleware, the gates with memory and the tool
    let has_middleware = call.has_middleware;
    let inside = deadline::within(
        &cx,
        middleware::around(middleware, call, |mut call| async move {
            let (tool, cx) = (call.tool.clone(), call.cx.clone());
            let (cache_key, cached) = cache::enter(&call); // 5
            if let Some(output) = cached {
                return Ok(output);
            }
            let outcome = async {
                at("once", once::set_key(&call, None))?; // the key that 6 to 9 share
                at("budget", budget::enter(&call.ledger, &cx, call.budget).await)?; // 6 replay and 7 budget: one request
                at("confirm", confirm::enter(&mut call).await)?; // 8
                at("once", once::look(&call.ledger, &cx).await)?; // 9
                let lease = at("once", once::enter(&call.ledger, &cx).await)?; // 9
                let prepared = call
                    .prepared
                    .take()
                    .ok_or_else(|| ToolError::internal("the tool ran before its input was read"))?;
                cx.trail().note_begun();
                let outcome = at("", prepared.run(cx.clone()).await); // the tool
                at("once", once::leave(&call.ledger, &cx, &tool, lease, outcome).await) // 9
            };
            let output = once::replayed(&cx, outcome.await)?; // 6 and 9: a repeat gets the first reply
            let output = fields_out::leave(&tool, &cx, output); // 11
            cache::leave(&call, cache_key, &output); // 5
            Ok(output)
        }),
    );
    let output = inside.await?;
    // 11 again: middleware may have added fields, and only exposed fields may leave
    let output = if has_middleware { fields_out::leave(&tool, &cx, output) } else { output };
    at("size", size::leave(&tool, &cx, once::mark_repeat(&cx, output))) // 12
}

/// Records the step that stopped a call, for its log line. Only the first record counts.
fn at<T>(step: &'static str, result: Result<T, ToolError>) -> Result<T, ToolError> {
    result.map_err(|error| error.at(step))
}

/// A call that passed gate 1, and the middleware around it.
type Opened<S> = (CallContext<S>, Arc<[Middleware<S>]>);

/// The data that all calls of a function share.
pub(crate) struct Pipeline<S> {
    pub(crate) registry: Arc<Registry<S>>,
    pub(crate) wires: Arc<[Wire]>,
    pub(crate) budget: Option<Budget>,
    state: Arc<S>,
    cache: Arc<OutputCache>,
}

/// A call with its outcome, and the data for its reply.
pub(crate) struct Finished {
    pub(crate) outcome: Outcome,
    pub(crate) session: Attributes,
    pub(crate) prompt: Attributes,
    pub(crate) record: Record,
}

impl<S: Send + Sync + 'static> Pipeline<S> {
    pub(crate) fn new(registry: Arc<Registry<S>>, state: S) -> Self {
        let (budget, cache) = (registry.budget, Arc::new(OutputCache::new(registry.cache_bytes)));
        Self { registry, wires: Wire::BY_DEFAULT.into(), budget, state: Arc::new(state), cache }
    }

    /// Runs a call and returns its result. `unreadable` is the error if the wire could not read the whole call.
    pub(crate) async fn run(&self, mut call: RawCall, unreadable: Option<ToolError>, wire: Wire) -> Finished {
        let registered = self.registry.tools.get(&call.tool);
        let mut record = self.record(&call, registered);
        let (context, middleware) = match self.open(&mut call, registered, unreadable, wire) {
            Ok(opened) => opened,
            Err(error) => {
                let outcome = Err(record.stopped(error));
                return Finished { outcome, session: call.session_attributes, prompt: call.prompt_attributes, record };
            }
        };
        let cx = context.cx.clone();
        let outcome = panics::caught(pass(context, middleware)).await;
        let (session, prompt) = cx.shared().attributes();
        record.record_trail(cx.trail());
        Finished { outcome: outcome.map_err(|error| record.stopped(error)), session, prompt, record }
    }

    /// Gate 1, tool: the function accepts this wire, the call and its caller can be read, and the tool exists.
    fn open(
        &self,
        call: &mut RawCall,
        registered: Option<&Registered<S>>,
        unreadable: Option<ToolError>,
        wire: Wire,
    ) -> Result<Opened<S>, ToolError> {
        if !self.wires.contains(&wire) {
            return Err(
                ToolError::refused(format!("this function does not accept calls on the {wire} wire")).at("wire")
            );
        }
        if let Some(error) = unreadable {
            return Err(error.at("wire"));
        }
        let registered = registered.ok_or_else(|| self.registry.unknown(&call.tool).at("tool"))?;
        let declared = &self.registry.declared;
        let caller = at("wire", Caller::read(declared, &mut call.metadata, &mut call.session_attributes))?;
        let mut coercion = Coercion::new(wire.absence());
        for name in std::mem::take(&mut call.duplicates) {
            coercion.on(&name, Coercion::duplicate);
        }
        let tool = registered.tool.clone();
        let arguments = std::mem::take(&mut call.arguments);
        let shared = Shared::new(std::mem::take(call), caller, self.registry.identity.clone(), tool.exposed.clone());
        let context = CallContext {
            tool,
            cx: Cx::new(self.state.clone(), Arc::new(shared)),
            group: self.registry.group.clone(),
            ledger: self.registry.ledger.clone(),
            budget: self.budget,
            cache: self.cache.clone(),
            has_middleware: !registered.middleware.is_empty(),
            arguments,
            coercion,
            prepared: None,
        };
        Ok((context, registered.middleware.clone()))
    }

    /// The part of the log line and the metrics that is known before the call runs.
    fn record(&self, call: &RawCall, registered: Option<&Registered<S>>) -> Record {
        let tool = registered.map(|registered| &registered.tool);
        let class = tool.and_then(|tool| tool.intent_class.as_ref()).unwrap_or(&self.registry.intent_class);
        Record {
            tool: tool.map(|tool| tool.name.clone()),
            intent_class: class.clone(),
            agent: call.metadata.agent.as_ref().map(|agent| agent.id.clone()),
            ..Record::default()
        }
    }
}

impl<S> Clone for Pipeline<S> {
    fn clone(&self) -> Self {
        Self {
            registry: self.registry.clone(),
            wires: self.wires.clone(),
            budget: self.budget,
            state: self.state.clone(),
            cache: self.cache.clone(),
        }
    }
}
