//! `GET /console/api/events`: what changes, as server-sent events.
//!
//! The id of an event names the last change that the reader knows. A reader that comes back with it gets what has
//! changed since then. <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{Query, State},
    response::Response,
};
use futures_util::stream::unfold;
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use serde_json::Value;
use tokio::{sync::watch, time::Instant};

use crate::turns::{Topic, Turns};

/// Time between two batches of changes: at most five a second.
const PAUSE: Duration = Duration::from_millis(200);
/// Time after which a quiet stream gets a comment, so that both sides notice a lost connection.
const PING: Duration = Duration::from_secs(15);

#[derive(Debug, Deserialize)]
pub(super) struct After {
    after: Option<String>,
}

/// One reader.
struct Reader {
    turns: Turns,
    changes: watch::Receiver<u64>,
    /// The last change that it knows.
    known: u64,
    /// When it may get the next batch.
    not_before: Instant,
    /// What it gets first.
    first: Option<String>,
}

pub(super) async fn stream(State(turns): State<Turns>, Query(query): Query<After>, headers: HeaderMap) -> Response {
    let header = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let reader = Reader::new(turns, header.or(query.after.as_deref()));
    let events = unfold(reader, |mut reader| async move {
        let text = reader.next().await?;
        Some((Ok::<Bytes, Infallible>(text.into()), reader))
    });
    let mut response = Response::new(Body::from_stream(events));
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Reader {
    /// A reader that knows everything up to this id. Without one it knows everything up to now.
    fn new(turns: Turns, after: Option<&str>) -> Self {
        let changes = turns.changes();
        let now = *changes.borrow();
        let number = |id: &str| id.strip_prefix(turns.instance())?.strip_prefix('-')?.parse::<u64>().ok();
        let known = after.and_then(number).filter(|known| *known <= now);
        let first = match (after, known) {
            (Some(_), Some(_)) => String::new(),
            (Some(_), None) => event("reset", &turns, now, "{}"),
            (None, _) => event("state", &turns, now, "{}"),
        };
        let first = Some(format!("retry: 1000\n\n{first}"));
        Self { turns, changes, known: known.unwrap_or(now), not_before: Instant::now(), first }
    }

    async fn next(&mut self) -> Option<String> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        tokio::time::sleep_until(self.not_before).await;
        let known = self.known;
        match tokio::time::timeout(PING, self.changes.wait_for(|change| *change > known)).await {
            Err(_) => return Some(": ping\n\n".to_owned()),
            // The local agent ends.
            Ok(Err(_)) => return None,
            Ok(Ok(_)) => {}
        }
        self.not_before = Instant::now() + PAUSE;
        let changed = self.turns.since(self.known);
        self.known = changed.change;
        let turns = changed.turns.iter().map(Value::to_string).map(|turn| ("turn", turn));
        let topics = changed.topics.iter().map(|topic| match topic {
            Topic::Approvals => ("approvals", "{}".to_owned()),
            Topic::State => ("state", "{}".to_owned()),
        });
        let events = turns.chain(topics).map(|(name, data)| event(name, &self.turns, self.known, &data));
        Some(events.collect())
    }
}

/// One event. JSON on one line has no line break.
fn event(name: &str, turns: &Turns, known: u64, data: &str) -> String {
    format!("id: {}-{known}\nevent: {name}\ndata: {data}\n\n", turns.instance())
}
