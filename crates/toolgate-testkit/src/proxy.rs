//! A proxy between one handler process and DynamoDB. It counts requests, and injects the faults of real networks, of
//! real DynamoDB and of a dying process. It does not interpret the requests.

use std::{
    collections::{BTreeMap, VecDeque},
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
    lambda::Killer,
};

/// The treatment of one request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is not forwarded, and is answered with an error.
    Answered(Answer),
    /// It is not forwarded, and is answered late with an error.
    AnsweredLate(Duration, Answer),
    /// It is forwarded, and then answered with an error.
    AnsweredAfter(Answer),
    /// The connection is cut at once.
    CutBefore,
    /// It is forwarded, and the connection is cut before the answer.
    CutAfter,
    /// It is forwarded late, whether or not the client still waits for it.
    Held(Duration),
    /// It is forwarded at once and answered late.
    Late(Duration),
    /// The process is killed, and the request is never forwarded.
    KilledBefore,
    /// The process is killed after the request was forwarded.
    KilledAfter,
    /// No fault: the request is forwarded.
    Pass,
}

impl Fault {
    /// A cancelled transaction, with one code for each of its items.
    pub fn canceled(codes: &[&str]) -> Self {
        Self::Answered(Answer::canceled(codes))
    }

    /// Any other error of the service.
    pub fn error(status: u16, code: &str) -> Self {
        Self::Answered(Answer::error(status, code))
    }

    /// The same answer after a delay.
    pub fn after(self, wait: Duration) -> Self {
        match self {
            Self::Answered(answer) => Self::AnsweredLate(wait, answer),
            other => other,
        }
    }
}

/// Decides for each request, by its operation: a fault and the name under which it is counted, or no fault.
pub type Decide = Box<dyn FnMut(&str) -> Option<(&'static str, Fault)> + Send>;

/// The proxy of one handler process.
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: Mutex<Option<SocketAddr>>,
    decide: Mutex<Option<Decide>>,
    /// Faults for the next requests. They take precedence over `decide`.
    next: Mutex<VecDeque<Fault>>,
    tally: Mutex<BTreeMap<&'static str, usize>>,
    seen: AtomicUsize,
    under_way: AtomicUsize,
    killer: Mutex<Killer>,
}

impl Proxy {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            upstream: Mutex::default(),
            decide: Mutex::default(),
            next: Mutex::default(),
            tally: Mutex::default(),
            seen: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            killer: Mutex::default(),
        });
        let proxy = Self { address, shared: shared.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = shared.clone();
                // an error means that the other side has closed the connection
                tokio::spawn(async move { shared.serve(client).await.ok() });
            }
        });
        proxy
    }

    /// A proxy in front of a server.
    pub async fn before(upstream: SocketAddr) -> Self {
        let proxy = Self::start().await;
        proxy.forward_to(upstream);
        proxy
    }

    /// Sets the faults for the next requests, in this order.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.next.lock().unwrap().extend(faults);
    }

    /// Sets the process that the faults kill.
    pub fn kills(&self, killer: Killer) {
        *self.shared.killer.lock().unwrap() = killer;
    }

    /// From now on, forwards to another server.
    pub fn forward_to(&self, upstream: SocketAddr) {
        *self.shared.upstream.lock().unwrap() = Some(upstream);
    }

    /// From now on, `decide` is called for each request.
    pub fn fail(&self, decide: Decide) {
        *self.shared.decide.lock().unwrap() = Some(decide);
    }

    /// From now on, forwards every request.
    pub fn be_honest(&self) {
        *self.shared.decide.lock().unwrap() = None;
    }

    /// The number of requests since the last call of this function.
    pub fn requests(&self) -> usize {
        self.shared.seen.swap(0, Ordering::SeqCst)
    }

    /// The faults since the last call of this function, by name.
    pub fn faults(&self) -> BTreeMap<&'static str, usize> {
        std::mem::take(&mut self.shared.tally.lock().unwrap())
    }

    /// Waits until no request is delayed or in progress.
    pub async fn quiet(&self) {
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

    /// The response to one request. `None` where the connection is closed.
    async fn answer(&self, request: &[u8]) -> std::io::Result<Option<Vec<u8>>> {
        self.seen.fetch_add(1, Ordering::SeqCst);
        let fault = match self.next.lock().unwrap().pop_front() {
            Some(fault) => Some(("next", fault)),
            None => self.decide.lock().unwrap().as_mut().and_then(|decide| decide(&operation(request))),
        };
        let upstream = self.upstream.lock().unwrap().expect("a server to forward to");
        if let Some((name, _)) = fault {
            *self.tally.lock().unwrap().entry(name).or_default() += 1;
        }
        let Some((_, fault)) = fault else { return forward(upstream, request).await.map(Some) };
        let killer = self.killer.lock().unwrap().clone();
        match fault {
            Fault::Pass => forward(upstream, request).await.map(Some),
            Fault::Answered(answer) => Ok(Some(answer.bytes())),
            Fault::AnsweredLate(wait, answer) => {
                tokio::time::sleep(wait).await;
                Ok(Some(answer.bytes()))
            }
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

/// The operation in a request. Empty where it has none.
fn operation(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    let target = text.lines().take_while(|line| !line.is_empty()).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("x-amz-target").then(|| value.trim().to_owned())
    });
    target.and_then(|target| Some(target.split_once('.')?.1.to_owned())).unwrap_or_default()
}
