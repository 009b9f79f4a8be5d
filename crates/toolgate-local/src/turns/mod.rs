//! The record of the last turns: which agents, models, functions and policies took part, and what each got and gave.
//!
//! It is in memory only, with a limit on the number of turns and on their size. Recording never fails a turn: what does
//! not fit is left out. The console reads the record while a turn runs, and exporters of traces listen to its spans.
//!
//! A task-local has the place of the running code in its turn (`place.rs`), so code in between needs no argument for it.

mod call;
mod detail;
mod listen;
mod place;
mod span;
mod store;
#[cfg(test)]
mod tests;
mod view;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use axum::response::Response;
use http::{HeaderName, HeaderValue};
use serde_json::Value;
use tokio::sync::watch;
use toolgate_models::Usage;
use uuid::Uuid;

pub(crate) use call::{Invoked, LogLine, Request, Row, tool_of};
pub(crate) use listen::{EndedSpan, Listener};
pub(crate) use place::{Open, OpenTurn, Place, called_in, caller, here, open, within};
pub(crate) use span::{CallerTrace, SpanKind, State, TurnKind};

use crate::sync::lock;
use store::Store;

/// Maximum number of turns.
pub(crate) const KEPT: usize = 200;
/// Maximum size of all turns, in bytes.
pub(crate) const KEPT_BYTES: usize = 64 * 1024 * 1024;

/// A part of the local agent that a page reads again when it has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// The calls that wait for a person.
    Approvals,
    /// Functions, instances and catalogs.
    State,
}

/// The turns of a running local agent. It is cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Another one for each start.
    instance: String,
    store: Mutex<Store>,
    /// The number of changes so far.
    changes: watch::Sender<u64>,
    listeners: RwLock<Vec<Arc<dyn Listener>>>,
    /// The calls that run now, by the access key of their instance.
    callers: Mutex<HashMap<String, Place>>,
}

/// A call is known by the access key of its instance, as long as this value exists.
#[derive(Debug)]
pub(crate) struct Caller {
    turns: Turns,
    access_key: String,
}

impl Drop for Caller {
    fn drop(&mut self) {
        lock(&self.turns.0.callers).remove(&self.access_key);
    }
}

impl Default for Turns {
    fn default() -> Self {
        let instance = Uuid::new_v4().simple().to_string();
        let (store, changes) = (Mutex::new(Store::new(KEPT, KEPT_BYTES)), watch::Sender::new(0));
        let (listeners, callers) = (RwLock::default(), Mutex::default());
        Self(Arc::new(Shared { instance, store, changes, listeners, callers }))
    }
}

/// What has changed since some change.
#[derive(Debug)]
pub(crate) struct Changed {
    /// The last change in it.
    pub(crate) change: u64,
    /// The summaries of the turns, oldest first.
    pub(crate) turns: Vec<Value>,
    pub(crate) topics: Vec<Topic>,
}

impl Turns {
    /// Adds a listener. It gets every span when the span ends.
    pub(crate) fn listen(&self, listener: Arc<dyn Listener>) {
        let mut listeners = self.0.listeners.write().unwrap_or_else(PoisonError::into_inner);
        listeners.push(listener);
    }

    /// Begins a turn.
    pub(crate) fn begin(&self, kind: TurnKind, target: &str, session: Option<&str>, input: &str) -> OpenTurn {
        let caller = caller();
        let (number, trace) = self.change(|store, change| store.begin(change, (kind, target, session), input, caller));
        OpenTurn::new(Place::of_turn(self.clone(), number, trace, kind.is_direct()))
    }

    /// Makes a call known by the access key of its instance, which runs one call at a time.
    pub(crate) fn runs_on(&self, access_key: &str, place: Place) -> Caller {
        lock(&self.0.callers).insert(access_key.to_owned(), place);
        Caller { turns: self.clone(), access_key: access_key.to_owned() }
    }

    /// The call that an instance runs, by its access key.
    pub(crate) fn caller(&self, access_key: &str) -> Option<Place> {
        lock(&self.0.callers).get(access_key).cloned()
    }

    /// A page has to read this again.
    pub(crate) fn touch(&self, topic: Topic) {
        self.change(|store, change| store.touch(change, topic));
    }

    /// Adds a line to the call with this request id, if it is kept.
    pub(crate) fn log(&self, request_id: &str, line: impl FnOnce() -> LogLine) {
        if lock(&self.0.store).knows(request_id) {
            let line = line();
            self.change(|store, change| store.log(change, request_id, line));
        }
    }

    /// The summaries of the newest turns before this one, newest first, and whether there are more.
    pub(crate) fn list(&self, limit: usize, before: Option<&str>) -> (Vec<Value>, bool) {
        lock(&self.0.store).list(limit, before)
    }

    /// A turn with its spans.
    pub(crate) fn turn(&self, id: &str) -> Option<Value> {
        lock(&self.0.store).turn(id).map(view::turn)
    }

    /// A span with its detail, as JSON text.
    pub(crate) fn span(&self, turn: &str, span: &str) -> Option<String> {
        let store = lock(&self.0.store);
        let turn = store.turn(turn)?;
        turn.spans.get(view::number(span, 's')?.checked_sub(1)?).map(|span| view::detailed(span, turn))
    }

    /// The identity of this record. It is another one after each start.
    pub(crate) fn instance(&self) -> &str {
        &self.0.instance
    }

    /// The number of changes. It grows when something has changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// What has changed after this change.
    pub(crate) fn since(&self, change: u64) -> Changed {
        let store = lock(&self.0.store);
        Changed { change: store.change, turns: store.changed(change), topics: store.topics(change) }
    }

    /// Changes the store. Nobody waits for a reader.
    fn change<T>(&self, change: impl FnOnce(&mut Store, u64) -> T) -> T {
        let mut store = lock(&self.0.store);
        store.change += 1;
        let number = store.change;
        let result = change(&mut store, number);
        drop(store);
        self.0.changes.send_modify(|last| *last = (*last).max(number));
        result
    }

    fn has_listener(&self) -> bool {
        !self.0.listeners.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn ended(&self, span: &EndedSpan) {
        let listeners = self.0.listeners.read().unwrap_or_else(PoisonError::into_inner);
        listeners.iter().for_each(|listener| listener.ended(span));
    }
}

/// Names the turn of a response, so that a page finds it.
pub(crate) fn named(mut response: Response, turn: Option<&str>) -> Response {
    if let Some(turn) = turn.and_then(|turn| HeaderValue::from_str(turn).ok()) {
        response.headers_mut().insert(HeaderName::from_static("toolgate-turn"), turn);
    }
    response
}

/// The cost of a model turn in millionths of a dollar, if the model has a known price.
fn micros(model: &str, usage: Usage) -> Option<u64> {
    use toolgate::prices::{Prices, Tokens};
    static KNOWN: std::sync::LazyLock<Prices> = std::sync::LazyLock::new(Prices::known);
    let tokens = Tokens { input: usage.input_tokens, output: usage.output_tokens, ..Tokens::default() };
    KNOWN.are_in_dollars().then(|| KNOWN.cost(model, tokens))?.map(toolgate::Usd::to_micros)
}
