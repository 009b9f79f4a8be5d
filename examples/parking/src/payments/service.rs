//! The client of the payment service.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::{Deserialize, Serialize};
use toolgate::ToolError;

/// Shorter than the `Timeout` of the function, so that the tool reports the missing answer itself.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A payment service with idempotency keys: it answers an equal key with the first charge.
#[derive(Debug, Clone)]
pub struct PaymentService {
    client: Client,
    url: String,
}

/// A charge of the payment service.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Charge {
    pub(super) id: String,
    /// What it is for: the id of a session.
    pub(super) reference: String,
    pub(super) amount_cents: i64,
}

/// What a charge is asked for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChargeRequest<'a> {
    pub(super) reference: &'a str,
    pub(super) amount_cents: i64,
    pub(super) card: &'a str,
}

impl PaymentService {
    /// The service at an address.
    ///
    /// # Errors
    /// The certificates of this machine cannot be read.
    pub fn new(url: impl Into<String>) -> Result<Self, toolgate::Error> {
        // A real service wants a secret too: read it here, from AWS Secrets Manager.
        let client = Client::builder().timeout(TIMEOUT).build()?;
        Ok(Self { client, url: url.into() })
    }

    /// Charges a card. The kind of the error decides what becomes of the lease.
    pub(super) async fn charge(&self, idempotency_key: &str, request: &ChargeRequest<'_>) -> Result<Charge, ToolError> {
        let post = self.client.post(format!("{}/charges", self.url)).header("Idempotency-Key", idempotency_key);
        let response = match post.json(request).send().await {
            Ok(response) => response,
            // The request was not sent: nothing has happened, and the lease is released.
            Err(error) if error.is_connect() => {
                return Err(
                    ToolError::conflict("the payment service is not available; try again later").with_source(error)
                );
            }
            Err(error) => return Err(no_answer(error)),
        };
        match response.status() {
            StatusCode::OK | StatusCode::CREATED => response.json().await.map_err(no_answer),
            // The service has decided, and no money has moved: the lease is released.
            StatusCode::PAYMENT_REQUIRED => Err(ToolError::refused("the card was declined")),
            StatusCode::CONFLICT => Err(ToolError::refused("the session is paid already; look up its charge")),
            other => Err(no_answer(format!("the payment service answered {other}"))),
        }
    }

    /// The charge for a session.
    pub(super) async fn find(&self, reference: &str) -> Result<Charge, ToolError> {
        let get = self.client.get(format!("{}/charges/{reference}", self.url));
        let response = get.send().await.map_err(ToolError::internal)?;
        match response.status() {
            StatusCode::NOT_FOUND => Err(ToolError::not_found(format!("there is no charge for `{reference}`"))),
            _ => response.error_for_status().map_err(ToolError::internal)?.json().await.map_err(ToolError::internal),
        }
    }
}

/// Perhaps the card is charged: the lease stays until it ends, and the next repeat sends the same idempotency key.
fn no_answer(source: impl Into<toolgate::Error>) -> ToolError {
    ToolError::timed_out("the payment service did not answer; repeat the same call to find out").with_source(source)
}
