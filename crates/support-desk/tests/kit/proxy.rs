//! What stands between one handler process and DynamoDB: it counts requests, and fails them as real networks, real
//! DynamoDB and a dying process do. It knows nothing of what the requests mean.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};

use crate::{
    http::{Answer, forward, message},
    platform::Killer,
};

/// What happens to one request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It is answered with an error and goes nowhere.
    Answered(Answer),
    /// It is forwarded, and then answered with an error.
    AnsweredAfter(Answer),
    /// The connection is cut at once.
    CutBefore,
    /// It is forwarded, and the connection is cut before the answer.
    CutAfter,
    /// It is forwarded late, whether or not anybody still waits for it.
    Held(Duration),
    /// It is forwarded at once and answered late.
    Late(Duration),
    /// The process is killed before the request is forwarded; it never is.
    KilledBefore,
    /// The process is killed after the request was forwarded.
    KilledAfter,
}

/// Decides over each request, by its operation: a fault with the name that it is counted by, or none.
pub(crate) type Decide = Box<dyn FnMut(&str) -> Option<(&'static str, Fault)> + Send>;

/// The proxy of one handler process.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: Mutex<Option<SocketAddr>>,
    decide: Mutex<Option<Decide>>,
    tally: Mutex<BTreeMap<&'static str, usize>>,
    seen: AtomicUsize,
    under_way: AtomicUsize,
    killer: Mutex<Killer>,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            upstream: Mutex::default(),
            decide: Mutex::default(),
            tally: Mutex::default(),
            seen: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            killer: Mutex::default(),
        });
        let proxy = Self { address, shared: shared.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = shared.clone();
                // an error is a connection that the other side has closed
                tokio::spawn(async move { shared.serve(client).await.ok() });
            }
        });
        proxy
    }

    /// Whose process the faults kill.
    pub(crate) fn kills(&self, killer: Killer) {
        *self.shared.killer.lock().unwrap() = killer;
    }

    /// Forwards to another server from now on.
    pub(crate) fn forward_to(&self, upstream: SocketAddr) {
        *self.shared.upstream.lock().unwrap() = Some(upstream);
    }

    /// From now on each request is decided over.
    pub(crate) fn fail(&self, decide: Decide) {
        *self.shared.decide.lock().unwrap() = Some(decide);
    }

    /// From now on each request is forwarded.
    pub(crate) fn be_honest(&self) {
        *self.shared.decide.lock().unwrap() = None;
    }

    /// Requests since the last look.
    pub(crate) fn requests(&self) -> usize {
        self.shared.seen.swap(0, Ordering::SeqCst)
    }

    /// Faults since the last look, by name.
    pub(crate) fn faults(&self) -> BTreeMap<&'static str, usize> {
        std::mem::take(&mut self.shared.tally.lock().unwrap())
    }

    /// Waits until no request is held back or on its way.
    pub(crate) async fn quiet(&self) {
        while self.shared.under_way.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Shared {
    async fn serve(&self, mut client: TcpStream) -> std::io::Result<()> {
        loop {
            let request = message(&mut client).await?;
            self.under_way.fetch_add(1, Ordering::SeqCst);
            let answer = self.answer(&request).await;
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            let Some(answer) = answer? else { return Ok(()) };
            client.write_all(&answer).await?;
        }
    }

    /// The answer to one request; none where the connection ends.
    async fn answer(&self, request: &[u8]) -> std::io::Result<Option<Vec<u8>>> {
        self.seen.fetch_add(1, Ordering::SeqCst);
        let fault = self.decide.lock().unwrap().as_mut().and_then(|decide| decide(&operation(request)));
        let upstream = self.upstream.lock().unwrap().expect("a server to forward to");
        if let Some((name, _)) = fault {
            *self.tally.lock().unwrap().entry(name).or_default() += 1;
        }
        let Some((_, fault)) = fault else { return forward(upstream, request).await.map(Some) };
        let killer = self.killer.lock().unwrap().clone();
        match fault {
            Fault::Answered(answer) => Ok(Some(answer.bytes())),
            Fault::AnsweredAfter(answer) => {
                forward(upstream, request).await?;
                Ok(Some(answer.bytes()))
            }
            Fault::CutBefore => Ok(None),
            Fault::CutAfter => {
                forward(upstream, request).await?;
                Ok(None)
            }
            Fault::Held(wait) => {
                tokio::time::sleep(wait).await;
                forward(upstream, request).await.map(Some)
            }
            Fault::Late(wait) => {
                let answer = forward(upstream, request).await?;
                tokio::time::sleep(wait).await;
                Ok(Some(answer))
            }
            Fault::KilledBefore => {
                killer.kill().await;
                Ok(None)
            }
            Fault::KilledAfter => {
                forward(upstream, request).await?;
                killer.kill().await;
                Ok(None)
            }
        }
    }
}

/// What a request asks DynamoDB for; empty, where it does not say.
fn operation(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    let target = text.lines().take_while(|line| !line.is_empty()).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("x-amz-target").then(|| value.trim().to_owned())
    });
    target.and_then(|target| Some(target.split_once('.')?.1.to_owned())).unwrap_or_default()
}
