//! A bad connection: an HTTP proxy in front of the embedded server that fails as real DynamoDB and real networks do.

use std::{
    collections::VecDeque,
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

use crate::http::{Answer, forward, message};

/// What happens to one request instead of being forwarded.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It is answered with an error.
    Answer { after: Duration, answer: Answer },
    /// It is forwarded, and the connection is cut before the answer.
    CutAfter,
    /// The connection is cut at once.
    CutBefore,
    /// None: this one is forwarded.
    Pass,
}

impl Fault {
    /// A cancelled transaction, with one code for each of its items.
    pub(crate) fn canceled(codes: &[&str]) -> Self {
        Self::Answer { after: Duration::ZERO, answer: Answer::canceled(codes) }
    }

    /// Any other error of the service.
    pub(crate) fn error(status: u16, code: &str) -> Self {
        Self::Answer { after: Duration::ZERO, answer: Answer::error(status, code) }
    }

    pub(crate) fn after(self, wait: Duration) -> Self {
        match self {
            Self::Answer { answer, .. } => Self::Answer { after: wait, answer },
            other => other,
        }
    }
}

/// The proxy: what it will do, and how many requests it has seen.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    faults: Arc<Mutex<VecDeque<Fault>>>,
    seen: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) async fn before(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (faults, seen) = (Arc::<Mutex<VecDeque<Fault>>>::default(), Arc::<AtomicUsize>::default());
        let proxy = Self { address, faults: faults.clone(), seen: seen.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (faults, seen) = (faults.clone(), seen.clone());
                tokio::spawn(async move {
                    // an error is a connection that the other side has closed
                    let _ = serve(client, upstream, &faults, &seen).await;
                });
            }
        });
        proxy
    }

    /// The next requests fail so, one after the other.
    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.lock().unwrap().extend(faults);
    }

    /// Requests since the last look.
    pub(crate) fn requests(&self) -> usize {
        self.seen.swap(0, Ordering::SeqCst)
    }
}

async fn serve(
    mut client: TcpStream,
    upstream: SocketAddr,
    faults: &Mutex<VecDeque<Fault>>,
    seen: &AtomicUsize,
) -> std::io::Result<()> {
    loop {
        let request = message(&mut client).await?;
        seen.fetch_add(1, Ordering::SeqCst);
        let fault = faults.lock().unwrap().pop_front();
        match fault {
            None | Some(Fault::Pass) => client.write_all(&forward(upstream, &request).await?).await?,
            Some(Fault::CutBefore) => return Ok(()),
            Some(Fault::CutAfter) => {
                forward(upstream, &request).await?;
                return Ok(());
            }
            Some(Fault::Answer { after, answer }) => {
                tokio::time::sleep(after).await;
                client.write_all(&answer.bytes()).await?;
            }
        }
    }
}
