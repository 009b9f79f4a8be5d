//! Events as frames of `application/vnd.amazon.eventstream`.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

use super::{error::AgentError, sink::Event};

/// Maximum number of bytes in one chunk.
const CHUNK_BYTES: usize = 1_000_000;

/// Encodes an event: one frame, or several if a text is longer than a chunk may be.
pub(crate) fn encode(event: &Event) -> Bytes {
    let mut bytes = BytesMut::new();
    match event {
        Event::Chunk(text) if text.is_empty() => write(&mut bytes, "chunk", &json!({"bytes": ""})),
        Event::Chunk(text) => {
            let mut rest = text.as_str();
            while !rest.is_empty() {
                // Splits at character boundaries, because a client may decode each chunk separately.
                let end = (0..=CHUNK_BYTES.min(rest.len())).rev().find(|end| rest.is_char_boundary(*end));
                let (part, after) = rest.split_at_checked(end.unwrap_or_default()).unwrap_or((rest, ""));
                write(&mut bytes, "chunk", &json!({"bytes": STANDARD.encode(part)}));
                rest = after;
            }
        }
        Event::Trace(part) => write(&mut bytes, "trace", part),
        Event::ReturnControl(payload) => write(&mut bytes, "returnControl", payload),
        Event::Exception(error) => write_exception(&mut bytes, error),
    }
    bytes.freeze()
}

fn write(bytes: &mut BytesMut, kind: &'static str, payload: &Value) {
    let headers = [(":event-type", kind.to_owned()), (":message-type", "event".to_owned())];
    write_frame(bytes, headers, payload);
}

fn write_exception(bytes: &mut BytesMut, error: &AgentError) {
    let name = error.kind.name();
    let member = name.get(..1).unwrap_or_default().to_ascii_lowercase() + name.get(1..).unwrap_or_default();
    let headers = [(":exception-type", member), (":message-type", "exception".to_owned())];
    write_frame(bytes, headers, &error.body());
}

fn write_frame(bytes: &mut BytesMut, headers: [(&'static str, String); 2], payload: &Value) {
    let mut message = Message::new(payload.to_string());
    for (name, value) in headers {
        message = message.add_header(Header::new(name, HeaderValue::String(value.into())));
    }
    message = message.add_header(Header::new(":content-type", HeaderValue::String("application/json".into())));
    if let Err(error) = write_message_to(&message, bytes) {
        tracing::error!(%error, "an event could not be written and is missing from the stream");
    }
}
