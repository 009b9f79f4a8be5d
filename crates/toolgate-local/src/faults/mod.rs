//! Hostile mode: reproduces the irregularities of AWS between the agents or the gateway and the functions.
//!
//! ```text
//! agents, gateway ──event──▶ mutated ──late, to a cold instance, twice──▶ function
//!                                        first reply ──▶ agents; the second is compared and dropped
//! ```
//!
//! The meaning of a call never changes: values keep their meaning in another spelling, optional parameters that a model
//! left out arrive empty, and required ones always arrive. A function that handles a mutated call wrongly would also
//! fail on AWS. Lambda Invoke is not mutated: its caller gets the function's own reply to its own event.
//!
//! A call through the gateway has no session. Its decisions depend on the seed, the tool, the arguments and the number of
//! earlier calls with these arguments.
//!
//! Every decision about a call of an agent depends on the seed, the session, the agent, the tool and the number of earlier calls of the tool.
//! The same conversation with the same seed therefore gets the same mutations, whatever the timing of the machine is.

mod arguments;
mod declared;
mod event;
mod java;
mod plan;
mod seeded_rng;
mod transport;
mod values;

#[cfg(test)]
mod meaning;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use crate::{
    agents::{Invoke, InvokeFailure, LambdaReply},
    gateway::{CallTool, ToolEvent},
    lambda::{Invocation, InvokeError},
};
use declared::Declared;
use plan::Delivery;
use seeded_rng::SeededRng;
use toolgate_template::Template;
use transport::{MutatedCall, Transport};

/// Functions that get mutated calls.
#[derive(Debug)]
pub(crate) struct Hostile<D> {
    seed: u64,
    declared: Declared,
    functions: D,
    /// The number of calls of each tool by an agent in a session.
    calls: Mutex<HashMap<u64, u64>>,
}

impl<D: Transport> Hostile<D> {
    pub(crate) fn new(seed: u64, template: &Template, functions: D) -> Arc<Self> {
        Arc::new(Self { seed, declared: Declared::of(template), functions, calls: Mutex::default() })
    }

    /// Decides the mutations of a call. The agents prepare the calls of one model turn in order, so the counting is as
    /// repeatable as the model.
    fn prepare(&self, function: &str, payload: Bytes) -> MutatedCall {
        let mut call =
            MutatedCall { seed: self.seed, function: function.to_owned(), payload, ..MutatedCall::default() };
        let Ok(Value::Object(mut event)) = serde_json::from_slice(&call.payload) else { return call };
        let group = text(&event, "/actionGroup");
        call.tool = match event.get("function").and_then(Value::as_str) {
            Some(name) => name.to_owned(),
            None => declared::action(&text(&event, "/apiPath"), &text(&event, "/httpMethod")),
        };
        let seeded_rng = SeededRng::new(self.seed).of(&text(&event, "/sessionId")).of(&text(&event, "/agent/id"));
        let seeded_rng = self.count(seeded_rng.of(&group).of(&call.tool));
        let delivery = Delivery::decide(seeded_rng.of("delivery"));
        call.mutations = event::mutate(&mut event, &self.declared.optional(&group, &call.tool), seeded_rng.of("event"));
        call.mutations.extend(delivery.words());
        call.payload = Bytes::from(Value::Object(event).to_string());
        call.delivery = Some(delivery);
        call
    }

    /// Decides the mutations of a call through the gateway.
    fn prepare_tool(&self, event: ToolEvent<'_>) -> MutatedCall {
        let ToolEvent { function, definition, mut arguments, client_context, is_checked } = event;
        let tool = definition.get("Name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let given = Value::Object(arguments.clone()).to_string();
        let seeded_rng = self.count(SeededRng::new(self.seed).of("gateway").of(function).of(&tool).of(&given));
        let delivery = match self.functions.happens_once(function, &tool) {
            true => Delivery::with_lost_replies(seeded_rng.of("delivery")),
            false => Delivery::decide(seeded_rng.of("delivery")),
        };
        let mut mutations = arguments::mutate(&mut arguments, definition, is_checked, seeded_rng.of("event"));
        mutations.extend(delivery.words());
        MutatedCall {
            seed: self.seed,
            function: function.to_owned(),
            tool,
            payload: Bytes::from(Value::Object(arguments).to_string()),
            client_context: Some(client_context),
            mutations,
            delivery: Some(delivery),
        }
    }

    /// The generator for the next call of the same tool.
    fn count(&self, kind: SeededRng) -> SeededRng {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let count = calls.entry(kind.key()).or_default();
        *count += 1;
        kind.of(&count.to_string())
    }
}

fn text(event: &Map<String, Value>, pointer: &str) -> String {
    let mut names = pointer.split('/').skip(1);
    let first = names.next().and_then(|name| event.get(name));
    let found = names.fold(first, |value, name| value?.get(name));
    found.and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl<D: Transport> Invoke for Hostile<D> {
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> BoxFuture<'a, Result<LambdaReply, InvokeFailure>> {
        let call = self.prepare(function, payload);
        Box::pin(async move {
            let reply = transport::deliver(&self.functions, call).await?;
            Ok(LambdaReply { payload: reply.payload, function_error: reply.function_error })
        })
    }

    fn happens_once(&self, function: &str, tool: &str) -> bool {
        self.functions.happens_once(function, tool)
    }
}

impl<D: Transport> CallTool for Hostile<D> {
    fn call<'a>(&'a self, event: ToolEvent<'a>) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        let call = self.prepare_tool(event);
        Box::pin(transport::deliver(&self.functions, call))
    }
}
