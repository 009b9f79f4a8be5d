//! The order of a call: all gates, the middleware and the tool, in one list. **Read this file first.**
//!
//! `wire` decodes an event, the pipeline runs the call, and `wire` encodes the outcome (`service.rs`). No gate
//! depends on the order. Only `service.rs` imports this file.

use std::sync::Arc;

use serde_json::Value;

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
    observe::{self, Gate, Observation, Verdict, gate},
    output_cache::OutputCache,
    registered::RegisteredTool,
    registry::{Registered, Registry},
    requests,
    telemetry::Record,
    trail::Trail,
    wire::kind::Wire,
};

/// Runs one gate that waits, as [`gate`] runs one that does not. It is a macro, because a function around a future would
/// move the future, which costs every call time.
macro_rules! wait {
    ($seen:expr, $gate:expr, $work:expr) => {{
        let began = observe::begin($seen, $gate);
        observe::end($seen, $gate, began, $work.await)
    }};
}

/// Runs a call through the gates, the middleware, the tool and the gates on its output, in this order. A step that
/// returns an error ends the call. `observe.rs` records the step for the call's log line, and each step for observers.
///
/// The numbers are those in the table of `docs/gates.md`.
async fn pass<S: Send + Sync + 'static>(mut call: CallContext<S>, middleware: Arc<[Middleware<S>]>) -> Outcome {
    let (tool, cx) = (call.tool.clone(), call.cx.clone());
    let seen = cx.trail().seen();
    // 1 tool: `Pipeline::open`, below
    gate(seen, Gate::FieldsIn, || fields_in::enter(&call))?; // 2
    gate(seen, Gate::Types, || types::enter(&mut call))?; // 3
    gate(seen, Gate::Rules, || rules::enter(&call))?; // 4
    // 10 deadline: covers the middleware, the gates with memory and the tool
    let has_middleware = call.has_middleware;
    let inside = middleware::around(middleware, call, |mut call| async move {
        let (tool, cx) = (call.tool.clone(), call.cx.clone());
        let seen = cx.trail().seen();
        if let (Some(seen), true) = (seen, call.has_middleware) {
            seen.resume();
        }
        let (cache_key, cached) = observe::step(seen, Gate::Cache, || cache::enter(&call), was_cached); // 5
        if let Some(output) = cached {
            return Ok(output);
        }
        let outcome = async {
            observe::check(seen, Gate::Once, once::set_key(&call, None))?; // the key that 6 to 9 share
            let began = observe::begin(seen, Gate::Budget);
            let charged = budget::enter(&call.ledger, &cx, call.budget).await;
            observe::end_budget(seen, began, charged)?; // 6 and 7: one request
            wait!(seen, Gate::Confirm, confirm::enter(&mut call))?; // 8
            wait!(seen, Gate::Once, once::look(&call.ledger, &cx))?; // 9
            let lease = wait!(seen, Gate::Once, once::enter(&call.ledger, &cx))?; // 9
            let prepared =
                call.prepared.take().ok_or_else(|| ToolError::internal("the tool ran before its input was read"))?;
            cx.trail().note_begun();
            let outcome = wait!(seen, Gate::Run, prepared.run(cx.clone())); // the tool
            if let (Some(values), Ok(output)) = (cx.trail().values(), &outcome) {
                values.made(output);
            }
            wait!(seen, Gate::Once, once::leave(&call.ledger, &cx, &tool, lease, outcome)) // 9
        };
        let output = once::replayed(&cx, outcome.await)?; // 6 and 9: a repeat gets the first reply
        let output = project(&tool, &cx, output); // 11
        observe::step(seen, Gate::Cache, || cache::leave(&call, cache_key, &output), |()| Verdict::Passed); // 5
        Ok(output)
    });
    let (deadline, around) = (observe::begin(seen, Gate::Deadline), observe::begin(seen, Gate::Middleware));
    let output = deadline::within(&cx, inside).await;
    let output = observe::end_around(seen, Gate::Middleware, around, output);
    let output = observe::end_around(seen, Gate::Deadline, deadline, output)?;
    // 11 again: middleware may have added fields, and only exposed fields may leave
    let output = if has_middleware { project(&tool, &cx, output) } else { output };
    gate(seen, Gate::Size, || size::leave(&tool, &cx, once::mark_repeat(&cx, output))) // 12
}

fn was_cached((_, output): &(Option<String>, Option<Value>)) -> Verdict {
    output.as_ref().map_or(Verdict::Passed, |_| Verdict::Cached)
}

/// Gate 11, fields out.
fn project<S>(tool: &RegisteredTool<S>, cx: &Cx<S>, output: Value) -> Value {
    observe::step(cx.trail().seen(), Gate::FieldsOut, || fields_out::leave(tool, cx, output), |_| Verdict::Passed)
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
    pub(crate) async fn run(
        &self,
        mut call: RawCall,
        unreadable: Option<ToolError>,
        wire: Wire,
        observation: Option<Arc<Observation>>,
    ) -> Finished {
        let observed = observation.clone();
        let registered = self.registry.tools.get(&call.tool);
        let mut record = self.record(&call, registered);
        let (context, middleware) = match self.open(&mut call, registered, unreadable, wire, observation) {
            Ok(opened) => opened,
            Err(error) => {
                let outcome = Err(record.stopped(error));
                return Finished { outcome, session: call.session_attributes, prompt: call.prompt_attributes, record };
            }
        };
        let cx = context.cx.clone();
        let outcome = requests::of(observed, panics::caught(pass(context, middleware))).await;
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
        observation: Option<Arc<Observation>>,
    ) -> Result<Opened<S>, ToolError> {
        let seen = observation.as_deref();
        gate(seen, Gate::Wire, || match unreadable {
            _ if !self.wires.contains(&wire) => {
                Err(ToolError::refused(format!("this function does not accept calls on the {wire} wire")))
            }
            Some(error) => Err(error),
            None => Ok(()),
        })?;
        let registered = gate(seen, Gate::Tool, || registered.ok_or_else(|| self.registry.unknown(&call.tool)))?;
        let declared = &self.registry.declared;
        let caller =
            gate(seen, Gate::Wire, || Caller::read(declared, &mut call.metadata, &mut call.session_attributes))?;
        let mut coercion = Coercion::new(wire.absence());
        for name in std::mem::take(&mut call.duplicates) {
            coercion.on(&name, Coercion::duplicate);
        }
        let tool = registered.tool.clone();
        let arguments = std::mem::take(&mut call.arguments);
        if let Some(values) = seen.and_then(Observation::values) {
            values.sent(&arguments, Some(&tool.shape));
        }
        let (identity, trail) = (self.registry.identity.clone(), Trail::new(observation));
        let shared = Shared::new(std::mem::take(call), caller, identity, tool.exposed.clone(), trail);
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
        context.note_not_declared();
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
