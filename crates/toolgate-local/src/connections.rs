//! Connections of the one port: as many as anybody opens, without one of them keeping the others out.
//!
//! A connection that waits (for its next request, or for the rest of a head that never comes) costs a file descriptor,
//! and a process has few of them. Beyond a number the one that has waited longest is closed for the next to come. A
//! client that stops in the middle of a body is given up after a while.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use futures_util::stream;
use http::Request;
use http_body_util::BodyExt;
use hyper::{
    body::{Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    task::JoinSet,
};
use tower::ServiceExt;

/// Connections that may wait at a time; macOS gives a process 256 file descriptors.
const WAITING: usize = 128;
/// How long the next piece of a body may take.
const PIECE: Duration = Duration::from_secs(30);
/// The pause after a connection could not be accepted for a reason of this machine.
const PAUSE: Duration = Duration::from_millis(20);

/// Serves until `stop` is done, and then until running requests have their answers.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let waiting = Arc::new(Waiting::default());
    let stopping = watch::Sender::new(false);
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be accepted");
                    waiting.close_oldest(0);
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
            // what has ended is forgotten
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break,
        };
        // small answers leave at once instead of waiting for more to send
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        connections.spawn(connection(stream, router.clone(), Arc::clone(&waiting), stopping.subscribe()));
        waiting.close_oldest(WAITING);
    }
    drop(listener);
    stopping.send_replace(true);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, router: Router, waiting: Arc<Waiting>, mut stopping: watch::Receiver<bool>) {
    let place = Place::new(waiting);
    let closed = place.closed();
    let service = service_fn(|request: Request<Incoming>| {
        let (router, busy) = (router.clone(), place.busy());
        async move {
            let response = router.oneshot(request.map(patient)).await.unwrap_or_else(|never| match never {});
            // the connection is busy until the last of the answer is out
            Ok::<_, Infallible>(response.map(|body| Held { body, _busy: busy }))
        }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let mut asked = false;
    loop {
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke off");
                }
                return;
            }
            // unless a request came first
            () = closed.notified() => if place.is_waiting() { return },
            _ = stopping.wait_for(|stopping| *stopping), if !asked => {
                asked = true;
                connection.as_mut().graceful_shutdown();
                // with no request in it, there is nothing to wait for
                if place.is_waiting() {
                    return;
                }
            }
        }
    }
}

/// A body whose next piece has to come in time.
fn patient(body: Incoming) -> Body {
    if hyper::body::Body::is_end_stream(&body) {
        return Body::empty();
    }
    Body::from_stream(stream::unfold(Some(body), |body| async {
        let mut body = body?;
        let next = tokio::time::timeout(PIECE, async {
            loop {
                match body.frame().await? {
                    Ok(frame) => match frame.into_data() {
                        Ok(data) => return Some(Ok(data)),
                        Err(_trailers) => {}
                    },
                    Err(error) => return Some(Err(axum::Error::new(error))),
                }
            }
        });
        match next.await {
            Ok(Some(Ok(data))) => Some((Ok(data), Some(body))),
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(None) => None,
            Err(late) => Some((Err(axum::Error::new(late)), None)),
        }
    }))
}

/// The connections that wait, by when they began to.
#[derive(Debug, Default)]
struct Waiting(Mutex<Order>);

#[derive(Debug, Default)]
struct Order {
    next: u64,
    waiting: BTreeMap<u64, Arc<Notify>>,
}

impl Waiting {
    fn enter(&self, close: Arc<Notify>) -> u64 {
        let mut order = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        order.next += 1;
        let ticket = order.next;
        order.waiting.insert(ticket, close);
        ticket
    }

    fn leave(&self, ticket: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).waiting.remove(&ticket);
    }

    /// Closes the one that has waited longest, where more than so many wait.
    fn close_oldest(&self, most: usize) {
        let mut order = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if order.waiting.len() > most
            && let Some((_, close)) = order.waiting.pop_first()
        {
            close.notify_one();
        }
    }
}

/// A connection's place among those that wait, while no request is at work on it.
#[derive(Debug, Clone)]
struct Place(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    waiting: Arc<Waiting>,
    close: Arc<Notify>,
    ticket: Mutex<Option<u64>>,
}

impl Place {
    fn new(waiting: Arc<Waiting>) -> Self {
        let close = Arc::new(Notify::new());
        let ticket = Mutex::new(Some(waiting.enter(Arc::clone(&close))));
        Self(Arc::new(Inner { waiting, close, ticket }))
    }

    fn closed(&self) -> Arc<Notify> {
        Arc::clone(&self.0.close)
    }

    fn is_waiting(&self) -> bool {
        self.0.ticket().is_some()
    }

    /// Takes the connection out of those that wait, until the guard is dropped.
    fn busy(&self) -> Busy {
        if let Some(ticket) = self.0.ticket().take() {
            self.0.waiting.leave(ticket);
        }
        Busy(Arc::clone(&self.0))
    }
}

impl Inner {
    fn ticket(&self) -> std::sync::MutexGuard<'_, Option<u64>> {
        self.ticket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket().take() {
            self.waiting.leave(ticket);
        }
    }
}

/// An answer that keeps its connection busy.
struct Held {
    body: Body,
    _busy: Busy,
}

impl hyper::body::Body for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        hyper::body::Body::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        hyper::body::Body::size_hint(&self.body)
    }
}

/// A request is at work.
struct Busy(Arc<Inner>);

impl Drop for Busy {
    fn drop(&mut self) {
        let ticket = self.0.waiting.enter(Arc::clone(&self.0.close));
        *self.0.ticket() = Some(ticket);
    }
}
