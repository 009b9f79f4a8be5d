//! Turns and spans as the console's API shows them.

use serde_json::{Value, json};

use super::{
    call::{LogLine, Row},
    span::{Span, SpanKind, State, Turn, milliseconds, usd},
};

/// The number in an id such as `t-12`.
pub(super) fn number(id: &str, letter: char) -> Option<usize> {
    id.strip_prefix(letter)?.strip_prefix('-')?.parse().ok()
}

pub(super) fn summary(turn: &Turn) -> Value {
    let calls = turn.spans.iter().filter(|span| span.kind == SpanKind::Call);
    let took = turn.took.unwrap_or_else(|| turn.started.elapsed());
    let at = jiff::Timestamp::try_from(turn.at).unwrap_or_default();
    json!({
        "id": format!("t-{}", turn.number),
        "kind": turn.kind.name(),
        "title": turn.title,
        "target": turn.target,
        "session": turn.session,
        "startedAt": format!("{at:.3}"),
        "durationMs": milliseconds(took),
        "state": turn.state.of_turn(),
        "spans": turn.spans.len(),
        "calls": calls.count(),
        "stopped": turn.spans.iter().filter(|span| span.state == State::Stopped).count(),
        "inputTokens": turn.usage.input_tokens,
        "outputTokens": turn.usage.output_tokens,
        "usd": turn.micros.map(usd),
        "error": turn.error,
    })
}

pub(super) fn turn(turn: &Turn) -> Value {
    let mut shown = summary(turn);
    if let Some(members) = shown.as_object_mut() {
        members.insert("input".to_owned(), turn.input.as_str().into());
        members.insert("answer".to_owned(), turn.answer.as_deref().unwrap_or_default().into());
        members.insert("waitingFor".to_owned(), turn.question.clone().unwrap_or_default());
        members.insert("spanList".to_owned(), turn.spans.iter().map(span).collect());
    }
    shown
}

fn span(span: &Span) -> Value {
    json!({
        "id": format!("s-{}", span.number + 1),
        "parent": span.parent.map(|parent| format!("s-{}", parent + 1)),
        "kind": span.kind.name(),
        "name": span.name,
        "startMs": milliseconds(span.start),
        "durationMs": span.took.map(milliseconds),
        "state": span.state.name(),
        "summary": span.summary,
        "detailBytes": span.bytes(),
    })
}

/// A span with its detail, as JSON text.
pub(super) fn detailed(of: &Span, turn: &Turn) -> String {
    let text = span(of).to_string();
    let request = |request: &super::Request| {
        json!({
            "operation": request.operation,
            "table": request.table,
            "startMs": milliseconds(request.began.saturating_duration_since(turn.started)),
            "durationMs": milliseconds(request.took),
            "outcome": request.outcome,
        })
    };
    let own: [(&str, Value); 3] = [
        ("requests", of.requests.iter().map(request).collect()),
        ("rows", of.rows.iter().map(Row::shown).collect()),
        ("logs", of.logs.iter().map(LogLine::shown).collect()),
    ];
    let own = own.into_iter().filter(|_| of.kind == SpanKind::Call).map(|(name, value)| (name, value.to_string()));
    format!("{},\"detail\":{}}}", text.strip_suffix('}').unwrap_or_default(), of.detail.object(own))
}
