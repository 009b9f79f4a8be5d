//! Request bodies with a limit of our own, answered in the service's words.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

/// Beyond this even a client that is only told off gets no more attention.
const DRAINED: usize = 64 * 1024 * 1024;

/// Why a body cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    TooLarge,
    Broken,
}

/// The whole body. One that is too large is read to its end, since a client that is still sending would see a closed
/// connection instead of the answer.
pub(crate) async fn read(mut body: Body, limit: usize) -> Result<Bytes, Refused> {
    let mut bytes = BytesMut::new();
    let mut seen = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Refused::Broken)?.into_data() else { continue };
        seen += data.len();
        if seen > DRAINED {
            break;
        }
        if seen <= limit {
            bytes.extend_from_slice(&data);
        }
    }
    if seen > limit { Err(Refused::TooLarge) } else { Ok(bytes.freeze()) }
}
