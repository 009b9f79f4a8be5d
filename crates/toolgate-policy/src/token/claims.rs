//! What a token has to say, and the caller whom its claims describe.

use std::collections::BTreeMap;

use jsonwebtoken::{Validation, decode, decode_header, errors::ErrorKind};
use serde_json::{Map, Value};

use super::keys::{Key, TokenKeys};
use crate::principal::Principal;

/// How far clocks may differ, in seconds.
const LEEWAY: u64 = 10;
/// A header of HTTP is not longer; a token beyond it is not worth a signature's time.
const LONGEST: usize = 16 * 1024;

/// What a token has to say, as in the gateway's `CustomJWTAuthorizer`. What is empty is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// Its `iss`.
    pub issuer: Option<String>,
    /// `AllowedAudience`: one of these is its `aud`, or in it.
    pub audiences: Vec<String>,
    /// `AllowedClients`: one of these is its `client_id`.
    pub clients: Vec<String>,
    /// `AllowedScopes`: one of these is in its `scope`.
    pub scopes: Vec<String>,
}

/// Why a token is not accepted. Nothing of the token is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is not three parts of base64 with a header and claims, or its `alg` is none that exists, such as `none`.
    #[error(
        "this is no JWT that is signed with a known algorithm: send `Authorization: Bearer HEADER.CLAIMS.SIGNATURE`"
    )]
    Malformed,
    /// Its `alg` is not one of the key's, such as one with a shared secret.
    #[error("the token's algorithm is not one of its key")]
    Algorithm,
    /// Its `kid` is none of the keys'.
    #[error("the token is signed with a key that is not in the file of keys: fetch the JWKS again")]
    Key,
    /// It was changed, or signed by somebody else.
    #[error("the token's signature is wrong")]
    Signature,
    /// Its `exp` is over.
    #[error("the token has expired: get a new one")]
    Expired,
    /// Its `nbf` is to come.
    #[error("the token is not valid yet: compare the clocks")]
    NotYet,
    /// A claim that is asked for is not there, or not of its type.
    #[error("the token has no usable claim `{0}`")]
    Claim(&'static str),
    /// A claim is there, and not as expected.
    #[error("the token's claim `{0}` is not what the gateway expects")]
    Unexpected(&'static str),
}

impl TokenKeys {
    /// Who a token speaks of, when its signature, its times (`exp`, `nbf`, give or take ten seconds) and what is
    /// expected of it are right.
    ///
    /// All claims become tags, as at a gateway, where a tag is text: text as it is, and anything else as JSON, so that
    /// a list of groups can be asked for as `principal.getTag("cognito:groups") like "*\"admins\"*"`.
    ///
    /// # Errors
    ///
    /// When anything of that is not so.
    pub fn verify(&self, token: &str, expected: &Expected) -> Result<Principal, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Malformed);
        }
        // the first reason that has to do with the token rather than with a key that it is not for
        let mut refused = TokenError::Key;
        for key in self.candidates(token)? {
            match key.verify(token, expected) {
                Ok(claims) => return principal(claims, expected),
                Err(error @ (TokenError::Signature | TokenError::Algorithm)) => refused = error,
                Err(error) => return Err(error),
            }
        }
        Err(refused)
    }

    /// The keys that a token may be signed with: those of its `kid`, or those that cannot be told apart by it.
    fn candidates(&self, token: &str) -> Result<impl Iterator<Item = &Key>, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        // what a token calls critical must be understood, and nothing of that kind is
        if header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let named = move |key: &&Key| match (&header.kid, &key.id) {
            (Some(asked), Some(id)) => asked == id,
            _ => true,
        };
        Ok(self.keys.iter().filter(named))
    }
}

impl Key {
    fn verify(&self, token: &str, expected: &Expected) -> Result<Map<String, Value>, TokenError> {
        let mut validation = Validation::new(self.algorithms.first().copied().ok_or(TokenError::Key)?);
        validation.algorithms.clone_from(&self.algorithms);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        let mut required = vec!["exp", "sub"];
        if let Some(issuer) = &expected.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        if expected.audiences.is_empty() {
            validation.validate_aud = false;
        } else {
            validation.set_audience(&expected.audiences);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        decode(token, &self.key, &validation).map(|token| token.claims).map_err(|error| told(error.kind()))
    }
}

fn told(error: &ErrorKind) -> TokenError {
    let name = |claim: &str| ["exp", "nbf", "sub", "iss", "aud"].into_iter().find(|it| *it == claim).unwrap_or("sub");
    match error {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => TokenError::Algorithm,
        ErrorKind::ExpiredSignature => TokenError::Expired,
        ErrorKind::ImmatureSignature => TokenError::NotYet,
        ErrorKind::InvalidIssuer => TokenError::Unexpected("iss"),
        ErrorKind::InvalidAudience => TokenError::Unexpected("aud"),
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => TokenError::Claim(name(claim)),
        _ => TokenError::Malformed,
    }
}

/// The caller, when the claims that are AWS's own business are right too.
fn principal(claims: Map<String, Value>, expected: &Expected) -> Result<Principal, TokenError> {
    let text = |claim| claims.get(claim).and_then(Value::as_str);
    if !expected.clients.is_empty() {
        let client = text("client_id").ok_or(TokenError::Claim("client_id"))?;
        if !expected.clients.iter().any(|it| it == client) {
            return Err(TokenError::Unexpected("client_id"));
        }
    }
    if !expected.scopes.is_empty() {
        let mut scopes = text("scope").ok_or(TokenError::Claim("scope"))?.split(' ');
        if !scopes.any(|scope| expected.scopes.iter().any(|it| it == scope)) {
            return Err(TokenError::Unexpected("scope"));
        }
    }
    let id = text("sub").filter(|id| !id.is_empty()).ok_or(TokenError::Claim("sub"))?.to_owned();
    let tags: BTreeMap<String, String> =
        claims.into_iter().filter_map(|(name, value)| Some((name, tag(value)?))).collect();
    Ok(Principal::OAuthUser { id, tags })
}

fn tag(claim: Value) -> Option<String> {
    match claim {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
