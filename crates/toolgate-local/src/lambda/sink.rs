//! The body of a function's response: collected, or passed on while it arrives.

use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt;
use serde_json::Value;

use super::{
    PAYLOAD_BYTES,
    stream::{Part, Parts, STREAM_BYTES},
};

/// The target of a response.
pub(super) enum Sink {
    Collected { bytes: BytesMut, most: usize },
    Passed { parts: Parts, sent: usize },
}

/// Why a response is not complete.
pub(super) enum ReadError {
    /// It is larger than this limit, in bytes.
    TooLarge(usize),
    /// Its connection ended.
    Truncated,
}

/// An error that a function reports after the beginning of its response.
pub(super) struct MidStreamError {
    pub(super) kind: String,
    pub(super) text: String,
}

impl Sink {
    /// `more`: what a collected response may have beyond Lambda's limit, in bytes.
    pub(super) fn new(stream: Option<Parts>, more: usize) -> Self {
        match stream {
            Some(parts) => Self::Passed { parts, sent: 0 },
            None => Self::Collected { bytes: BytesMut::new(), most: PAYLOAD_BYTES + more },
        }
    }

    /// Reads the body to its end. Returns the error in its trailers, if there is one.
    pub(super) async fn read(&mut self, mut body: Body) -> Result<Option<MidStreamError>, ReadError> {
        let mut error = None;
        while let Some(frame) = body.frame().await {
            match frame.map_err(|_| ReadError::Truncated)?.into_data() {
                Ok(data) => self.take(data).await?,
                Err(other) => error = other.trailers_ref().and_then(MidStreamError::of),
            }
        }
        Ok(error)
    }

    async fn take(&mut self, data: Bytes) -> Result<(), ReadError> {
        match self {
            Self::Collected { bytes, most } if bytes.len() + data.len() > *most => {
                Err(ReadError::TooLarge(PAYLOAD_BYTES))
            }
            Self::Collected { bytes, .. } => {
                bytes.extend_from_slice(&data);
                Ok(())
            }
            Self::Passed { sent, .. } if *sent + data.len() > STREAM_BYTES => Err(ReadError::TooLarge(STREAM_BYTES)),
            Self::Passed { parts, sent } => {
                *sent += data.len();
                // If the client left, the rest is read and dropped.
                drop(parts.send(Part::Data(data)).await);
                Ok(())
            }
        }
    }

    /// What was collected. The channel of a stream is closed.
    pub(super) fn into_payload(self) -> Bytes {
        match self {
            Self::Collected { bytes, .. } => bytes.freeze(),
            Self::Passed { .. } => Bytes::new(),
        }
    }
}

impl MidStreamError {
    fn of(trailers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| trailers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let body = text("lambda-runtime-function-error-body");
        let kind =
            text("lambda-runtime-function-error-type").or_else(|| body.as_ref().map(|_| "Unknown".to_owned()))?;
        let body = body.unwrap_or_default();
        let decoded = BASE64.decode(body.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(body);
        let message = |error: Value| error.get("errorMessage")?.as_str().map(str::to_owned);
        let text = serde_json::from_str(&decoded).ok().and_then(message).unwrap_or(decoded);
        Some(Self { kind, text })
    }
}
