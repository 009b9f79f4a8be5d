//! Gate 9, once: names the effect, so that a ledger can commit it together with its record. An effect outside of the
//! ledger runs under a lease, and its reply is kept when it is over.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{Passage, key};
use crate::{
    cx::{Cx, OnceKey},
    entry::Entry,
    error::ToolError,
    router::Inner,
    store::Lease,
    tool::DEFAULT_ONCE_TTL,
};

/// How long a lease lasts where the platform tells no deadline: as long as a function can run
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Names the effect. `approval` is the id under which the call runs, if a person was asked: it makes a scope where there
/// is no other, and the call's effect happens once per approval.
pub(super) fn name<S>(passage: &Passage<S>, approval: Option<&str>) -> Result<(), ToolError> {
    let (entry, cx) = (&passage.entry, &passage.cx);
    if entry.once.is_some() {
        cx.caller().refuse_blank()?;
    }
    let input = || key::canonical(&passage.arguments, &entry.shape);
    let (scope, effect, input, ttl, leased) = match (&entry.once, approval) {
        (None, None) => return Ok(()),
        (None, Some(id)) => (approved(id), String::new(), input(), DEFAULT_ONCE_TTL, true),
        (Some(once), approval) => match passage.ready.as_ref().and_then(|ready| ready.once_by(cx)) {
            // the tool's own key may meet another input, which is then no repeat
            Some(own) => ("own key".to_owned(), own, input(), once.ttl, once.leased),
            None => {
                let effect = key::effect(entry.key.as_deref(), &passage.arguments, &entry.shape);
                let scope = match (key::scope(cx), approval) {
                    (Some(scope), _) => scope,
                    (None, Some(id)) => approved(id),
                    // a person will be asked, and the approval is the scope
                    (None, None) if entry.confirm && !cx.wire().is_agents() => return Ok(()),
                    (None, None) => return Err(nobodys()),
                };
                (scope, effect.clone(), effect, once.ttl, once.leased)
            }
        },
    };
    let id = format!("{}#{}", entry.name, key::digest(&[&scope, &effect]));
    cx.set_once(OnceKey::new(id, key::digest(&[&input]), ttl, leased));
    Ok(())
}

fn approved(id: &str) -> String {
    format!("approval {id:?}")
}

fn nobodys() -> ToolError {
    ToolError::refused(
        "this call has an effect that must happen once, and it came without a session or an identity to tell a repeat by",
    )
}

/// Reserves an effect that the tool does not commit itself.
pub(super) async fn enter<S>(router: &Inner<S>, cx: &Cx<S>) -> Result<Option<Lease>, ToolError> {
    let Some(key) = cx.once_key().filter(|key| key.is_leased()) else { return Ok(None) };
    let until = SystemTime::now() + cx.remaining().unwrap_or(LONGEST).min(LONGEST);
    router.store(cx.state())?.lease(key, until).await.map(Some)
}

/// Keeps the reply of a leased effect, or gives the lease back where the tool says that nothing has happened.
pub(super) async fn leave<S>(
    router: &Inner<S>,
    cx: &Cx<S>,
    entry: &Entry<S>,
    lease: Option<Lease>,
    outcome: Result<Value, ToolError>,
) -> Result<Value, ToolError> {
    let Some(key) = cx.once_key() else { return outcome };
    let Some(lease) = lease else {
        if outcome.is_ok() && !key.is_committed() {
            tracing::error!(tool = entry.name, "a `.once()` tool returned without a commit: a repeat would run again");
        }
        return outcome;
    };
    let store = router.store(cx.state())?;
    match outcome {
        Ok(output) => {
            let reply = entry.exposed.project(output.clone()).0;
            store.finish(key, &lease, &reply).await.map(|()| output)
        }
        Err(error) => {
            // what failed or took too long may have happened: then the lease stays until it ends by itself
            if !error.is_unclear()
                && let Err(unreleased) = store.release(key, &lease).await
            {
                tracing::warn!(tool = entry.name, cause = ?unreleased, "a lease was not given back");
            }
            Err(error)
        }
    }
}
