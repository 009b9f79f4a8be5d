//! The caller of a function's URL, as an authorizer of AWS reports it in the event.

use std::sync::Arc;

use http::{HeaderMap, header};
use serde_json::{Map, Value, json};
use toolgate_policy::Principal;
use toolgate_template::{ACCOUNT, UrlAuth};
use toolgate_token::{Expected, TokenKeys};

/// The configured callers.
#[derive(Debug, Default)]
pub(crate) enum UrlCallers {
    /// No authorizer.
    #[default]
    Anonymous,
    /// Every caller is this principal.
    One(Principal),
    /// The caller is the subject of its token, as behind the JWT authorizer of an HTTP API.
    Tokens(Arc<TokenKeys>),
}

impl UrlCallers {
    /// The event's `requestContext.authorizer`; null for an anonymous caller. `auth` is the URL's `AuthType`.
    ///
    /// # Errors
    /// Why the token is rejected.
    pub(super) fn authorizer(&self, headers: &HeaderMap, auth: Option<UrlAuth>) -> Result<Value, String> {
        match self {
            // nobody verifies the caller; the function gets the headers and may do so
            _ if auth == Some(UrlAuth::None) => Ok(Value::Null),
            // Signatures are not checked here. Behind such a URL every caller has signed, so a request without a token is
            // one of the application's own backend. A page in a browser is none.
            Self::Anonymous if auth == Some(UrlAuth::Iam) && !is_page(headers) => Ok(verified(&backend())),
            Self::Tokens(_) if auth == Some(UrlAuth::Iam) && is_page(headers) && !has_token(headers) => Ok(Value::Null),
            Self::Tokens(_) if auth == Some(UrlAuth::Iam) && !has_token(headers) => Ok(verified(&backend())),
            Self::Anonymous => Ok(Value::Null),
            Self::One(principal) => Ok(verified(principal)),
            Self::Tokens(keys) => {
                let mut values = headers.get_all(header::AUTHORIZATION).iter();
                let token = match (values.next(), values.next()) {
                    (Some(value), None) => value.to_str().ok().and_then(|value| value.split_once(' ')),
                    _ => None,
                };
                match token {
                    // issuer and audience are the HTTP API's, which a local template does not describe
                    Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => keys
                        .verify(token.trim(), &Expected::default())
                        .map_err(|error| error.to_string())
                        .and_then(|claims| Principal::from_claims(claims).map_err(|error| error.to_string()))
                        .map(|principal| verified(&principal)),
                    _ => Err("send a token: `Authorization: Bearer TOKEN`".to_owned()),
                }
            }
        }
    }
}

/// The application's backend on this machine.
fn backend() -> Principal {
    Principal::IamEntity { arn: format!("arn:aws:sts::{ACCOUNT}:assumed-role/local-backend/local") }
}

/// Whether a page in a browser sends the request.
fn is_page(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site")
}

/// Whether the client sends a bearer token.
fn has_token(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::AUTHORIZATION).iter().map(|value| value.as_bytes());
    values.any(|value| value.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer")))
}

fn verified(principal: &Principal) -> Value {
    match principal {
        Principal::IamEntity { arn } => json!({"iam": {
            "accessKey": "local", "accountId": ACCOUNT, "callerId": "local", "cognitoIdentity": null,
            "principalOrgId": null, "userArn": arn, "userId": "local",
        }}),
        Principal::OAuthUser { id, tags } => {
            // an HTTP API passes all claims as text
            let mut claims: Map<String, Value> =
                tags.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
            claims.insert("sub".to_owned(), id.as_str().into());
            let scopes = tags.get("scope").map(|scopes| scopes.split(' ').collect::<Vec<_>>());
            json!({"jwt": {"claims": claims, "scopes": scopes}})
        }
    }
}
