//! The function: a request of its URL becomes a turn, and the turn's stream the response.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use lambda_runtime::{
    MetadataPrelude,
    streaming::{Body, Response, channel},
};
use serde_json::Value;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    backend::{Token, Turn},
    caller::Authorization,
    event::UrlEvent,
    refusal::Refusal,
    session::Session,
    stream,
    turn::Front,
};

/// Parts of a stream that wait for the connection.
const BEHIND: usize = 32;

/// The front door.
#[derive(Debug)]
pub struct Door {
    authorization: Authorization,
    front: Front,
}

impl Door {
    /// A front door that verifies its callers and takes their turns.
    pub fn new(authorization: Authorization, front: Front) -> Self {
        Self { authorization, front }
    }

    /// Answers the event of a function URL. The response begins at once; the turn goes on while it is read, and to its end
    /// if nobody reads it.
    pub async fn answer(&self, event: Value) -> Response<Body> {
        match self.turn(event).await {
            Ok(turn) => self.stream(turn),
            Err(refusal) => refused(&refusal),
        }
    }

    /// The turn that a request asks for.
    async fn turn(&self, event: Value) -> Result<Turn, Refusal> {
        let event = UrlEvent::read(event)?;
        let asked = event.asked()?;
        let caller = self.authorization.caller(&event, &asked).await?;
        let session = asked.session.unwrap_or_else(|| Uuid::new_v4().to_string());
        Ok(Turn { session: Session::new(caller.customer, session), what: asked.what, token: caller.token.map(Token) })
    }

    fn stream(&self, turn: Turn) -> Response<Body> {
        let (mut connection, body) = channel();
        let (sink, mut parts) = mpsc::channel::<Bytes>(BEHIND);
        let front = self.front.clone();
        tokio::spawn(async move {
            let work = front.turn(turn, sink);
            // The function is suspended when the body ends, so the body ends after the turn is settled.
            let write = async move {
                let mut is_open = true;
                while let Some(part) = parts.recv().await {
                    is_open = is_open && connection.send_data(part).await.is_ok();
                }
                connection
            };
            let (_counts, _connection) = tokio::join!(work, write);
        });
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(stream::CONTENT_TYPE));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(stream::HEADER.0, HeaderValue::from_static(stream::HEADER.1));
        Response { metadata_prelude: prelude(StatusCode::OK, headers), stream: body }
    }
}

fn refused(refusal: &Refusal) -> Response<Body> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if refusal.status() == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    Response { metadata_prelude: prelude(refusal.status(), headers), stream: refusal.body().to_string().into() }
}

fn prelude(status: StatusCode, headers: HeaderMap) -> MetadataPrelude {
    MetadataPrelude { status_code: status, headers, cookies: Vec::new() }
}
