//! The caller of a function's URL, as an authorizer of AWS reports it in the event.

use std::sync::Arc;

use http::{HeaderMap, header};
use serde_json::{Map, Value, json};
use toolgate_policy::{Expected, Principal, TokenKeys};
use toolgate_template::{ACCOUNT, UrlAuth};

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
            Self::Anonymous => Ok(Value::Null),
            // signatures are not checked here: a request without a token is one of the caller's own backend
            Self::Tokens(_) if auth == Some(UrlAuth::Iam) && !has_token(headers) => Ok(Value::Null),
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
                        .map(|principal| verified(&principal))
                        .map_err(|error| error.to_string()),
                    _ => Err("send a token: `Authorization: Bearer TOKEN`".to_owned()),
                }
            }
        }
    }
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
