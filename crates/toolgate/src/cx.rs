//! The context that a tool gets beside its input: state, session, agent, caller, remaining time.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use serde::Serialize;
use serde_json::Value;

use crate::{
    call::{Agent, Attributes, CallMetadata, RawCall},
    caller::Caller,
    effect::OnceKey,
    error::ToolError,
    projection::OutputProjection,
    trail::Trail,
    wire::kind::Wire,
};

/// The context of one call, passed to a tool that takes it. It is cheap to clone.
///
/// `S` is the state that the handler creates at start-up: clients, settings.
///
/// ```
/// use toolgate::{Cx, ToolError};
///
/// struct Desk { greeting: String }
///
/// async fn greet(cx: Cx<Desk>, name: String) -> Result<String, ToolError> {
///     cx.session().set("greeted", &name)?;
///     Ok(format!("{}, {name}", cx.state().greeting))
/// }
/// ```
pub struct Cx<S> {
    state: Arc<S>,
    call: Arc<Shared>,
}

/// The data that all clones of a context share.
pub(crate) struct Shared {
    pub(crate) metadata: CallMetadata,
    pub(crate) caller: Caller,
    /// Names of attributes that a tool must not set.
    identity: Arc<[String]>,
    session: Mutex<Attributes>,
    prompt: Mutex<Attributes>,
    once: OnceLock<OnceKey>,
    exposed: Arc<OutputProjection>,
    trail: Trail,
}

impl<S> Cx<S> {
    pub(crate) fn new(state: Arc<S>, call: Arc<Shared>) -> Self {
        Self { state, call }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.call
    }

    pub(crate) fn trail(&self) -> &Trail {
        &self.call.trail
    }

    /// The gate calls this one time, before the tool runs.
    pub(crate) fn set_once(&self, key: OnceKey) {
        let _ = self.call.once.set(key);
    }

    /// The state that the handler creates at start-up.
    pub fn state(&self) -> &S {
        &self.state
    }

    /// The session's attributes. Every reply returns them to Bedrock.
    pub fn session(&self) -> Session<'_> {
        Session { attributes: &self.call.session, call: &self.call }
    }

    /// The attributes of this turn only.
    pub fn prompt_session(&self) -> Session<'_> {
        Session { attributes: &self.call.prompt, call: &self.call }
    }

    /// The session id. The gateway and direct wires have none.
    pub fn session_id(&self) -> Option<&str> {
        self.call.metadata.session_id.as_deref()
    }

    /// The agent that makes the call, on the Agents wires.
    pub fn agent(&self) -> Option<&Agent> {
        self.call.metadata.agent.as_ref()
    }

    /// The caller.
    pub fn caller(&self) -> &Caller {
        &self.call.caller
    }

    /// The wire that the call arrived on.
    pub fn wire(&self) -> Wire {
        self.call.metadata.wire
    }

    /// Lambda's request id.
    pub fn request_id(&self) -> &str {
        &self.call.metadata.request_id
    }

    /// The time until Lambda stops the function, if the platform has set a deadline.
    pub fn remaining(&self) -> Option<Duration> {
        self.call.metadata.remaining()
    }

    /// The key of this call's one effect, in a `.once(..)` tool.
    pub fn once_key(&self) -> Option<&OnceKey> {
        self.call.once.get()
    }

    /// The output as the model reads it: only the exposed fields. A ledger keeps this form, so that a repeat reveals no
    /// more than the first reply.
    ///
    /// # Errors
    /// `internal`, where the output cannot be serialised.
    pub fn project<O: Serialize + ?Sized>(&self, output: &O) -> Result<Value, ToolError> {
        let output = serde_json::to_value(output).map_err(ToolError::internal)?;
        Ok(self.call.exposed.project(output).0)
    }
}

impl<S> Clone for Cx<S> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), call: self.call.clone() }
    }
}

/// Shows the wire, and no text that a person wrote.
impl<S> fmt::Debug for Cx<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx").field("wire", &self.wire()).finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn new(
        call: RawCall,
        caller: Caller,
        identity: Arc<[String]>,
        exposed: Arc<OutputProjection>,
        trail: Trail,
    ) -> Self {
        Self {
            metadata: call.metadata,
            caller,
            identity,
            session: Mutex::new(call.session_attributes),
            prompt: Mutex::new(call.prompt_attributes),
            once: OnceLock::new(),
            exposed,
            trail,
        }
    }

    /// Copies of the attributes, session first. They are copies because a tool that has timed out may still hold a
    /// context.
    pub(crate) fn attributes(&self) -> (Attributes, Attributes) {
        (lock(&self.session).clone(), lock(&self.prompt).clone())
    }
}

/// The attributes of a call: text to text. See [`Cx::session`].
#[derive(Clone, Copy)]
pub struct Session<'a> {
    attributes: &'a Mutex<Attributes>,
    call: &'a Shared,
}

impl Session<'_> {
    /// An attribute's value.
    pub fn get(&self, name: &str) -> Option<String> {
        lock(self.attributes).get(name).cloned()
    }

    /// Sets an attribute.
    ///
    /// # Errors
    /// `internal`, for an attribute that carries identity ([`RouterBuilder::identity`](crate::RouterBuilder::identity)).
    pub fn set(&self, name: &str, value: impl Into<String>) -> Result<(), ToolError> {
        self.settable(name)?;
        lock(self.attributes).insert(name.to_owned(), value.into());
        Ok(())
    }

    /// Removes an attribute.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    pub fn clear(&self, name: &str) -> Result<(), ToolError> {
        self.settable(name)?;
        lock(self.attributes).remove(name);
        Ok(())
    }

    /// Records that an attribute changes, or returns an error if it must not.
    fn settable(&self, name: &str) -> Result<(), ToolError> {
        self.call.trail.attributes.set(true);
        match self.call.identity.iter().any(|identity| identity == name) {
            true => Err(ToolError::internal(format!("a tool must not change the identity attribute `{name}`"))),
            false => Ok(()),
        }
    }
}

/// Shows names only.
impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(lock(self.attributes).keys()).finish()
    }
}

/// Ignores poisoning: a tool that panics while it holds the lock does not damage the map.
fn lock(attributes: &Mutex<Attributes>) -> MutexGuard<'_, Attributes> {
    attributes.lock().unwrap_or_else(PoisonError::into_inner)
}
