//! Request bodies of slow clients, and bodies that the response does not need.
//!
//! A client that stops in the middle of a body is given up after a timeout. While its body is incomplete, its
//! connection counts as waiting. A body that is not needed is drained: a client that is still sending would see a
//! closed connection instead of the response.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::body::Body;
use futures_util::{StreamExt, stream};
use http_body_util::BodyDataStream;
use hyper::body::Incoming;
use tower_http::timeout::TimeoutBody;

use crate::http::slots::RequestSlot;

/// Timeout for the next piece of a body.
const PIECE: Duration = Duration::from_secs(30);
/// Maximum number of bytes that are drained of an unused body.
const DRAINED: usize = 64 * 1024 * 1024;

type Pieces = BodyDataStream<Pin<Box<TimeoutBody<Incoming>>>>;

/// Returns a body with a timeout on its pieces, and a handle to its unread rest.
pub(crate) fn body(body: Incoming, slot: Arc<RequestSlot>) -> (Body, UnreadBody) {
    let rest = UnreadBody::default();
    if hyper::body::Body::is_end_stream(&body) {
        slot.work();
        return (Body::empty(), rest);
    }
    let pieces = BodyDataStream::new(Box::pin(TimeoutBody::new(PIECE, body)));
    let reading = Reading { pieces: Some(pieces), rest: rest.clone(), slot };
    let stream = stream::unfold(reading, |mut reading| async {
        let next = reading.pieces.as_mut()?.next().await;
        if matches!(next, Some(Ok(_))) {
            reading.slot.wait();
        } else {
            reading.pieces = None;
            reading.slot.work();
        }
        Some((next?, reading))
    });
    (Body::from_stream(stream), rest)
}

/// A body that is being read. When it is dropped, its unread part goes to `rest`.
struct Reading {
    pieces: Option<Pieces>,
    rest: UnreadBody,
    slot: Arc<RequestSlot>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        *self.rest.0.lock().unwrap_or_else(PoisonError::into_inner) = self.pieces.take();
    }
}

/// The unread part of a body.
#[derive(Clone, Default)]
pub(crate) struct UnreadBody(Arc<Mutex<Option<Pieces>>>);

impl UnreadBody {
    /// Drains the body. The connection waits for its client in the meantime.
    pub(crate) async fn drain(self, slot: &RequestSlot) {
        let Some(mut pieces) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        slot.wait();
        let mut seen = 0;
        while seen <= DRAINED
            && let Some(Ok(data)) = pieces.next().await
        {
            seen += data.len();
            slot.wait();
        }
    }
}
