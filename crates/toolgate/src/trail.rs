//! The events of one call in the pipeline, for its log line and for later gates.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use crate::{
    observe::{Observation, Seen},
    values::Values,
};

/// The events of one call so far. All clones of its context share it.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    /// The tool has begun.
    pub(crate) begun: Flag,
    /// The tool has set or cleared an attribute.
    pub(crate) attributes: Flag,
    pub(crate) replayed: Flag,
    pub(crate) cached: Flag,
    repeated: OnceLock<Option<String>>,
    dropped: AtomicUsize,
    observation: Option<Arc<Observation>>,
}

/// Whether something has happened.
#[derive(Debug, Default)]
pub(crate) struct Flag(AtomicBool);

impl Flag {
    pub(crate) fn set(&self, happened: bool) {
        self.0.store(happened, Ordering::Relaxed);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Trail {
    pub(crate) fn new(observation: Option<Arc<Observation>>) -> Self {
        Self { observation, ..Self::default() }
    }

    /// The steps of the call, if somebody observes it.
    pub(crate) fn seen(&self) -> Seen<'_> {
        self.observation.as_deref()
    }

    /// The values of the call, if somebody asked for them.
    pub(crate) fn values(&self) -> Option<&Values> {
        self.seen()?.values()
    }

    /// Records that the tool begins.
    pub(crate) fn note_begun(&self) {
        self.attributes.set(false);
        self.begun.set(true);
    }

    /// Records that the first reply was given in another session.
    pub(crate) fn note_repeated(&self, first_at: Option<String>) {
        let _ = self.repeated.set(first_at);
    }

    /// The time of the effect, where the first reply was given in another session.
    pub(crate) fn repeated(&self) -> Option<Option<&str>> {
        self.repeated.get().map(Option::as_deref)
    }

    pub(crate) fn note_dropped(&self, fields: usize) {
        self.dropped.fetch_add(fields, Ordering::Relaxed);
    }

    /// The number of output fields that were dropped.
    pub(crate) fn dropped(&self) -> usize {
        self.dropped.load(Ordering::Relaxed)
    }
}
