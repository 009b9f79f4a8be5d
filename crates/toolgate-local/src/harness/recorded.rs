//! The record of an invocation in its turn.

use serde_json::Value;

use super::invocation::{End, Invocation};
use crate::turns::{self, OpenTurn, SpanKind, State, TurnKind, Turns};

/// Begins the turn of an invocation.
pub(super) fn begin(turns: Option<&Turns>, harness: &str, session: &str, messages: &[Value]) -> Option<OpenTurn> {
    Some(turns?.begin(TurnKind::Harness, harness, Some(session), &text(messages)))
}

/// Runs an invocation as the span of its harness.
pub(super) async fn run(invocation: &Invocation<'_>, messages: &[Value], run: impl Future<Output = End>) -> End {
    let open = turns::open(SpanKind::Agent, || invocation.settings.harness.clone());
    open.note("input", || text(messages).into());
    let end = turns::within(open.place(), run).await;
    open.note("answer", || invocation.answer.get().map_or("", String::as_str).into());
    match &end {
        End::Stopped => open.end(State::Ok, None),
        End::Waiting(_) => open.end(State::Waiting, Some("the caller runs a call".to_owned())),
        End::Failed(error, _) => open.end(State::Failed, Some(error.message.clone())),
    }
    end
}

/// Ends the turn of an invocation.
pub(super) fn end(record: Option<&OpenTurn>, answer: Option<&String>, end: &End) {
    let Some(record) = record else { return };
    match end {
        End::Failed(error, _) => record.end(Err(&error.message)),
        End::Stopped | End::Waiting(_) => record.end(Ok(answer.map_or("", String::as_str))),
    }
}

/// The last text of the caller.
fn text(messages: &[Value]) -> String {
    let content = messages.iter().rev().find_map(|message| message.get("content")?.as_array());
    let texts = content.into_iter().flatten().filter_map(|block| block.get("text")?.as_str());
    texts.collect::<Vec<_>>().join("\n")
}
