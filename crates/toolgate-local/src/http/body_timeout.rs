//! Request bodies of clients that are slow, or that nobody listens to.
//!
//! A client that stops in the middle of a body is given up after a while, and while its body is on the way its connection
//! counts as one that waits. A body that the answer did not need is read all the same: a client that is still sending
//! would see a closed connection instead of the answer.

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

/// How long the next piece of a body may take.
const PIECE: Duration = Duration::from_secs(30);
/// Beyond this even a client that is only told off gets no more attention.
const DRAINED: usize = 64 * 1024 * 1024;

/// A body whose pieces have to come in time, and what will be left of it.
pub(crate) fn body(body: Incoming, slot: Arc<RequestSlot>) -> (Body, Rest) {
    let rest = Rest::default();
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

/// A body while it is read. What is not read goes to the rest.
struct Pieces {
    body: Option<Incoming>,
    rest: Rest,
    slot: Arc<RequestSlot>,
}

impl Drop for Pieces {
    fn drop(&mut self) {
        *self.rest.0.lock().unwrap_or_else(PoisonError::into_inner) = self.body.take();
    }
}

/// What nobody has read of a body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rest(Arc<Mutex<Option<Incoming>>>);

impl Rest {
    /// Reads it to its end, if it has one; meanwhile it is the client's turn.
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
