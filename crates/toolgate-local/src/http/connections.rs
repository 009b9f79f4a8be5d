//! The connections of the port, HTTP/1.1 and HTTP/2 with prior knowledge. Clients may open any number of them, and no
//! connection can block the others.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use http::Request;
use hyper::{
    body::{Frame, Incoming, SizeHint},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tower::ServiceExt;

use crate::{
    http::body_timeout,
    http::slots::{ConnectionSlot, RequestSlot, Waiting},
};

/// Maximum number of waiting connections. A process on Linux has 1,024 file descriptors by default.
pub(crate) const WAITING: usize = 512;
/// Pause after `accept` failed for a local reason.
const PAUSE: Duration = Duration::from_millis(20);
/// Maximum number of open requests per HTTP/2 connection.
const STREAMS: u32 = 128;
/// Limit on the headers of one HTTP/2 request, in bytes.
const HEADERS: u32 = 64 * 1024;

/// Serves until `stop` completes, and then until running requests have their responses. At most `most` connections may
/// wait.
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
            // Remove finished connections.
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break,
        };
        // Send small responses at once instead of waiting for more data.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let slot = ConnectionSlot::new(Arc::clone(&waiting));
        connections.spawn(connection(stream, router.clone(), slot, stopping.subscribe()));
        waiting.close_oldest(most);
    }
    drop(listener);
    stopping.send_replace(true);
    while connections.join_next().await.is_some() {}
}

async fn connection(
    stream: TcpStream,
    router: Router,
    connection_slot: ConnectionSlot,
    mut stopping: watch::Receiver<bool>,
) {
    let closed = connection_slot.closed();
    let service = service_fn(|request: Request<Incoming>| {
        let (router, slot) = (router.clone(), Arc::new(connection_slot.request()));
        async move {
            let (parts, body) = request.into_parts();
            let (body, rest) = body_timeout::body(body, Arc::clone(&slot));
            let response =
                router.oneshot(Request::from_parts(parts, body)).await.unwrap_or_else(|never| match never {});
            rest.drain(&slot).await;
            slot.work();
            Ok::<_, Infallible>(response.map(|body| TrackedBody { body, slot }))
        }
    });
    let mut protocols = auto::Builder::new(TokioExecutor::new());
    protocols.http2().max_concurrent_streams(STREAMS).max_header_list_size(HEADERS);
    let connection = protocols.serve_connection(TokioIo::new(stream), service);
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
            // A request may have arrived first; then the connection stays open.
            () = closed.notified() => if connection_slot.is_waiting() { return },
            _ = stopping.wait_for(|stopping| *stopping), if !asked => {
                asked = true;
                connection.as_mut().graceful_shutdown();
                // An idle connection has nothing to finish.
                if connection_slot.is_idle() {
                    return;
                }
            }
        }
    }
}

/// A response body. The server works while a part of it is still to come; otherwise the client must read.
struct TrackedBody {
    body: Body,
    slot: Arc<RequestSlot>,
}

impl hyper::body::Body for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_pending() {
            self.slot.work();
        } else {
            self.slot.wait();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        hyper::body::Body::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        hyper::body::Body::size_hint(&self.body)
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};
    use http_body_util::{BodyExt, Full};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::oneshot,
        time::timeout,
    };

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// A server that lets three connections wait, its address, and its stop signal.
    async fn start() -> (String, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "done"
        };
        let count = |body: Bytes| async move { body.len().to_string() };
        let big = || async {
            Body::from_stream(futures_util::stream::repeat(Ok::<_, Infallible>(Bytes::from(vec![0; 65536]))))
        };
        let router = Router::new()
            .route("/", get(|| async { "ok" }))
            .route("/slow", get(slow))
            .route("/body", post(count))
            .route("/big", get(big));
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

    /// Each of these holds a connection for as long as the client likes, unless others need the slot.
    #[tokio::test]
    async fn slow_heads_slow_bodies_and_clients_that_do_not_read_make_room() {
        let (address, _stop, _server) = start().await;
        for begun in [
            "",
            "GET / HT",
            "POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf",
            "GET /big HTTP/1.1\r\nhost: x\r\n\r\n",
        ] {
            let mut open = Vec::new();
            for _ in 0..12 {
                let mut stream = TcpStream::connect(&address).await.unwrap();
                stream.write_all(begun.as_bytes()).await.unwrap();
                open.push(stream);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let mut new = ask(&address, "/").await;
            assert!(answer(&mut new).await.ends_with("ok"), "{begun}");
            let mut closed = 0;
            for stream in &mut open {
                let mut bytes = vec![0; 1 << 16];
                let ended = timeout(Duration::from_millis(20), async {
                    while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
                });
                closed += usize::from(ended.await.is_ok());
            }
            assert!(closed >= 8, "{begun}: {closed} of 12 made room");
        }
    }

    #[tokio::test]
    async fn a_slow_body_that_moves_is_not_the_one_that_makes_room() {
        let (address, _stop, _server) = start().await;
        let mut moving = TcpStream::connect(&address).await.unwrap();
        let head = "POST /body HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 20\r\n\r\n";
        moving.write_all(head.as_bytes()).await.unwrap();
        let mut others = Vec::new();
        for _ in 0..20 {
            moving.write_all(b"x").await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
            others.push(TcpStream::connect(&address).await.unwrap());
        }
        assert!(answer(&mut moving).await.ends_with("20"));
    }

    #[tokio::test]
    async fn http2_with_prior_knowledge_is_served_beside_http1() {
        let (address, stop, server) = start().await;
        let stream = TokioIo::new(TcpStream::connect(&address).await.unwrap());
        let (client, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        let ask = |method: &str, path: &str, body: &'static str| {
            let request = Request::builder().method(method).uri(format!("http://{address}{path}"));
            let answer = client.clone().send_request(request.body(Full::new(Bytes::from(body))).unwrap());
            async move {
                let answer = answer.await.unwrap();
                assert_eq!((answer.version(), answer.status().as_u16()), (http::Version::HTTP_2, 200));
                String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
            }
        };
        assert_eq!(ask("POST", "/body", "hello").await, "5");
        let many = futures_util::future::join_all((0..50).map(|_| ask("POST", "/body", "hi"))).await;
        assert!(many.iter().all(|answer| answer == "2"));
        let slow = tokio::spawn(ask("GET", "/slow", ""));
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.send(()).unwrap();
        assert_eq!(slow.await.unwrap(), "done", "stopping waits for it");
        timeout(PATIENCE, server).await.unwrap().unwrap();
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
