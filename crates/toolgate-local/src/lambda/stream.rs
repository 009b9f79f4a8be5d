//! A response that a function writes piece by piece, while it is on its way to the client.
//!
//! At most [`PIECES`] pieces are held. A client that reads slowly therefore slows the function down. A client that
//! leaves does not: the rest of the response is read and dropped, and the function runs to its end, as on Lambda.

use bytes::Bytes;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{Invocation, InvokeError};

/// Lambda's limit on a streamed response, in bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html>
pub(super) const STREAM_BYTES: usize = 200 * 1024 * 1024;
/// A piece has at most about 400 KB, the largest read of the HTTP server.
const PIECES: usize = 4;

/// One step of a streamed response.
#[derive(Debug)]
pub(crate) enum Part {
    /// The function begins its response. `prelude`: its first bytes are the status and the headers.
    Begin {
        prelude: bool,
    },
    Data(Bytes),
}

pub(crate) type Parts = mpsc::Sender<Part>;

/// The channel between the Runtime API and the client.
pub(super) fn channel() -> (Parts, mpsc::Receiver<Part>) {
    mpsc::channel(PIECES)
}

/// The answer of a function that may stream its response.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The function replied at once, or failed before it began.
    Whole(Invocation),
    Streamed(Streamed),
}

/// A response whose pieces arrive one after another.
#[derive(Debug)]
pub(crate) struct Streamed {
    /// The first bytes are the status and the headers.
    pub(crate) has_prelude: bool,
    parts: mpsc::Receiver<Part>,
    running: JoinHandle<Result<Invocation, InvokeError>>,
}

/// A piece of a response, or its end.
#[derive(Debug)]
pub(crate) enum Next {
    Data(Bytes),
    /// The invocation is complete. If it has a `function_error`, the response broke off.
    End(Result<Invocation, InvokeError>),
}

impl Answer {
    /// Waits for the first sign of a response.
    pub(super) async fn of(
        parts: mpsc::Receiver<Part>,
        running: JoinHandle<Result<Invocation, InvokeError>>,
    ) -> Result<Self, InvokeError> {
        let mut streamed = Streamed { has_prelude: false, parts, running };
        loop {
            tokio::select! {
                biased;
                Some(part) = streamed.parts.recv() => if let Part::Begin { prelude } = part {
                    streamed.has_prelude = prelude;
                    return Ok(Self::Streamed(streamed));
                },
                ended = &mut streamed.running => return ended.unwrap_or(Err(InvokeError::Stopping)).map(Self::Whole),
            }
        }
    }
}

impl Streamed {
    /// The next piece. Nothing follows after [`Next::End`].
    pub(crate) async fn next(&mut self) -> Next {
        loop {
            tokio::select! {
                // What was written arrives, even if the function failed afterwards.
                biased;
                Some(part) = self.parts.recv() => if let Part::Data(data) = part {
                    return Next::Data(data);
                },
                ended = &mut self.running => return Next::End(ended.unwrap_or(Err(InvokeError::Stopping))),
            }
        }
    }
}
