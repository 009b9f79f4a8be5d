//! The span of an invocation in its turn. An invocation that belongs to no turn begins one.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use toolgate::ErrorKind;

use super::{Event, Invocation, InvokeError, pool::Pool, report};
use crate::traces;
use crate::turns::{self, Open, Place, SpanKind, State, Topic, TurnKind, Turns};

/// Kinds of errors that the tool or the platform is to blame for. All others stop a call on purpose.
const FAILURES: [&str; 2] = [ErrorKind::Internal.as_str(), ErrorKind::TimedOut.as_str()];
const WAITING: &str = ErrorKind::WaitingForApproval.as_str();

/// Invokes a function, below `place` if the caller has a turn.
pub(super) async fn run(pool: Arc<Pool>, place: Option<Place>, event: Event) -> Result<Invocation, InvokeError> {
    let Some(turns) = pool.settings.turns.clone() else { return pool.invoke(event, None).await };
    let name = turns::tool_of(&event.payload, event.client_context.as_deref());
    let name = name.map_or_else(|| pool.spec.binary.clone(), |(name, _)| name);
    let kind = if event.is_url { TurnKind::Url } else { TurnKind::Function };
    // an interceptor of a request that calls no tool is no turn
    let begins = place.is_none() && pool.settings.role == SpanKind::Call;
    let own = begins.then(|| turns.begin(kind, &pool.spec.binary, None, &name));
    let place = place.or_else(|| own.as_ref().map(turns::OpenTurn::place));
    let id = place.as_ref().map(Place::turn_id);
    let outcome = turns::within(place, async {
        let open = turns::open(pool.settings.role, || name);
        let trace_id = event.trace_id.or_else(|| traces::header(&open.place()?));
        let event = Event { trace_id, ..event };
        let outcome = pool.invoke(event, Some(&open)).await;
        finish(&turns, open, &outcome, pool.settings.role);
        outcome
    })
    .await;
    if let Some(own) = own {
        match &outcome {
            Ok(invocation) if invocation.function_error.is_some() => own.end(Err(&report::reason(&invocation.payload))),
            Ok(invocation) => own.end(Ok(&String::from_utf8_lossy(&invocation.payload))),
            Err(error) => own.end(Err(&error.to_string())),
        }
    }
    outcome.map(|invocation| Invocation { turn: id, ..invocation })
}

fn finish(turns: &Turns, open: Open, outcome: &Result<Invocation, InvokeError>, role: SpanKind) {
    let invocation = match outcome {
        Ok(invocation) => invocation,
        Err(error) => return open.end(State::Failed, Some(error.to_string())),
    };
    open.note("reply", || json(&invocation.payload));
    open.note("log", || Value::from(invocation.log_tail.as_str()));
    if invocation.function_error.is_some() {
        return open.end(State::Failed, Some(report::reason(&invocation.payload)));
    }
    if let Some(reason) = denied(&invocation.payload).filter(|_| role == SpanKind::Hook) {
        return open.end(State::Stopped, Some(reason));
    }
    let error = invocation.trace.as_deref().and_then(|trace| open.traced(trace));
    let Some(error) = error else { return open.end(State::Ok, None) };
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = text("kind");
    let state = match kind.as_str() {
        WAITING => State::Waiting,
        kind if FAILURES.contains(&kind) => State::Failed,
        _ => State::Stopped,
    };
    if state == State::Waiting {
        turns.touch(Topic::Approvals);
    }
    open.end(state, Some(format!("{kind}: {}", text("message"))));
}

/// The reason of a hook that denies.
fn denied(answer: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    (text("decision") == Some("deny")).then(|| format!("denied: {}", text("reason").unwrap_or("no reason")))
}

fn json(payload: &Bytes) -> Value {
    serde_json::from_slice(payload).unwrap_or_else(|_| String::from_utf8_lossy(payload).into())
}
