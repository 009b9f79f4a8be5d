//! The caller of a function's URL, as an authorizer of AWS reports it in the event.

use std::sync::Arc;

use http::{HeaderMap, header};
use serde_json::{Map, Value, json};
use toolgate_policy::Principal;
use toolgate_template::ACCOUNT;
use toolgate_token::{Expected, TokenKeys};

/// The configured callers.
#[derive(Debug, Default)]
pub(crate) enum UrlCallers {
    /// No authorizer: the URL's `AuthType` is `NONE`.
    #[default]
    Anonymous,
    /// Every caller is this principal.
    One(Principal),
    /// The caller is the subject of its token, as behind the JWT authorizer of an HTTP API.
    Tokens(Arc<TokenKeys>),
}

impl UrlCallers {
    /// The event's `requestContext.authorizer`; null for an anonymous caller.
    ///
    /// # Errors
    /// Why the token is rejected.
    pub(super) fn authorizer(&self, headers: &HeaderMap) -> Result<Value, String> {
        match self {
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
