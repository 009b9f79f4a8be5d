//! Connections of the one port: as many as anybody opens, without one of them keeping the others out.
//!
//! A connection that waits (for its next request, or for the rest of a head that never comes) costs a file descriptor,
//! and a process has few of them. Beyond a number the one that has waited longest is closed for the next to come.

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
use http::Request;
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

use crate::patient;

/// Connections that may wait at a time, of the 1,024 file descriptors that a process has on Linux unless it is given more.
pub(crate) const WAITING: usize = 512;
/// The pause after a connection could not be accepted for a reason of this machine.
const PAUSE: Duration = Duration::from_millis(20);

/// Serves until `stop` is done, and then until running requests have their answers. `most` connections may wait.
pub(crate) async fn serve(listener: TcpListener, router: Router, most: usize, stop: impl Future<Output = ()>) {
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
        connections.spawn(connection(stream, router.clone(), Place::new(Arc::clone(&waiting)), stopping.subscribe()));
        waiting.close_oldest(most);
    }
    drop(listener);
    stopping.send_replace(true);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, router: Router, place: Place, mut stopping: watch::Receiver<bool>) {
    let closed = place.closed();
    let service = service_fn(|request: Request<Incoming>| {
        let (router, busy) = (router.clone(), place.busy());
        async move {
            let (parts, body) = request.into_parts();
            let (body, rest) = patient::body(body);
            let response =
                router.oneshot(Request::from_parts(parts, body)).await.unwrap_or_else(|never| match never {});
            rest.drain().await;
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

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::oneshot,
        time::timeout,
    };

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// A server that lets three connections wait, its address, and what stops it.
    async fn start() -> (String, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "done"
        };
        let router = Router::new().route("/", get(|| async { "ok" })).route("/slow", get(slow));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, router, 3, async { drop(stopped.await) }));
        (address, stop, server)
    }

    async fn ask(address: &str, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
        stream
    }

    async fn answer(stream: &mut TcpStream) -> String {
        let mut text = vec![0; 1024];
        let read = timeout(PATIENCE, stream.read(&mut text)).await.unwrap().unwrap();
        String::from_utf8_lossy(text.get(..read).unwrap()).into_owned()
    }

    #[tokio::test]
    async fn who_has_waited_longest_makes_room_and_who_works_stays() {
        let (address, _stop, _server) = start().await;
        let mut working = ask(&address, "/slow").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut idle = Vec::new();
        for _ in 0..5 {
            idle.push(TcpStream::connect(&address).await.unwrap());
        }
        let mut used = ask(&address, "/").await;
        assert!(answer(&mut used).await.ends_with("ok"));
        let closed = |stream: &mut TcpStream| stream.try_read(&mut [0]).is_ok_and(|read| read == 0);
        for first in idle.iter_mut().take(3) {
            assert_eq!(timeout(PATIENCE, first.read(&mut [0])).await.unwrap().unwrap(), 0);
        }
        assert!(!closed(idle.last_mut().unwrap()) && !closed(&mut used));
        assert!(answer(&mut working).await.ends_with("done"), "it was never among those that wait");
    }

    #[tokio::test]
    async fn stopping_waits_for_answers_and_for_nothing_else() {
        let (address, stop, server) = start().await;
        let _idle = TcpStream::connect(&address).await.unwrap();
        let mut half = TcpStream::connect(&address).await.unwrap();
        half.write_all(b"GET / HT").await.unwrap();
        let mut working = ask(&address, "/slow").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.send(()).unwrap();
        assert!(answer(&mut working).await.ends_with("done"));
        timeout(PATIENCE, server).await.unwrap().unwrap();
        assert!(TcpStream::connect(&address).await.is_err());
    }
}
