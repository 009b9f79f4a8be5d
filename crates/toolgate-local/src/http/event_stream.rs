//! Frames of `application/vnd.amazon.eventstream`.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::{Bytes, BytesMut};
use serde_json::Value;

/// The content type of a stream.
pub(crate) const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// Writes an event with a JSON payload.
pub(crate) fn write_event(bytes: &mut BytesMut, kind: &str, payload: &Value) {
    write_json(bytes, [(":event-type", kind.to_owned()), (":message-type", "event".to_owned())], payload);
}

/// Writes an event whose payload is not JSON.
pub(crate) fn write_bytes(bytes: &mut BytesMut, kind: &str, payload: Bytes) {
    let headers = [(":event-type", kind.to_owned()), (":message-type", "event".to_owned())];
    write_frame(bytes, headers, "application/octet-stream", payload);
}

/// Writes an exception. `name` is the exception's name, which begins with a lower-case letter in a stream.
pub(crate) fn write_exception(bytes: &mut BytesMut, name: &str, payload: &Value) {
    let member = name.get(..1).unwrap_or_default().to_ascii_lowercase() + name.get(1..).unwrap_or_default();
    write_json(bytes, [(":exception-type", member), (":message-type", "exception".to_owned())], payload);
}

fn write_json(bytes: &mut BytesMut, headers: [(&'static str, String); 2], payload: &Value) {
    write_frame(bytes, headers, "application/json", payload.to_string().into());
}

fn write_frame(bytes: &mut BytesMut, headers: [(&'static str, String); 2], content_type: &'static str, payload: Bytes) {
    let mut message = Message::new(payload);
    for (name, value) in headers {
        message = message.add_header(Header::new(name, HeaderValue::String(value.into())));
    }
    message = message.add_header(Header::new(":content-type", HeaderValue::String(content_type.into())));
    if let Err(error) = write_message_to(&message, bytes) {
        tracing::error!(%error, "an event could not be written and is missing from the stream");
    }
}
