//! Request bodies of slow clients, and bodies that the response does not need.
//!
//! A client that stops in the middle of a body is given up after a timeout. While its body is incomplete, its
//! connection counts as waiting. A body that is not needed is drained: a client that is still sending would see a
//! closed connection instead of the response.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::http::slots::RequestSlot;

/// Timeout for the next piece of a body.
const PIECE: Duration = Duration::from_secs(30);
/// Maximum number of bytes that are drained of an unused body.
const DRAINED: usize = 64 * 1024 * 1024;

/// Returns a body with a timeout on its pieces, and a handle to its unread rest.
pub(crate) fn body(body: Incoming, slot: Arc<RequestSlot>) -> (Body, UnreadBody) {
    let rest = UnreadBody::default();
    if hyper::body::Body::is_end_stream(&body) {
        slot.work();
        return (Body::empty(), rest);
    }
    let pieces = Pieces { body: Some(body), rest: rest.clone(), slot };
    let stream = stream::unfold(pieces, |mut pieces| async {
        let next = piece(pieces.body.as_mut()?).await;
        if matches!(next, Some(Ok(_))) {
            pieces.slot.wait();
        } else {
            pieces.body = None;
            pieces.slot.work();
        }
        Some((next?, pieces))
    });
    (Body::from_stream(stream), rest)
}

/// The next piece of data; `None` at the end.
async fn piece(body: &mut Incoming) -> Option<Result<Bytes, axum::Error>> {
    let data = async {
        loop {
            match body.frame().await?.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => return Some(Ok(data)),
                Ok(Err(_trailers)) => {}
                Err(error) => return Some(Err(axum::Error::new(error))),
            }
        }
    };
    tokio::time::timeout(PIECE, data).await.unwrap_or_else(|late| Some(Err(axum::Error::new(late))))
}

/// A body that is being read. When it is dropped, its unread part goes to `rest`.
struct Pieces {
    body: Option<Incoming>,
    rest: UnreadBody,
    slot: Arc<RequestSlot>,
}

impl Drop for Pieces {
    fn drop(&mut self) {
        *self.rest.0.lock().unwrap_or_else(PoisonError::into_inner) = self.body.take();
    }
}

/// The unread part of a body.
#[derive(Debug, Clone, Default)]
pub(crate) struct UnreadBody(Arc<Mutex<Option<Incoming>>>);

impl UnreadBody {
    /// Drains the body. The connection waits for its client in the meantime.
    pub(crate) async fn drain(self, slot: &RequestSlot) {
        let Some(mut body) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        slot.wait();
        let mut seen = 0;
        while seen <= DRAINED
            && let Some(Ok(data)) = piece(&mut body).await
        {
            seen += data.len();
            slot.wait();
        }
    }
}
