//! Gate 9, once: sets the key of the effect, so that a ledger can commit the effect together with its record. For an
//! effect outside of the ledger, the tool runs under a lease, and its reply is kept afterwards.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::key;
use crate::{
    call_context::CallContext,
    cx::Cx,
    digest::{Digest, digest},
    effect::{Keeping, OnceKey, Replay, UsedApproval},
    error::ToolError,
    key::Key,
    ledger::{Lease, LedgerOf},
    middleware::Outcome,
    registered::RegisteredTool,
};

/// The member that marks a reply to a repeat in another session. A once tool must not expose a field of this name.
pub(crate) const REPEATED: &str = "repeated";

/// Length of a lease where the platform sets no deadline: the maximum run time of a function
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Minimum time by which a record outlives the approval that allowed it. It covers the longest run of a function and
/// differences between clocks.
const MARGIN: Duration = Duration::from_secs(60 * 60);

/// Sets the key of the effect. `approval` is the approval under which the call runs, if a person was asked. It is the
/// scope where there is no other scope, and each approval allows one effect.
pub(crate) fn set_key<S>(call: &CallContext<S>, approval: Option<&UsedApproval>) -> Result<(), ToolError> {
    let (tool, cx) = (&call.tool, &call.cx);
    let within = tool.confirm.map_or(Duration::ZERO, |within| within.saturating_add(MARGIN));
    let (scope, effect, ttl, keeping) = match (&tool.once, approval) {
        (None, None) => return Ok(()),
        // an effect per approval, and the framework keeps its record
        (None, Some(approval)) => (approved(approval), None, within, Keeping { leased: true, looks_first: false }),
        (Some(once), approval) => {
            let key = call.prepared.as_ref().and_then(|prepared| prepared.once_key());
            let scope = match (key::scope(cx)?, approval) {
                (Some(scope), _) => scope,
                (None, Some(approval)) => approved(approval),
                // a person will be asked, and the approval becomes the scope
                (None, None) if call.approval_ttl().is_some() => return Ok(()),
                (None, None) => return Err(missing_scope()),
            };
            (scope, key, once.ttl.max(within), once.keeping)
        }
    };
    let effect = effect.as_ref().map_or(Ok(&[][..]), Key::bytes);
    let effect =
        effect.map_err(|why| ToolError::internal(format!("the key of this call cannot be serialised: {why}")))?;
    let id = format!("{}#{}", tool.name, Digest::default().part(scope).part(effect).hex());
    cx.set_once(OnceKey::named(id, ttl, key::session(cx), keeping));
    Ok(())
}

/// As [`set_key`], for a call that needs the yes of a person for its scope. A key that is set already stays.
pub(crate) fn set_key_of<S>(call: &CallContext<S>, approval: &UsedApproval) -> Result<(), ToolError> {
    match call.cx.once_key() {
        Some(_) => Ok(()),
        None => set_key(call, Some(approval)),
    }
}

/// Sets the key of the effect, and the approval that the effect uses.
pub(crate) fn run_under<S>(call: &CallContext<S>, approval: UsedApproval) -> Result<(), ToolError> {
    set_key_of(call, &approval)?;
    if let Some(key) = call.cx.once_key() {
        key.set_approval(approval);
    }
    Ok(())
}

fn approved(approval: &UsedApproval) -> String {
    digest(&["approval", &approval.id])
}

fn missing_scope() -> ToolError {
    ToolError::refused(
        "this call has an effect that must happen once; without a session or an identity, no repeat can be recognised",
    )
}

/// Turns a replay into an ordinary success, so that a repeat gets the first reply.
pub(crate) fn replayed<S>(cx: &Cx<S>, outcome: Outcome) -> Outcome {
    match outcome {
        Err(mut error) if cx.once_key().is_some() => match error.take_replay() {
            Some(replay) => Ok(repeat(cx, replay)),
            None => Err(error),
        },
        outcome => outcome,
    }
}

fn repeat<S>(cx: &Cx<S>, replay: Replay) -> Value {
    cx.trail().replayed.set(true);
    if replay.session.as_deref() != cx.once_key().and_then(OnceKey::session) {
        cx.trail().note_repeated(replay.first_at);
    }
    replay.reply
}

/// Adds to the reply of a repeat in another session that the effect comes from an earlier call.
pub(crate) fn mark_repeat<S>(cx: &Cx<S>, mut output: Value) -> Value {
    if let (Some(first_at), Some(members)) = (cx.trail().repeated(), output.as_object_mut()) {
        let first_at = first_at.map_or_else(|| json!({}), |first_at| json!({"firstAt": first_at}));
        members.insert(REPEATED.into(), first_at);
    }
    output
}

/// Looks up the record before the tool runs, if the tool is declared with `look_first`.
pub(crate) async fn look<S>(ledger: &LedgerOf<S>, cx: &Cx<S>) -> Result<(), ToolError> {
    match cx.once_key().filter(|key| key.looks_first()) {
        Some(key) => ledger.of(cx.state())?.find(key).await,
        None => Ok(()),
    }
}

/// Reserves an effect that the tool does not commit itself.
pub(crate) async fn enter<S>(ledger: &LedgerOf<S>, cx: &Cx<S>) -> Result<Option<Lease>, ToolError> {
    let Some(key) = cx.once_key().filter(|key| key.is_leased()) else { return Ok(None) };
    let until = SystemTime::now() + cx.remaining().unwrap_or(LONGEST).min(LONGEST);
    ledger.of(cx.state())?.lease(key, until).await.map(Some)
}

/// Keeps the reply of a leased effect, or releases the lease if the tool reports that no effect has happened.
pub(crate) async fn leave<S>(
    ledger: &LedgerOf<S>,
    cx: &Cx<S>,
    tool: &RegisteredTool<S>,
    lease: Option<Lease>,
    outcome: Result<Value, ToolError>,
) -> Result<Value, ToolError> {
    let Some(key) = cx.once_key() else { return outcome };
    let Some(lease) = lease else {
        return match outcome {
            Err(error) if error.is_verdict() && !key.is_absent() => first_reply(ledger, cx, key, error).await,
            Ok(_) if !key.is_committed() => {
                tracing::error!(tool = tool.name, "a once tool returned without a commit; a repeat would run it again");
                outcome
            }
            outcome => outcome,
        };
    };
    let ledger = ledger.of(cx.state())?;
    match outcome {
        Ok(output) => {
            let reply = tool.exposed.project(output.clone()).0;
            ledger.finish(key, &lease, &reply).await.map(|()| output)
        }
        Err(error) => {
            // after a failure or a timeout the effect may have happened, so the lease stays until it expires
            if !error.is_unclear()
                && let Err(unreleased) = ledger.release(key, &lease).await
            {
                tracing::warn!(tool = tool.name, cause = ?unreleased, "a lease could not be released");
            }
            Err(error)
        }
    }
}

/// In a repeat, a tool that checks the data finds its own effect and returns an error. If there is a record, the call
/// is a repeat, and the first reply replaces the error.
async fn first_reply<S>(ledger: &LedgerOf<S>, cx: &Cx<S>, key: &OnceKey, error: ToolError) -> Result<Value, ToolError> {
    let Ok(ledger) = ledger.of(cx.state()) else { return Err(error) };
    match ledger.find(key).await {
        Ok(()) => Err(error),
        Err(found) if found.is_replay() => Err(found),
        Err(unknown) => {
            tracing::warn!(
                tool = key.id().split('#').next(),
                cause = ?unknown,
                "could not read whether a call is a repeat"
            );
            Err(ToolError::timed_out(
                "could not read whether this has been done before; repeat the same call to find out",
            ))
        }
    }
}
