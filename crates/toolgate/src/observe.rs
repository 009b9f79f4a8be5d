//! What happened to one call, gate by gate: for each gate when it began, how long it took, and its verdict.
//!
//! An [`Observation`] exists only where an observer asked for it (`telemetry/observer.rs`). Without one, the functions
//! here read no clock and allocate nothing. An observation has times and verdicts. It has the values of a call only where
//! the Runtime API asked for them (`channel.rs`).

mod step;

use std::{
    array,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use crate::{error::ToolError, values::Values};
pub use step::{Gate, MadeRequest, Step, Verdict};

/// The steps of one call. A step begins where the one before it has ended, so each step reads the clock one time.
#[derive(Debug)]
pub(crate) struct Observation {
    started: Instant,
    /// The end of the last step, in nanoseconds after the start.
    last: AtomicU64,
    slots: [Slot; Gate::ALL.len()],
    requests: Mutex<Vec<MadeRequest>>,
    values: Option<Values>,
}

/// A step in numbers. A call writes its steps one after the other; atomics let all clones of its context share them.
#[derive(Debug, Default)]
struct Slot {
    began: AtomicU64,
    took: AtomicU64,
    verdict: AtomicU8,
}

impl Observation {
    /// `started` is the start of the call, before its event is decoded.
    pub(crate) fn new(started: Instant) -> Self {
        let slots = array::from_fn(|_| Slot::default());
        Self { started, last: AtomicU64::new(0), slots, requests: Mutex::default(), values: None }
    }

    /// Records the values of the call too.
    pub(crate) fn with_values(self) -> Self {
        Self { values: Some(Values::default()), ..self }
    }

    /// The values of the call, if somebody asked for them.
    pub(crate) fn values(&self) -> Option<&Values> {
        self.values.as_ref()
    }

    /// The steps so far, in the order of [`Gate::ALL`]. A gate that the call has not reached is absent.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Step> {
        Gate::ALL.into_iter().zip(&self.slots).filter_map(|(gate, slot)| {
            Some(Step {
                gate,
                began: Duration::from_nanos(slot.began.load(Relaxed)),
                took: Duration::from_nanos(slot.took.load(Relaxed)),
                verdict: Verdict::from_code(slot.verdict.load(Relaxed))?,
            })
        })
    }

    /// The requests so far, in the order in which they ended.
    pub(crate) fn requests(&self) -> Vec<MadeRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note_request(&self, request: MadeRequest) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    }

    /// The time since the start of the call.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Records that no step ran since the last one, but code of the user.
    pub(crate) fn resume(&self) {
        self.last.store(self.now(), Relaxed);
    }

    /// Records that a gate has nothing to check in this call. Only an error of the gate replaces this.
    pub(crate) fn not_declared(&self, gate: Gate) {
        self.set(gate, Verdict::NotDeclared);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn slot(&self, gate: Gate) -> Option<&Slot> {
        self.slots.get(gate as usize)
    }

    fn set(&self, gate: Gate, verdict: Verdict) {
        if let Some(slot) = self.slot(gate) {
            slot.verdict.store(verdict.code(), Relaxed);
        }
    }

    /// Removes a step that began for nothing.
    fn forget(&self, gate: Gate) {
        if let Some(slot) = self.slot(gate) {
            slot.verdict.store(0, Relaxed);
        }
    }

    /// Begins a step. `None` where the gate is not declared.
    fn enter(&self, gate: Gate) -> Option<u64> {
        let slot = self.slot(gate)?;
        let before = slot.verdict.load(Relaxed);
        if before == Verdict::NotDeclared.code() {
            return None;
        }
        let began = self.last.load(Relaxed);
        if before == 0 {
            slot.began.store(began, Relaxed);
        }
        slot.verdict.store(Verdict::Interrupted.code(), Relaxed);
        Some(began)
    }

    fn leave(&self, gate: Gate, began: Option<u64>, verdict: Verdict) {
        let (Some(began), Some(slot)) = (began, self.slot(gate)) else {
            if verdict != Verdict::Passed {
                self.set(gate, verdict);
            }
            return;
        };
        let now = self.now();
        slot.took.fetch_add(now.saturating_sub(began), Relaxed);
        slot.verdict.store(verdict.code(), Relaxed);
        self.last.store(now, Relaxed);
    }
}

/// The observation of a call, if somebody asked for it.
pub(crate) type Seen<'a> = Option<&'a Observation>;

/// Runs one gate. An error gets the gate's name, for the call's log line.
pub(crate) fn gate<T>(seen: Seen<'_>, gate: Gate, work: impl FnOnce() -> Result<T, ToolError>) -> Result<T, ToolError> {
    step(seen, gate, work, Verdict::of).map_err(|error| error.at(gate.log_name()))
}

/// Begins a gate that waits. See [`gate`].
pub(crate) fn begin(seen: Seen<'_>, gate: Gate) -> Option<u64> {
    seen.and_then(|seen| seen.enter(gate))
}

/// Ends a gate that [`begin`] has begun.
pub(crate) fn end<T>(
    seen: Seen<'_>,
    gate: Gate,
    began: Option<u64>,
    result: Result<T, ToolError>,
) -> Result<T, ToolError> {
    if let Some(seen) = seen {
        seen.leave(gate, began, Verdict::of(&result));
    }
    result.map_err(|error| error.at(gate.log_name()))
}

/// A part of a gate that only counts where it stops the call.
pub(crate) fn check<T>(seen: Seen<'_>, gate: Gate, result: Result<T, ToolError>) -> Result<T, ToolError> {
    if let Some(seen) = seen {
        seen.leave(gate, None, Verdict::of(&result));
    }
    result.map_err(|error| error.at(gate.log_name()))
}

/// Runs one gate whose verdict is not that of its result.
pub(crate) fn step<T>(seen: Seen<'_>, gate: Gate, work: impl FnOnce() -> T, verdict: impl FnOnce(&T) -> Verdict) -> T {
    let began = seen.and_then(|seen| seen.enter(gate));
    let result = work();
    if let Some(seen) = seen {
        seen.leave(gate, began, verdict(&result));
    }
    result
}

/// Ends a gate that covers other steps. Its own errors have its name already.
pub(crate) fn end_around<T>(
    seen: Seen<'_>,
    gate: Gate,
    began: Option<u64>,
    result: Result<T, ToolError>,
) -> Result<T, ToolError> {
    if let (Some(seen), Some(_)) = (seen, began) {
        let verdict = match &result {
            Err(error) if error.gate() == gate.name() => Verdict::Stopped(error.kind()),
            Err(error) if error.gate() == Gate::Deadline.name() => Verdict::Interrupted,
            _ => Verdict::Passed,
        };
        seen.leave(gate, began, verdict);
    }
    result
}

/// Ends the budget gate, whose request looks for the record of the call too. A record that is found is the verdict of
/// the replay gate, and nothing is charged.
pub(crate) fn end_budget<T>(seen: Seen<'_>, began: Option<u64>, result: Result<T, ToolError>) -> Result<T, ToolError> {
    if let Some(seen) = seen {
        let replay = seen.enter(Gate::Replay).and(began);
        match Verdict::of(&result) {
            Verdict::Replayed => {
                seen.leave(Gate::Replay, replay, Verdict::Replayed);
                seen.forget(Gate::Budget);
            }
            verdict => {
                seen.leave(Gate::Replay, replay, Verdict::Passed);
                seen.leave(Gate::Budget, began, verdict);
            }
        }
    }
    result.map_err(|error| error.at(Gate::Budget.log_name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn every_gate_and_every_verdict_survives_its_number() {
        for (at, gate) in Gate::ALL.into_iter().enumerate() {
            assert_eq!(gate as usize, at);
        }
        let stopped = ErrorKind::ALL.map(Verdict::Stopped);
        let others = [Verdict::Passed, Verdict::Replayed, Verdict::Cached, Verdict::NotDeclared, Verdict::Interrupted];
        for verdict in stopped.into_iter().chain(others) {
            assert_eq!(Verdict::from_code(verdict.code()), Some(verdict));
        }
        assert_eq!(Verdict::from_code(0), None);
    }
}
