//! A stand-in for Lambda's Runtime API over plain sockets. It does as little as possible besides measuring the time.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    error::Error,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::call::Call;

/// A timeout far beyond any measured duration.
const PATIENCE: Duration = Duration::from_secs(30);

/// The function's timeout in the template.
const TIMEOUT: Duration = Duration::from_secs(15);

/// An action of a function, with its time.
enum RuntimeEvent {
    /// It asked for an event.
    Polled(Instant),
    /// An event is about to be written to it.
    Sent(Instant),
    /// Its reply has been read to the end.
    Replied(Instant, Vec<u8>),
    /// It reported an error.
    Failed(String, Vec<u8>),
}

/// The Runtime API of one process.
pub(crate) struct RuntimeApi {
    pub(crate) address: String,
    events: Sender<Arc<Call>>,
    observed: Receiver<RuntimeEvent>,
}

impl RuntimeApi {
    pub(crate) fn open() -> Result<Self, Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let (events, next) = channel();
        let (sender, observed) = channel();
        let next = Arc::new(Mutex::new(next));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (next, sender) = (Arc::clone(&next), sender.clone());
                // A broken connection belongs to a process that has ended.
                std::thread::spawn(move || serve(stream, &next, &sender));
            }
        });
        Ok(Self { address, events, observed })
    }

    /// Waits for the process's first request for an event.
    pub(crate) fn first_poll(&self) -> Result<Instant, Box<dyn Error>> {
        match self.observed.recv_timeout(PATIENCE)? {
            RuntimeEvent::Polled(at) => Ok(at),
            other => Err(unexpected(other)),
        }
    }

    /// One call: measures from the event's first byte to the reply's last. Returns when the process waits for the next
    /// event.
    pub(crate) fn call(&self, call: &Arc<Call>) -> Result<(Duration, Vec<u8>), Box<dyn Error>> {
        self.events.send(Arc::clone(call))?;
        let (mut sent, mut replied) = (None, None);
        loop {
            match self.observed.recv_timeout(PATIENCE)? {
                RuntimeEvent::Sent(at) => sent = Some(at),
                RuntimeEvent::Replied(at, body) => replied = Some((at, body)),
                RuntimeEvent::Polled(_) => break,
                failed @ RuntimeEvent::Failed(..) => return Err(unexpected(failed)),
            }
        }
        let (sent, (replied, body)) = sent.zip(replied).ok_or("it polled again without a reply")?;
        Ok((replied - sent, body))
    }
}

fn unexpected(event: RuntimeEvent) -> Box<dyn Error> {
    match event {
        RuntimeEvent::Failed(path, body) => format!("it reported `{path}`: {}", String::from_utf8_lossy(&body)).into(),
        _ => "it replied before it requested an event".into(),
    }
}

/// Handles one connection's requests until it closes.
fn serve(stream: TcpStream, calls: &Mutex<Receiver<Arc<Call>>>, sender: &Sender<RuntimeEvent>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    let mut count = 0_usize;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        let path = line.split(' ').nth(1)?.split_once("/2018-06-01/runtime/")?.1.to_owned();
        if path == "invocation/next" {
            sender.send(RuntimeEvent::Polled(Instant::now())).ok()?;
        }
        let length = body_length(&mut reader)?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        if path == "invocation/next" {
            let call = calls.lock().ok()?.recv().ok()?;
            count += 1;
            let mut message = head(count, &call).into_bytes();
            message.extend_from_slice(&call.event);
            sender.send(RuntimeEvent::Sent(Instant::now())).ok()?;
            writer.write_all(&message).ok()?;
        } else {
            let event = match path.ends_with("/response") {
                true => RuntimeEvent::Replied(Instant::now(), body),
                false => RuntimeEvent::Failed(path, body),
            };
            sender.send(event).ok()?;
            writer.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").ok()?;
        }
    }
}

/// Reads headers to their end.
fn body_length(reader: &mut impl BufRead) -> Option<usize> {
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { return Some(length) };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
}

/// The headers that Lambda sends with an event.
fn head(count: usize, call: &Call) -> String {
    let length = call.event.len();
    let context = call.context.as_ref().map(|context| format!("lambda-runtime-client-context: {context}\r\n"));
    let context = context.unwrap_or_default();
    let deadline = (SystemTime::now() + TIMEOUT).duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    format!(
        "HTTP/1.1 200 OK\r\n\
         content-type: application/json\r\n\
         content-length: {length}\r\n\
         lambda-runtime-aws-request-id: 8f507cfc-0000-4697-b07a-{count:012}\r\n\
         lambda-runtime-deadline-ms: {deadline}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:123456789012:function:orders\r\n\
         {context}lambda-runtime-trace-id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0\r\n\r\n"
    )
}
