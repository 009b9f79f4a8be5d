//! HTTP messages between the client and the embedded server, and DynamoDB's errors as responses.

use std::{io, net::SocketAddr};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// An error response of DynamoDB.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    body: String,
}

impl Answer {
    /// A cancelled transaction, with one code for each of its items.
    pub fn canceled(codes: &[&str]) -> Self {
        let reasons: Vec<_> =
            codes.iter().map(|code| json!({"Code": code, "Message": "as the test specifies"})).collect();
        let body = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": format!("Transaction cancelled, please refer cancellation reasons for specific reasons {codes:?}"),
            "CancellationReasons": reasons,
        });
        Self { status: 400, body: body.to_string() }
    }

    /// Any other error of the service.
    pub fn error(status: u16, code: &str) -> Self {
        let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
        let body = json!({"__type": kind, "message": "as the test specifies"});
        Self { status, body: body.to_string() }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let (status, length) = (self.status, self.body.len());
        let head = format!(
            "HTTP/1.1 {status} Error\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {length}\r\n\r\n"
        );
        format!("{head}{}", self.body).into_bytes()
    }
}

/// Forwards one request and returns the response.
pub async fn forward(upstream: SocketAddr, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(upstream).await?;
    server.write_all(request).await?;
    message(&mut server).await
}

/// Reads one HTTP message with a declared length, as all sides here send it. Without a declared length there is no
/// body.
pub async fn message(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    assert!(!text.contains("\r\ntransfer-encoding:"), "a body without a declared length");
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let whole = head + length.unwrap_or_default();
    while bytes.len() < whole {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(bytes)
}
