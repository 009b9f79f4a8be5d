//! Sessions: the state of an agent between two calls, and the turn that is running.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use toolgate_models::Message;

use crate::sync::lock;

type Attributes = BTreeMap<String, String>;

/// A conversation's messages. The lock is held for a whole turn of that agent.
pub(crate) type History = Arc<tokio::sync::Mutex<Vec<Message>>>;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SessionKey {
    pub(crate) agent: String,
    pub(crate) alias: String,
    pub(crate) session: String,
}

/// Maximum number of sessions. Beyond it the ones that are unused for longest are removed.
const KEPT: usize = 1000;

/// All sessions of a running local agent. `W` is the state that a session holds while it waits for its caller.
#[derive(Debug)]
pub(crate) struct Sessions<W>(Mutex<HashMap<SessionKey, Arc<Session<W>>>>);

impl<W> Default for Sessions<W> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<W> Sessions<W> {
    /// Returns the session. Creates a new one if there is none or if it has expired.
    pub(crate) fn open(&self, key: &SessionKey, idle_ttl: Duration) -> Arc<Session<W>> {
        let mut sessions = lock(&self.0);
        sessions.retain(|_, session| !session.expired());
        if sessions.len() >= KEPT && !sessions.contains_key(key) {
            evict(&mut sessions, KEPT - 1);
        }
        let session =
            sessions.entry(key.clone()).or_insert_with(|| Arc::new(Session::new(key.session.clone(), idle_ttl)));
        lock(&session.state).last_used = Instant::now();
        Arc::clone(session)
    }

    /// The session of a caller that answers a question.
    pub(crate) fn known(&self, key: &SessionKey) -> Result<Arc<Session<W>>, SessionError> {
        let mut sessions = lock(&self.0);
        sessions.retain(|_, session| !session.expired());
        sessions.get(key).cloned().ok_or(SessionError::WaitsForNothing)
    }

    /// Ends a session.
    pub(crate) fn end(&self, key: &SessionKey) -> Result<(), SessionError> {
        let mut sessions = lock(&self.0);
        if let Some(session) = sessions.get(key) {
            session.abandon()?;
        }
        sessions.remove(key);
        Ok(())
    }
}

/// Removes sessions down to this number. Sessions with a running turn are kept; those that wait for a person are
/// removed last.
fn evict<W>(sessions: &mut HashMap<SessionKey, Arc<Session<W>>>, left: usize) {
    let mut idle: Vec<(bool, Instant, SessionKey)> = sessions
        .iter()
        .filter_map(|(key, session)| {
            let state = lock(&session.state);
            let waits = match state.phase {
                Phase::Running => return None,
                Phase::Waiting(_) => true,
                Phase::Idle => false,
            };
            Some((waits, state.last_used, key.clone()))
        })
        .collect();
    idle.sort_by_key(|(waits, last_used, _)| (*waits, *last_used));
    for (_, _, key) in idle.into_iter().take(sessions.len().saturating_sub(left)) {
        if let Some(session) = sessions.remove(&key) {
            // The waiting turn ends together with its session.
            let _ = session.abandon();
        }
    }
}

/// One session.
#[derive(Debug)]
pub(crate) struct Session<W> {
    /// The id that the caller chose.
    pub(crate) id: String,
    idle_ttl: Duration,
    state: Mutex<State<W>>,
    /// By the path of agents that leads there: `Front`, `Front/Orders`.
    histories: Mutex<HashMap<String, History>>,
}

#[derive(Debug)]
struct State<W> {
    attributes: Attributes,
    phase: Phase<W>,
    last_used: Instant,
}

/// The phase of a session. Only one turn runs at a time.
#[derive(Debug)]
pub(crate) enum Phase<W> {
    Idle,
    Running,
    /// A person was asked.
    Waiting(W),
}

impl<W> Session<W> {
    fn new(id: String, idle_ttl: Duration) -> Self {
        let state = State { attributes: Attributes::new(), phase: Phase::Idle, last_used: Instant::now() };
        Self { id, idle_ttl, state: Mutex::new(state), histories: Mutex::default() }
    }

    /// Whether the session is idle for longer than its limit. A running turn keeps the session alive; an open question
    /// does not.
    fn expired(&self) -> bool {
        let mut state = lock(&self.state);
        let late = state.last_used.elapsed() > self.idle_ttl && !matches!(state.phase, Phase::Running);
        if late {
            state.phase = Phase::Idle;
        }
        late
    }

    /// Drops the waiting turn.
    fn abandon(&self) -> Result<(), SessionError> {
        let mut state = lock(&self.state);
        if matches!(state.phase, Phase::Running) {
            return Err(SessionError::Busy);
        }
        state.phase = Phase::Idle;
        Ok(())
    }

    /// Starts a new turn. Returns the question that was still open.
    pub(crate) fn begin(&self) -> Result<Option<W>, SessionError> {
        let mut state = lock(&self.state);
        match std::mem::replace(&mut state.phase, Phase::Running) {
            Phase::Idle => Ok(None),
            Phase::Waiting(waiting) => Ok(Some(waiting)),
            Phase::Running => Err(SessionError::Busy),
        }
    }

    /// Resumes the turn that waits, if `check` accepts the results.
    pub(crate) fn resume<T, E: From<SessionError>>(&self, check: impl FnOnce(&W) -> Result<T, E>) -> Result<(W, T), E> {
        let mut state = lock(&self.state);
        let checked = match &state.phase {
            Phase::Waiting(waiting) => check(waiting)?,
            Phase::Running => return Err(SessionError::Busy.into()),
            Phase::Idle => return Err(SessionError::WaitsForNothing.into()),
        };
        match std::mem::replace(&mut state.phase, Phase::Running) {
            Phase::Waiting(waiting) => Ok((waiting, checked)),
            other => {
                state.phase = other;
                Err(SessionError::Busy.into())
            }
        }
    }

    pub(crate) fn set_phase(&self, phase: Phase<W>) {
        let mut state = lock(&self.state);
        state.phase = phase;
        state.last_used = Instant::now();
    }

    /// The session attributes.
    pub(crate) fn attributes(&self) -> Attributes {
        lock(&self.state).attributes.clone()
    }

    pub(crate) fn change_attributes(&self, change: impl FnOnce(&mut Attributes)) {
        change(&mut lock(&self.state).attributes);
    }

    /// The history of one agent in this session.
    pub(crate) fn history(&self, path: &str) -> History {
        Arc::clone(lock(&self.histories).entry(path.to_owned()).or_default())
    }
}

/// Why a session does not accept a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SessionError {
    #[error("this session waits for no answer: `invocationId` is unknown or already answered")]
    WaitsForNothing,
    #[error("this session is in the middle of a turn: wait for its answer, or use another session id")]
    Busy,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> SessionKey {
        SessionKey { agent: "A".to_owned(), alias: "TSTALIASID".to_owned(), session: number.to_string() }
    }

    #[test]
    fn so_many_sessions_are_kept_and_those_at_work_among_them() {
        let sessions = Sessions::<()>::default();
        let ttl = Duration::from_secs(600);
        let first = sessions.open(&key(0), ttl);
        first.begin().unwrap();
        for number in 1..KEPT + 50 {
            sessions.open(&key(number), ttl);
        }
        let kept = lock(&sessions.0);
        assert_eq!(kept.len(), KEPT);
        assert!(kept.contains_key(&key(0)), "it is in the middle of a turn");
        assert!(!kept.contains_key(&key(1)) && kept.contains_key(&key(KEPT + 49)), "the oldest go first");
        drop(kept);
        assert!(Arc::ptr_eq(&sessions.open(&key(0), ttl), &first));
    }
}
