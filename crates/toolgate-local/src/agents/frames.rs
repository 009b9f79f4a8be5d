//! Events as frames of `application/vnd.amazon.eventstream`.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

use super::{sink::Event, trace::put};
use crate::http::event_stream::{write_event as write, write_exception};

/// Maximum number of bytes in one chunk.
const CHUNK_BYTES: usize = 1_000_000;

/// Encodes an event: one frame, or several if a text is longer than a chunk may be.
pub(crate) fn encode(event: &Event) -> Bytes {
    let mut bytes = BytesMut::new();
    match event {
        Event::Chunk(text) => parts(text).for_each(|part| write(&mut bytes, "chunk", &chunk(part))),
        Event::Cited(text, attribution) => {
            let mut parts = parts(text).peekable();
            while let Some(part) = parts.next() {
                let mut chunk = chunk(part);
                if parts.peek().is_none() {
                    put(&mut chunk, "attribution", attribution.clone());
                }
                write(&mut bytes, "chunk", &chunk);
            }
        }
        Event::Trace(part) => write(&mut bytes, "trace", part),
        Event::ReturnControl(payload) => write(&mut bytes, "returnControl", payload),
        Event::Exception(error) => write_exception(&mut bytes, error.kind.name(), &error.body()),
    }
    bytes.freeze()
}

fn chunk(part: &str) -> Value {
    json!({"bytes": STANDARD.encode(part)})
}

/// A text in parts that fit a chunk; an empty text is one part. Splits at character boundaries, because a client may
/// decode each chunk separately.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let end = (0..=CHUNK_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        let (part, after) = text.split_at_checked(end.unwrap_or_default()).unwrap_or((text, ""));
        rest = (!after.is_empty()).then_some(after);
        Some(part)
    })
}
