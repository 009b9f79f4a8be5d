//! The pages of a list operation of a control plane.

use axum::body::Body;
use serde_json::{Value, json};

use super::body::{self, Refused};

/// Limit on a request body, in bytes. A list request has only two members.
const BODY_BYTES: usize = 16 * 1024;

/// `maxResults` and `nextToken` of a request. The token is the index at which a page starts.
#[derive(Debug)]
pub(crate) struct Listing {
    most: usize,
    from: usize,
}

impl Listing {
    /// Reads a request for a page of at most `page` entries.
    ///
    /// # Errors
    /// The message of the service's `ValidationException`.
    pub(crate) async fn read(body: Body, page: usize) -> Result<Self, String> {
        let bytes = body::read(body, BODY_BYTES).await.map_err(|refused| match refused {
            Refused::TooLarge => "the request body is too large",
            Refused::Broken => "the request body could not be read",
        })?;
        let no_object = "the request body must be a JSON object";
        let body: Value =
            if bytes.is_empty() { json!({}) } else { serde_json::from_slice(&bytes).map_err(|_| no_object)? };
        let body = body.as_object().ok_or(no_object)?;
        let present = |name: &str| body.get(name).filter(|value| !value.is_null());
        let most = match present("maxResults") {
            None => page,
            Some(most) => {
                let most = most.as_u64().filter(|most| (1..=1000).contains(most)).and_then(|most| most.try_into().ok());
                most.ok_or("`maxResults` must be a whole number from 1 to 1000")?
            }
        };
        let from = match present("nextToken") {
            None => 0,
            Some(token) => {
                let from = token.as_str().and_then(|token| token.parse().ok());
                from.ok_or("`nextToken` is not one that this server has given")?
            }
        };
        Ok(Self { most: most.min(page), from })
    }

    /// The page, under the name that the operation gives the list.
    pub(crate) fn page(&self, name: &str, all: Vec<Value>) -> Value {
        let next = self.from.saturating_add(self.most);
        let more = next < all.len();
        let page: Vec<Value> = all.into_iter().skip(self.from).take(self.most).collect();
        let mut body = json!({name: page});
        if more && let Some(body) = body.as_object_mut() {
            body.insert("nextToken".to_owned(), json!(next.to_string()));
        }
        body
    }
}
