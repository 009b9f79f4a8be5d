//! A local substitute for Lambda: the Runtime API over plain sockets, and a handler's process that uses it.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, SystemTime},
};

/// Far longer than any of these steps takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A built example of this package. `cargo test` builds all of them, but `cargo test --test it` does not.
pub(crate) fn example(name: &str) -> PathBuf {
    static BUILT: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut built = BUILT.lock().unwrap();
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().unwrap().parent().unwrap().join("examples").join(name);
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["src", "examples", "tests/it/kit.rs", "tests/it/probe.rs"].map(|part| newest(&package.join(part)));
    if newest(&program) < sources.into_iter().max().flatten() && !built.iter().any(|built| built == name) {
        let status = Command::new(env!("CARGO")).args(["build", "--workspace", "--example", name]).status();
        assert!(status.unwrap().success() && program.exists(), "{} is not there", program.display());
        built.push(name.to_owned());
    }
    program
}

/// The time of the last write to a file, or to any file in a folder.
fn newest(path: &Path) -> Option<SystemTime> {
    match std::fs::read_dir(path) {
        Ok(files) => files.flatten().map(|file| newest(&file.path())).max().flatten(),
        Err(_) => std::fs::metadata(path).and_then(|data| data.modified()).ok(),
    }
}

/// A request that the handler posted.
#[derive(Debug)]
pub(crate) struct Post {
    /// `response`, `error` or `init/error`: the path after the invocation id.
    pub(crate) what: String,
    pub(crate) error_type: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: String,
}

/// A handler's process, controlled as Lambda does it.
pub(crate) struct Function {
    child: Child,
    next: Sender<(String, Vec<u8>)>,
    posts: Receiver<Post>,
    written: Option<[JoinHandle<String>; 2]>,
    count: usize,
}

impl Function {
    pub(crate) fn start(name: &str, variables: &[(&str, &str)]) -> Self {
        Self::start_with(name, variables)
    }

    /// Starts it with variables that need not be text.
    pub(crate) fn start_with(name: &str, variables: &[(&str, impl AsRef<OsStr>)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let api = match name {
            // `cargo lambda watch` serves each function under its own path
            "hello" => format!("http://{address}/hello"),
            _ => address.to_string(),
        };
        let mut child = Command::new(example(name))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (next, events) = channel();
        let (posted, posts) = channel();
        let events = Arc::new(Mutex::new(events));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (events, posted) = (events.clone(), posted.clone());
                std::thread::spawn(move || serve(stream, &events, &posted));
            }
        });
        let written = [text(child.stdout.take().unwrap()), text(child.stderr.take().unwrap())];
        Self { child, next, posts, written: Some(written), count: 0 }
    }

    /// Invokes with these raw headers (`name: value`, any bytes) beside the request id.
    pub(crate) fn invoke_raw(&mut self, headers: &[&[u8]], body: &str) -> Post {
        self.count += 1;
        let mut head = format!("lambda-runtime-aws-request-id: id-{}\r\n", self.count).into_bytes();
        for header in headers {
            head.extend_from_slice(header);
            head.extend_from_slice(b"\r\n");
        }
        let length = format!("content-length: {}\r\n\r\n{body}", body.len());
        head.extend_from_slice(length.as_bytes());
        self.next.send((format!("id-{}", self.count), head)).unwrap();
        let post = self.post();
        let id = format!("invocation/id-{}/", self.count);
        let what = post.what.strip_prefix(&id).unwrap_or_else(|| panic!("not a reply to {id}: {post:?}")).to_owned();
        Post { what, ..post }
    }

    /// Invokes with a deadline and a client context.
    pub(crate) fn invoke(&mut self, client_context: Option<&str>, body: &str) -> Post {
        let deadline = b"lambda-runtime-deadline-ms: 33000000000000".as_slice();
        let context = client_context.map(|text| format!("lambda-runtime-client-context: {text}"));
        let headers: Vec<&[u8]> = [deadline].into_iter().chain(context.as_ref().map(|text| text.as_bytes())).collect();
        self.invoke_raw(&headers, body)
    }

    /// The next request from the handler.
    pub(crate) fn post(&mut self) -> Post {
        self.posts.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            let ended = self.child.try_wait().unwrap();
            panic!("no reply; the process has {}", ended.map_or("not ended".into(), |status| status.to_string()))
        })
    }

    /// Whether the process ended by itself and successfully.
    pub(crate) fn wait(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// Ends the process. Returns its log.
    pub(crate) fn log(self) -> String {
        let [_, log] = self.written();
        log
    }

    /// Ends the process. Returns its standard output and its log.
    pub(crate) fn written(mut self) -> [String; 2] {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.written.take().unwrap().map(|text| text.join().unwrap())
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe to its end.
fn text(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    })
}

/// Answers one connection's requests, until it closes.
fn serve(stream: TcpStream, events: &Mutex<Receiver<(String, Vec<u8>)>>, posted: &Sender<Post>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        let path = line.split(' ').nth(1)?.split_once("/2018-06-01/runtime/")?.1.to_owned();
        let (mut length, mut error_type, mut content_type) = (0, None, None);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().ok()?,
                "lambda-runtime-function-error-type" => error_type = Some(value.to_owned()),
                "content-type" => content_type = Some(value.to_owned()),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        if path == "invocation/next" {
            let (_, event) = events.lock().ok()?.recv().ok()?;
            writer.write_all(b"HTTP/1.1 200 OK\r\n").ok()?;
            writer.write_all(&event).ok()?;
        } else {
            writer.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").ok()?;
            let body = String::from_utf8(body).ok()?;
            posted.send(Post { what: path, error_type, content_type, body }).ok()?;
        }
    }
}
