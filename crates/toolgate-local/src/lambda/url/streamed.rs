//! A response that is sent while the function writes it.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/config-rs-invoke-furls.html>

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue, header};

use super::{Answer, Event, Functions, Next, Streamed, failed, prelude::Prelude, refused, reply::with_head};

/// The framing of the response belongs to the server.
const FRAMING: [HeaderName; 3] = [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

/// The response to an event of a URL with `InvokeMode: RESPONSE_STREAM`.
pub(super) async fn answer(functions: &Functions, name: &str, event: Event) -> Response {
    match functions.stream(name, event).await {
        Ok(Answer::Whole(invocation)) if invocation.function_error.is_some() => failed(),
        // not interpreted, as on AWS
        Ok(Answer::Whole(invocation)) => plain(Body::from(invocation.payload)),
        Ok(Answer::Streamed(streamed)) if streamed.has_prelude => with_prelude(functions, name, streamed).await,
        Ok(Answer::Streamed(streamed)) => plain(body(Bytes::new(), streamed)),
        Err(error) => refused(error),
    }
}

async fn with_prelude(functions: &Functions, name: &str, mut streamed: Streamed) -> Response {
    let mut prelude = Prelude::default();
    let problem = loop {
        match streamed.next().await {
            Next::Data(piece) => match prelude.read(&piece) {
                Ok(None) => {}
                Ok(Some((head, data))) => match with_head(&head, Body::empty()) {
                    Some(mut response) => {
                        for name in FRAMING {
                            response.headers_mut().remove(name);
                        }
                        *response.body_mut() = body(data, streamed);
                        return response;
                    }
                    None => break "its `statusCode`, `headers` or `cookies` are not those of a response".to_owned(),
                },
                Err(problem) => break problem,
            },
            Next::End(Ok(invocation)) if invocation.function_error.is_none() => {
                break "the response ends before the eight zero bytes".to_owned();
            }
            Next::End(Ok(_)) => return failed(),
            Next::End(Err(error)) => return refused(error),
        }
    };
    functions.note(name, &format!("the head of its streamed response cannot be read: {problem}"));
    failed()
}

/// The response to a function that states no status and headers.
fn plain(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    response
}

/// The rest of a response. It ends with an error if the function fails, so that the client does not take it as complete.
fn body(first: Bytes, streamed: Streamed) -> Body {
    let first = (!first.is_empty()).then_some(first);
    Body::from_stream(stream::unfold((first, Some(streamed)), |(first, streamed)| async {
        if let Some(first) = first {
            return Some((Ok(first), (None, streamed)));
        }
        let mut streamed = streamed?;
        match streamed.next().await {
            Next::Data(piece) => Some((Ok(piece), (None, Some(streamed)))),
            Next::End(Ok(invocation)) if invocation.function_error.is_none() => None,
            Next::End(Ok(_)) => Some((Err(std::io::Error::other("the function failed")), (None, None))),
            Next::End(Err(error)) => Some((Err(std::io::Error::other(error)), (None, None))),
        }
    }))
}
