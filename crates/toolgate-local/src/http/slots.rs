//! Which connections wait for their clients, and which of them makes room for the next.
//!
//! A connection costs a file descriptor, of which a process has few. While the server works on a request the connection
//! stays. While it is the client's turn (to send a request, the rest of one, or to read an answer) it waits, and beyond a
//! number the one that has waited longest is closed. Progress begins a wait anew, so a client that is slow but moves is
//! not the one that is closed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// The connections that wait, by when they began to.
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

    /// Closes the one that has waited longest, where more than so many wait.
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

/// What happens on a connection; over HTTP/2 it has several requests at a time.
#[derive(Debug, Default)]
struct State {
    /// Requests whose answer is not out.
    open: usize,
    /// Those that the server is at work on.
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

    /// Notified when the connection has to make room.
    pub(crate) fn closed(&self) -> Arc<Notify> {
        Arc::clone(&self.0.close)
    }

    /// Whether it is the client's turn.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.state().working == 0
    }

    /// Whether there is no request in it.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.state().open == 0
    }

    /// A request has come; it is the client's turn until [`RequestSlot::work`].
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

    /// Takes the place at the end of those that wait, or none.
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

/// A request, from its head to the last of its answer.
#[derive(Debug)]
pub(crate) struct RequestSlot {
    slot: Arc<Inner>,
    working: Mutex<bool>,
}

impl RequestSlot {
    /// It is the server's turn.
    pub(crate) fn work(&self) {
        self.turn(true);
    }

    /// It is the client's turn, from now on.
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
