//! The place of the running code in its turn, and the spans that it opens there.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value, json};
use toolgate_models::Usage;

use super::{
    Turns,
    call::{Invoked, Request, Row, of_trace},
    detail::text_of,
    micros,
    span::{CallerTrace, SpanKind, State, usd},
};

tokio::task_local! {
    static HERE: Place;
    static CALLER: CallerTrace;
}

/// Runs work whose turns continue the trace of a caller.
pub(crate) async fn called_in<T>(trace: Option<CallerTrace>, work: impl Future<Output = T>) -> T {
    match trace {
        Some(trace) => CALLER.scope(trace, work).await,
        None => work.await,
    }
}

/// The trace of the caller, for work that is spawned.
pub(crate) fn caller() -> Option<CallerTrace> {
    CALLER.try_with(|trace| *trace).ok()
}

/// A place in a turn: the turn itself, or one of its spans.
#[derive(Clone)]
pub(crate) struct Place {
    turns: Turns,
    turn: u64,
    span: Option<usize>,
    /// The trace id of exporters: one for each turn.
    pub(crate) trace: u128,
    /// The span id of exporters. `None` for the turn itself.
    pub(crate) span_id: Option<u64>,
    /// Whether exporters record the trace.
    pub(crate) is_sampled: bool,
    /// A function was invoked without an agent, a harness or the gateway.
    pub(crate) is_direct: bool,
    /// What the next call below this place gets as a detail.
    note: Option<(&'static str, Arc<str>)>,
}

/// The place of the running code, if its turn is recorded.
pub(crate) fn here() -> Option<Place> {
    HERE.try_with(Clone::clone).ok()
}

/// Runs work at a place.
pub(crate) async fn within<T>(place: Option<Place>, work: impl Future<Output = T>) -> T {
    match place {
        Some(place) => HERE.scope(place, work).await,
        None => work.await,
    }
}

/// Opens a span below the running code. Nothing is recorded if its turn is not.
pub(crate) fn open(kind: SpanKind, name: impl FnOnce() -> String) -> Open {
    Open(here().and_then(|place| place.open(kind, &name())))
}

impl Place {
    pub(super) const fn of_turn(turns: Turns, turn: u64, trace: CallerTrace, is_direct: bool) -> Self {
        let CallerTrace { trace, is_sampled, .. } = trace;
        Self { turns, turn, span: None, trace, span_id: None, is_sampled, is_direct, note: None }
    }

    /// Whether somebody listens to spans.
    pub(crate) fn has_listener(&self) -> bool {
        self.turns.has_listener()
    }

    /// The id of the turn: `t-12`.
    pub(crate) fn turn_id(&self) -> String {
        format!("t-{}", self.turn)
    }

    /// This place with a detail for the call below it.
    pub(crate) fn with_note(self, name: &'static str, value: Value) -> Self {
        Self { note: Some((name, text_of(value).into())), ..self }
    }

    /// Opens a span below this place. `None` if the turn is no longer kept, or has too many spans.
    fn open(self, kind: SpanKind, name: &str) -> Option<Self> {
        let (turns, turn, parent) = (self.turns.clone(), self.turn, self.span);
        let note = self.note.filter(|_| kind == SpanKind::Call);
        let (span, id) = turns.change(|store, change| {
            let opened = store.open(change, turn, parent, kind, name)?;
            if let Some((name, json)) = &note {
                store.set(change, turn, opened.0, name, json.to_string());
            }
            Some(opened)
        })?;
        Some(Self { turns, span: Some(span), span_id: Some(id), note: None, ..self })
    }

    fn note(&self, name: &'static str, value: Value) {
        if let Some(span) = self.span {
            let json = text_of(value);
            self.turns.change(|store, change| store.set(change, self.turn, span, name, json));
        }
    }

    /// Adds a request to DynamoDB, and the rows that it changed, to a call.
    pub(crate) fn requested(&self, request: Request, rows: Vec<Row>) {
        if let Some(span) = self.span {
            self.turns.change(|store, change| store.requested(change, self.turn, span, request, rows));
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("turn", &self.turn).field("span", &self.span).finish_non_exhaustive()
    }
}

/// An open span, or nothing. A span that is dropped has failed.
#[derive(Debug)]
#[must_use]
pub(crate) struct Open(Option<Place>);

impl Open {
    /// The place below which the work of the span runs. Without a span it is that of the running code.
    pub(crate) fn place(&self) -> Option<Place> {
        self.0.clone().or_else(here)
    }

    /// Adds a detail. The value is made only if somebody records it.
    pub(crate) fn note(&self, name: &'static str, value: impl FnOnce() -> Value) {
        if let Some(place) = &self.0 {
            place.note(name, value());
        }
    }

    /// Sets the tokens of a model turn.
    pub(crate) fn used(&self, model: impl FnOnce() -> String, usage: Usage) {
        let Some((place, span)) = self.0.as_ref().and_then(|place| Some((place, place.span?))) else { return };
        let micros = micros(&model(), usage);
        place.note("usage", json!(usage));
        place.note("usd", micros.map(usd).into());
        place.turns.change(|store, change| store.used(change, place.turn, span, usage, micros));
    }

    /// Begins a call of a function: its request id, its event, and its client context.
    pub(crate) fn invoking(&self, invoked: impl FnOnce() -> Invoked) {
        let Some((place, span)) = self.0.as_ref().and_then(|place| Some((place, place.span?))) else { return };
        let invoked = invoked();
        place.turns.change(|store, change| store.invoking(change, place.turn, span, invoked));
    }

    /// Adds the details of a call that its function has sent. Returns the error of the call.
    pub(crate) fn traced(&self, trace: &[u8]) -> Option<Value> {
        let place = self.0.as_ref()?;
        let members = of_trace(trace)?;
        let error = members.get("error").filter(|error| !error.is_null()).cloned();
        for (name, value) in members {
            if let Some(name) = of_call(&name) {
                place.note(name, value);
            }
        }
        error
    }

    /// Ends the span.
    pub(crate) fn end(mut self, state: State, summary: Option<String>) {
        if let Some(place) = self.0.take() {
            end(&place, state, summary);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(place) = self.0.take() {
            end(&place, State::Failed, Some("interrupted".to_owned()));
        }
    }
}

/// The members of a function's trace that a call has.
fn of_call(name: &str) -> Option<&'static str> {
    ["tool", "wire", "gates", "error", "input", "output"].into_iter().find(|known| *known == name)
}

fn end(place: &Place, state: State, summary: Option<String>) {
    let Some(span) = place.span else { return };
    let ended = place.turns.change(|store, change| store.end(change, place.turn, span, state, summary));
    if let Some(ended) = ended {
        place.turns.ended(&ended);
    }
}

/// An open turn. A turn that is dropped has failed.
#[derive(Debug)]
#[must_use]
pub(crate) struct OpenTurn {
    place: Place,
    is_over: AtomicBool,
}

impl OpenTurn {
    pub(super) const fn new(place: Place) -> Self {
        Self { place, is_over: AtomicBool::new(false) }
    }

    pub(crate) fn place(&self) -> Place {
        self.place.clone()
    }

    /// A person is asked this, or has answered.
    pub(crate) fn waits(&self, question: Option<&Value>) {
        self.place.turns.change(|store, change| store.ask(change, self.place.turn, question.cloned()));
    }

    /// Ends the turn, with its answer or its error. Only the first end counts.
    pub(crate) fn end(&self, result: Result<&str, &str>) {
        if !self.is_over.swap(true, Ordering::Relaxed) {
            self.place.turns.change(|store, change| store.finish(change, self.place.turn, result));
        }
    }
}

impl Drop for OpenTurn {
    fn drop(&mut self) {
        self.end(Err("interrupted"));
    }
}
