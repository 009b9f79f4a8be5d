//! Gate 9, once: names the effect, so that a ledger can commit it together with its record. An effect outside of the
//! ledger runs under a lease, and its reply is kept when it is over.

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

/// The member of a reply to a repeat in another session. No once tool may expose a field of this name.
pub(crate) const REPEATED: &str = "repeated";

/// How long a lease lasts where the platform tells no deadline: as long as a function can run
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// A record outlives the approval that allowed it by this: the longest run of a function, and clocks that differ.
const MARGIN: Duration = Duration::from_secs(60 * 60);

/// Names the effect. `approval` is the one under which the call runs, if a person was asked: it makes a scope where
/// there is no other, and the call's effect happens once per approval.
pub(crate) fn name<S>(call: &CallContext<S>, approval: Option<&UsedApproval>) -> Result<(), ToolError> {
    let (tool, cx) = (&call.tool, &call.cx);
    let within = tool.confirm.map_or(Duration::ZERO, |within| within.saturating_add(MARGIN));
    let (scope, effect, ttl, keeping) = match (&tool.once, approval) {
        (None, None) => return Ok(()),
        // an effect of its own, which the framework keeps
        (None, Some(approval)) => (approved(approval), None, within, Keeping { leased: true, looks_first: false }),
        (Some(once), approval) => {
            let key = call.prepared.as_ref().and_then(|prepared| prepared.once_key());
            let scope = match (key::scope(cx)?, approval) {
                (Some(scope), _) => scope,
                (None, Some(approval)) => approved(approval),
                // a person will be asked, and the approval is the scope
                (None, None) if call.asks().is_some() => return Ok(()),
                (None, None) => return Err(nobodys()),
            };
            (scope, key, once.ttl.max(within), once.keeping)
        }
    };
    let effect = effect.as_ref().map_or(Ok(&[][..]), Key::bytes);
    let effect =
        effect.map_err(|why| ToolError::internal(format!("the key of this call does not serialise: {why}")))?;
    let id = format!("{}#{}", tool.name, Digest::default().part(scope).part(effect).hex());
    cx.set_once(OnceKey::named(id, ttl, key::session(cx), keeping));
    Ok(())
}

fn approved(approval: &UsedApproval) -> String {
    digest(&["approval", &approval.id])
}

fn nobodys() -> ToolError {
    ToolError::refused(
        "this call has an effect that must happen once, and it came without a session or an identity to tell a repeat by",
    )
}

/// Turns a replay into an ordinary success: a repeat gets the first reply.
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
    cx.trail().note_replayed();
    if replay.session.as_deref() != cx.once_key().and_then(OnceKey::session) {
        cx.trail().note_repeated(replay.first_at);
    }
    replay.reply
}

/// In another session than the first call's, the reply says that the effect is not this call's own.
pub(crate) fn mark_repeat<S>(cx: &Cx<S>, mut output: Value) -> Value {
    if let (Some(first_at), Some(members)) = (cx.trail().repeated(), output.as_object_mut()) {
        let first_at = first_at.map_or_else(|| json!({}), |first_at| json!({"firstAt": first_at}));
        members.insert(REPEATED.into(), first_at);
    }
    output
}

/// Looks the record up before the tool runs, where the tool asks for that.
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

/// Keeps the reply of a leased effect, or gives the lease back where the tool says that nothing has happened.
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
                tracing::error!(tool = tool.name, "a once tool returned without a commit: a repeat would run again");
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
            // what failed or took too long may have happened: then the lease stays until it ends by itself
            if !error.is_unclear()
                && let Err(unreleased) = ledger.release(key, &lease).await
            {
                tracing::warn!(tool = tool.name, cause = ?unreleased, "a lease was not given back");
            }
            Err(error)
        }
    }
}

/// A tool that judges by what it read finds its own effect in a repeat, and returns an error. If there is a record, the
/// call is a repeat, and the first reply is the answer.
async fn first_reply<S>(ledger: &LedgerOf<S>, cx: &Cx<S>, key: &OnceKey, error: ToolError) -> Result<Value, ToolError> {
    let Ok(ledger) = ledger.of(cx.state()) else { return Err(error) };
    match ledger.find(key).await {
        Ok(()) => Err(error),
        Err(found) if found.is_replay() => Err(found),
        Err(unknown) => {
            tracing::warn!(tool = key.id().split('#').next(), cause = ?unknown, "whether a call is a repeat could not be read");
            Err(ToolError::timed_out(
                "whether this has been done before could not be read; repeat the same call to find out",
            ))
        }
    }
}
