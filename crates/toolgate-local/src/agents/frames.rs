//! Events as frames of `application/vnd.amazon.eventstream`.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use serde_json::json;

use super::sink::Event;
use crate::http::event_stream::{write_event as write, write_exception};

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
        Event::Exception(error) => write_exception(&mut bytes, error.kind.name(), &error.body()),
    }
    bytes.freeze()
}
