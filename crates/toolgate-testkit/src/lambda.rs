//! A local substitute for Lambda: one handler process on its own Runtime API. The process may be killed at any moment,
//! and starts again with the next call. It is async, unlike the substitute in the framework's tests, because several
//! run side by side.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{Mutex as AsyncMutex, mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::http::message;

/// Timeout for steps that take milliseconds, on a machine under load.
const PATIENCE: Duration = Duration::from_secs(60);

/// The result of one invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invoked {
    /// The handler's reply.
    Reply(String),
    /// The process ended before it replied.
    Crashed,
    /// The process did not reply within its time, so the platform killed it.
    Overran,
}

/// One instance of a function: at most one process, and one call at a time.
pub struct Function {
    program: PathBuf,
    variables: HashMap<String, String>,
    process: Option<Process>,
    killer: Killer,
    /// The number of processes so far.
    pub starts: usize,
}

/// Kills the current process, as `kill -9` does.
#[derive(Clone, Default)]
pub struct Killer(Arc<Mutex<Option<Handle>>>);

#[derive(Clone)]
struct Handle {
    kill: mpsc::Sender<()>,
    ended: watch::Receiver<bool>,
}

impl Handle {
    async fn ended(&self) {
        // the sender is dropped only after it has sent, or with the whole test
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }
}

impl Killer {
    /// Returns after the process has ended. Returns `false` where there was no process.
    pub async fn kill(&self) -> bool {
        let handle = self.0.lock().unwrap().clone();
        let Some(handle) = handle.filter(|handle| !*handle.ended.borrow()) else { return false };
        let _ = handle.kill.try_send(());
        handle.ended().await;
        true
    }
}

struct Process {
    events: mpsc::Sender<Event>,
    posts: mpsc::Receiver<(String, String)>,
    api: JoinHandle<()>,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.api.abort();
    }
}

struct Event {
    id: String,
    body: String,
    /// The client context as AgentCore Gateway sends it.
    client_context: Option<String>,
    limit: Duration,
    taken: oneshot::Sender<()>,
}

impl Function {
    /// A function without a running process.
    pub fn new(program: impl AsRef<Path>, variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let program = program.as_ref().to_owned();
        Self { program, variables, process: None, killer: Killer::default(), starts: 0 }
    }

    pub fn killer(&self) -> Killer {
        self.killer.clone()
    }

    /// Invokes with `limit` as the function's timeout. Starts a process where none runs.
    pub async fn invoke(&mut self, body: &str, client_context: Option<&str>, limit: Duration) -> Invoked {
        let handle = self.running().await;
        let process = self.process.as_mut().unwrap();
        let (taken, begun) = oneshot::channel();
        let id = format!("{:x}", rand::random::<u64>());
        let client_context = client_context.map(str::to_owned);
        let event = Event { id: id.clone(), body: body.to_owned(), client_context, limit, taken };
        process.events.send(event).await.expect("the Runtime API listens as long as the process is here");
        let ended = handle.ended();
        tokio::pin!(ended);
        let late = async {
            tokio::time::timeout(PATIENCE, begun).await.expect("the process polls the event").ok();
            tokio::time::sleep(limit).await;
        };
        tokio::select! {
            biased;
            post = process.posts.recv() => {
                let (what, body) = post.expect("the Runtime API sends as long as the process is here");
                assert_eq!(what, format!("invocation/{id}/response"), "{body}");
                Invoked::Reply(body)
            }
            () = &mut ended => Invoked::Crashed,
            () = late => {
                self.killer.kill().await;
                Invoked::Overran
            }
        }
    }

    /// The running process, or a new one.
    async fn running(&mut self) -> Handle {
        let current = self.killer.0.lock().unwrap().clone();
        if let Some(handle) = current.filter(|handle| !*handle.ended.borrow()) {
            return handle;
        }
        self.starts += 1;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut child = Command::new(&self.program)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string())
            .envs(&self.variables)
            .stdin(Stdio::null())
            .stdout(log())
            .stderr(log())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (kill, mut orders) = mpsc::channel(1);
        let (sender, ended) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = child.wait() => {}
                // this branch also runs when all senders are dropped
                _ = orders.recv() => child.kill().await.unwrap(),
            }
            let _ = sender.send(true);
        });
        let (events, next) = mpsc::channel(1);
        let (posted, posts) = mpsc::channel(8);
        let api = tokio::spawn(async move {
            let next = Arc::new(AsyncMutex::new(next));
            while let Ok((stream, _)) = listener.accept().await {
                let (next, posted) = (next.clone(), posted.clone());
                // an error means that the other side has closed the connection
                tokio::spawn(async move { serve(stream, &next, &posted).await.ok() });
            }
        });
        self.process = Some(Process { events, posts, api });
        let handle = Handle { kill, ended };
        *self.killer.0.lock().unwrap() = Some(handle.clone());
        handle
    }
}

/// The handlers' log is shown only if `STORM_LOG` is set, to investigate one seed.
fn log() -> Stdio {
    match std::env::var_os("STORM_LOG") {
        Some(_) => Stdio::inherit(),
        None => Stdio::null(),
    }
}

/// Answers one connection's requests, until it closes.
async fn serve(
    mut stream: TcpStream,
    next: &AsyncMutex<mpsc::Receiver<Event>>,
    posted: &mpsc::Sender<(String, String)>,
) -> std::io::Result<()> {
    loop {
        let request = String::from_utf8(message(&mut stream).await?).unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let path = head.split(' ').nth(1).unwrap().strip_prefix("/2018-06-01/runtime/").unwrap();
        if path != "invocation/next" {
            stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").await?;
            let _ = posted.send((path.to_owned(), body.to_owned())).await;
            continue;
        }
        let Some(event) = next.lock().await.recv().await else { return Ok(()) };
        let end = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + event.limit;
        let (id, end, length) = (&event.id, end.as_millis(), event.body.len());
        let context = event.client_context.iter().map(|text| format!("lambda-runtime-client-context: {text}\r\n"));
        let head = format!(
            "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: {id}\r\nlambda-runtime-deadline-ms: {end}\r\n\
             {}content-length: {length}\r\n\r\n",
            context.collect::<String>()
        );
        stream.write_all(format!("{head}{}", event.body).as_bytes()).await?;
        let _ = event.taken.send(());
    }
}
