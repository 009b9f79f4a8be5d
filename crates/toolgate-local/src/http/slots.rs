//! Tracks which connections wait for their clients, and closes the oldest of them when there are too many.
//!
//! A connection uses a file descriptor, and a process has few of them. A connection is kept while the server processes
//! a request. It waits while the client must act: send a request, send the rest of one, or read a response. If too many
//! connections wait, the one that has waited longest is closed. Progress restarts the wait, so a client that is slow
//! but active is not closed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// The waiting connections, in the order in which they began to wait.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<Order>);

#[derive(Debug, Default)]
struct Order {
    next: u64,
    waiting: BTreeMap<u64, Arc<Notify>>,
}

impl Waiting {
    fn enter(&self, close: Arc<Notify>) -> u64 {
        let mut order = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        order.next += 1;
        let ticket = order.next;
        order.waiting.insert(ticket, close);
        ticket
    }

    fn leave(&self, ticket: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).waiting.remove(&ticket);
    }

    /// Closes the connection that has waited longest, if more than `most` wait.
    pub(crate) fn close_oldest(&self, most: usize) {
        let mut order = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if order.waiting.len() > most
            && let Some((_, close)) = order.waiting.pop_first()
        {
            close.notify_one();
        }
    }
}

/// A connection's slot among the others.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionSlot(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    waiting: Arc<Waiting>,
    close: Arc<Notify>,
    state: Mutex<State>,
}

/// The state of a connection. Over HTTP/2 it has several requests at a time.
#[derive(Debug, Default)]
struct State {
    /// Requests without a complete response.
    open: usize,
    /// Requests that the server processes now.
    working: usize,
    ticket: Option<u64>,
}

impl ConnectionSlot {
    /// A connection that waits for its first request.
    pub(crate) fn new(waiting: Arc<Waiting>) -> Self {
        let slot = Self(Arc::new(Inner { waiting, close: Arc::default(), state: Mutex::default() }));
        slot.0.settle(&mut slot.0.state());
        slot
    }

    /// Notified when the connection must close.
    pub(crate) fn closed(&self) -> Arc<Notify> {
        Arc::clone(&self.0.close)
    }

    /// Whether the connection waits for its client.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.state().working == 0
    }

    /// Whether the connection has no open request.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.state().open == 0
    }

    /// Starts a request. The connection waits for its client until [`RequestSlot::work`].
    pub(crate) fn request(&self) -> RequestSlot {
        let mut state = self.0.state();
        state.open += 1;
        self.0.settle(&mut state);
        drop(state);
        RequestSlot { slot: Arc::clone(&self.0), working: Mutex::new(false) }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters the end of the waiting queue, or leaves the queue while the server works.
    fn settle(&self, state: &mut State) {
        if let Some(ticket) = state.ticket.take() {
            self.waiting.leave(ticket);
        }
        if state.working == 0 {
            state.ticket = Some(self.waiting.enter(Arc::clone(&self.close)));
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(ticket) = self.state().ticket.take() {
            self.waiting.leave(ticket);
        }
    }
}

/// A request, from its head to the end of its response.
#[derive(Debug)]
pub(crate) struct RequestSlot {
    slot: Arc<Inner>,
    working: Mutex<bool>,
}

impl RequestSlot {
    /// The server processes the request.
    pub(crate) fn work(&self) {
        self.turn(true);
    }

    /// The connection waits for its client, from now on.
    pub(crate) fn wait(&self) {
        self.turn(false);
    }

    fn turn(&self, works: bool) {
        let mut working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.slot.state();
        match (*working, works) {
            (false, true) => state.working += 1,
            (true, false) => state.working -= 1,
            (true, true) => return,
            (false, false) => {}
        }
        *working = works;
        self.slot.settle(&mut state);
    }
}

impl Drop for RequestSlot {
    fn drop(&mut self) {
        self.wait();
        self.slot.state().open -= 1;
    }
}
