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

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What happens to one request instead of being forwarded.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It is answered with an error.
    Answer { after: Duration, status: u16, body: String },
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
        let reasons: Vec<_> = codes.iter().map(|code| json!({"Code": code, "Message": "as the test says"})).collect();
        let body = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": format!("Transaction cancelled, please refer cancellation reasons for specific reasons {codes:?}"),
            "CancellationReasons": reasons,
        });
        Self::Answer { after: Duration::ZERO, status: 400, body: body.to_string() }
    }

    /// Any other error of the service.
    pub(crate) fn error(status: u16, code: &str) -> Self {
        let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "as the test says"});
        Self::Answer { after: Duration::ZERO, status, body: body.to_string() }
    }

    pub(crate) fn after(self, wait: Duration) -> Self {
        match self {
            Self::Answer { status, body, .. } => Self::Answer { after: wait, status, body },
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
            Some(Fault::Answer { after, status, body }) => {
                tokio::time::sleep(after).await;
                let head = format!(
                    "HTTP/1.1 {status} Error\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                client.write_all(format!("{head}{body}").as_bytes()).await?;
            }
        }
    }
}

async fn forward(upstream: SocketAddr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(upstream).await?;
    server.write_all(request).await?;
    message(&mut server).await
}

/// One HTTP message whose length is declared, as both sides here do.
async fn message(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let whole = head + length.expect("a declared length");
    while bytes.len() < whole {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(bytes)
}
