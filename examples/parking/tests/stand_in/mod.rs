//! A stand-in of the payment service. It charges when a request arrives, and then it may lose or delay its reply.

use std::{
    collections::VecDeque,
    io::{Error, ErrorKind, Result},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What happens to one request for a charge.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// The card is charged, and the connection ends without a reply.
    LosesTheReply,
    /// The card is charged, and the reply comes after this time.
    AnswersAfter(Duration),
    /// The card is charged, and the reply is status 500.
    Fails,
    /// The card is not charged.
    Declines,
}

/// The service. Its clones are one service.
#[derive(Debug, Default, Clone)]
pub struct StandIn(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    /// The idempotency keys of all requests for a charge.
    keys: Vec<String>,
    /// The charges, with their keys.
    charges: Vec<(String, Value)>,
    faults: VecDeque<Fault>,
}

impl StandIn {
    /// Listens at a free port, and returns the address with the service.
    pub async fn start() -> (String, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = Self::default();
        tokio::spawn(service.clone().serve(listener));
        (url, service)
    }

    /// Answers requests until the task ends.
    pub async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let service = self.clone();
            tokio::spawn(async move { service.answer(stream).await });
        }
    }

    /// The next request for a charge meets this fault.
    pub fn next(&self, fault: Fault) {
        self.0.lock().unwrap().faults.push_back(fault);
    }

    /// The idempotency keys of all requests for a charge, in their order.
    pub fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap().keys.clone()
    }

    /// How many charges there are.
    pub fn charges(&self) -> usize {
        self.0.lock().unwrap().charges.len()
    }

    async fn answer(&self, mut stream: TcpStream) -> Result<()> {
        let (head, body) = read(&mut stream).await?;
        let (status, reply, fault) = self.decide(&head, &body);
        match fault {
            Some(Fault::LosesTheReply) => return Ok(()),
            Some(Fault::AnswersAfter(time)) => tokio::time::sleep(time).await,
            _ => {}
        }
        let (reply, close) = (reply.to_string(), "connection: close\r\ncontent-type: application/json");
        let length = reply.len();
        let reply = format!("HTTP/1.1 {status} -\r\n{close}\r\ncontent-length: {length}\r\n\r\n{reply}");
        stream.write_all(reply.as_bytes()).await
    }

    fn decide(&self, head: &str, body: &[u8]) -> (u16, Value, Option<Fault>) {
        let mut seen = self.0.lock().unwrap();
        if let Some((_, id)) = head.split(' ').nth(1).and_then(|path| path.split_once("/charges/")) {
            return match seen.charges.iter().find(|(_, charge)| charge["reference"] == id) {
                Some((_, charge)) => (200, charge.clone(), None),
                None => (404, Value::Null, None),
            };
        }
        let (Some(key), Ok(body)) = (header(head, "idempotency-key"), serde_json::from_slice::<Value>(body)) else {
            return (400, Value::Null, None);
        };
        seen.keys.push(key.to_owned());
        let fault = seen.faults.pop_front();
        if let Some(Fault::Declines) = fault {
            return (402, Value::Null, fault);
        }
        let first = seen.charges.iter().find(|(known, _)| known == key).map(|(_, charge)| charge.clone());
        let is_paid = seen.charges.iter().any(|(_, charge)| charge["reference"] == body["reference"]);
        let (status, charge) = match first {
            Some(charge) => (200, charge),
            None if is_paid => (409, Value::Null),
            None => {
                let id = format!("CHG-{}", seen.charges.len() + 1);
                let charge = json!({"id": id, "reference": body["reference"], "amountCents": body["amountCents"]});
                seen.charges.push((key.to_owned(), charge.clone()));
                (201, charge)
            }
        };
        match fault {
            Some(Fault::Fails) => (500, Value::Null, fault),
            _ => (status, charge, fault),
        }
    }
}

/// The head and the body of a request.
async fn read(stream: &mut TcpStream) -> Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                return Ok((head, bytes.split_off(end + 4)));
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(Error::from(ErrorKind::UnexpectedEof));
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    headers.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
