//! Who calls: a customer with a token, or the application's backend, which names the customer.

use http::StatusCode;
use toolgate_token::{Expected, TokenError};

use crate::{
    event::{Asked, UrlEvent, is_customer},
    keys::{KeySource, KeysError},
    refusal::Refusal,
};

/// How callers are verified.
#[derive(Debug)]
#[non_exhaustive]
pub enum Authorization {
    /// Each request has the customer's own token. The function URL has `AuthType: NONE`, and this function verifies.
    Jwt {
        /// The keys of the identity provider.
        keys: Box<KeySource>,
        /// The required claims, beside the provider's issuer.
        expected: Expected,
        /// The claim that is the customer's id.
        claim: String,
    },
    /// The application's backend signs its requests (`AuthType: AWS_IAM`) and names the customer.
    Iam,
}

/// A customer whose identity is verified, or named by the application's backend.
#[derive(Clone, PartialEq, Eq)]
pub struct Caller {
    /// The customer's id.
    pub customer: String,
    /// The customer's token, to pass on.
    pub token: Option<String>,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}

impl Authorization {
    /// Identifies the caller of a request.
    ///
    /// # Errors
    /// The caller is not verified, or names a customer where a token does.
    pub async fn caller(&self, event: &UrlEvent, asked: &Asked) -> Result<Caller, Refusal> {
        match self {
            Self::Jwt { keys, expected, claim } => {
                if asked.customer.is_some() {
                    return Err(Refusal::new(
                        StatusCode::BAD_REQUEST,
                        "invalid",
                        "the token says who the customer is: leave `customerId` out",
                    ));
                }
                let token = bearer(event)?;
                let claims = keys.verify(token, expected).await.map_err(|error| match error {
                    // its own text is for a person with a file of keys
                    KeysError::Token(TokenError::Key) => unauthorized(
                        "the token is signed with a key that the identity provider does not name: get a new one",
                    ),
                    KeysError::Token(error) => unauthorized(&error.to_string()),
                    KeysError::Unavailable => Refusal::new(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "timed out",
                        "the keys of the identity provider cannot be read: try again in a moment",
                    ),
                })?;
                let customer = claims.get(claim).and_then(|value| value.as_str()).filter(|id| is_customer(id));
                let forbidden = || {
                    let message = format!("the token has no usable claim `{claim}`, which says who the customer is");
                    Refusal::new(StatusCode::FORBIDDEN, "refused", message)
                };
                Ok(Caller { customer: customer.ok_or_else(forbidden)?.to_owned(), token: Some(token.to_owned()) })
            }
            Self::Iam => {
                // a URL that is open to everybody must not let everybody be any customer
                if !event.is_signed() {
                    return Err(unauthorized("sign the request with IAM credentials (SigV4, service `lambda`)"));
                }
                let unnamed = || Refusal::new(StatusCode::BAD_REQUEST, "invalid", "name the customer, as `customerId`");
                Ok(Caller { customer: asked.customer.clone().ok_or_else(unnamed)?, token: None })
            }
        }
    }
}

/// The only bearer token of a request.
fn bearer(event: &UrlEvent) -> Result<&str, Refusal> {
    let token = event.header("authorization").and_then(|value| value.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => Ok(token.trim()),
        _ => Err(unauthorized("send the customer's token: `Authorization: Bearer TOKEN`")),
    }
}

fn unauthorized(message: &str) -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "refused", message)
}
