//! A streamed response, step by step as the event describes it.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use serde_json::Value;

const PIECE: usize = 64 * 1024;

/// Sends the response of a request id. Ends the process where a step wants it.
pub(crate) fn respond(runtime_api: &str, id: &str, plan: &Value) {
    let (host, base) = runtime_api.split_once('/').map_or((runtime_api, ""), |(host, base)| (host, base));
    let kind = plan["contentType"].as_str().unwrap_or("application/vnd.awslambda.http-integration-response");
    let mut stream = TcpStream::connect(host).expect("the Runtime API");
    stream.set_nodelay(true).expect("no delay");
    let head = format!(
        "POST /{base}/2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
         content-type: {kind}\r\nlambda-runtime-function-response-mode: streaming\r\ntransfer-encoding: chunked\r\n\
         trailer: Lambda-Runtime-Function-Error-Type\r\ntrailer: Lambda-Runtime-Function-Error-Body\r\n\r\n"
    );
    // The local agent may refuse the response before its end, and then closes the connection.
    let sent = stream.write_all(head.as_bytes()).and_then(|()| steps(&mut stream, plan));
    if let Ok(true) = sent {
        drop(stream.read_to_end(&mut Vec::new()));
    }
}

/// Whether the response is complete.
fn steps(stream: &mut TcpStream, plan: &Value) -> std::io::Result<bool> {
    for step in plan["steps"].as_array().into_iter().flatten() {
        if let Some(text) = step["data"].as_str() {
            chunk(stream, text.as_bytes())?;
        }
        if let Some(zeros) = step["zeros"].as_u64() {
            chunk(stream, &vec![0; usize::try_from(zeros).expect("a size")])?;
        }
        if let Some(size) = step["fill"].as_u64() {
            fill(stream, usize::try_from(size).expect("a size"), step["progress"].as_str())?;
        }
        if let Some(path) = step["touch"].as_str() {
            std::fs::write(path, "").expect("a file");
        }
        if let Some(path) = step["await"].as_str() {
            while !Path::new(path).exists() {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        if let Some(code) = step["exit"].as_i64() {
            std::process::exit(i32::try_from(code).expect("a code"));
        }
        if step["abandon"] == true {
            return Ok(false);
        }
    }
    stream.write_all(b"0\r\n")?;
    if let Some(kind) = plan["error"]["type"].as_str() {
        let body = BASE64.encode(plan["error"]["body"].as_str().unwrap_or_default());
        let trailers =
            format!("Lambda-Runtime-Function-Error-Type: {kind}\r\nLambda-Runtime-Function-Error-Body: {body}\r\n");
        stream.write_all(trailers.as_bytes())?;
    }
    stream.write_all(b"\r\n")?;
    Ok(true)
}

/// Sends bytes that tell their place. After each piece the file `progress` has the number of bytes so far.
fn fill(stream: &mut TcpStream, size: usize, progress: Option<&str>) -> std::io::Result<()> {
    let mut sent = 0;
    while sent < size {
        let mark = u8::try_from(sent / PIECE % 251).expect("a byte");
        let piece = vec![mark; PIECE.min(size - sent)];
        chunk(stream, &piece)?;
        sent += piece.len();
        if let Some(progress) = progress {
            std::fs::write(progress, sent.to_string())?;
        }
    }
    Ok(())
}

fn chunk(stream: &mut TcpStream, data: &[u8]) -> std::io::Result<()> {
    let mut bytes = format!("{:x}\r\n", data.len()).into_bytes();
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(b"\r\n");
    stream.write_all(&bytes)
}
