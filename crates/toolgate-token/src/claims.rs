//! The required claims of a token.

use jsonwebtoken::{Validation, decode, decode_header, errors::ErrorKind};
use serde_json::{Map, Value};

use crate::keys::{Key, TokenKeys};

/// Allowed clock difference, in seconds.
const LEEWAY: u64 = 10;
/// Maximum length of a token, in bytes. An HTTP header is not longer.
const LONGEST: usize = 16 * 1024;

/// The required claims, as in the gateway's `CustomJWTAuthorizer`. Empty fields are not checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// The required `iss`.
    pub issuer: Option<String>,
    /// `AllowedAudience`: `aud` must be or contain one of these.
    pub audiences: Vec<String>,
    /// `AllowedClients`: `client_id` must be one of these.
    pub clients: Vec<String>,
    /// `AllowedScopes`: `scope` must contain one of these.
    pub scopes: Vec<String>,
}

/// Why a token is rejected. The message contains nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It does not have three parts of base64 with a header and claims, or its `alg` is unknown, such as `none`.
    #[error("this is not a JWT signed with a known algorithm: send `Authorization: Bearer HEADER.CLAIMS.SIGNATURE`")]
    Malformed,
    /// Its `alg` does not belong to the key, for example an algorithm with a shared secret.
    #[error("the token's algorithm is not one of its key")]
    Algorithm,
    /// No key has its `kid`.
    #[error("the token is signed with a key that is not in the file of keys: fetch the JWKS again")]
    Key,
    /// The token was changed, or signed with another key.
    #[error("the token's signature is wrong")]
    Signature,
    /// The time in `exp` has passed.
    #[error("the token has expired: get a new one")]
    Expired,
    /// The time in `nbf` has not been reached.
    #[error("the token is not valid yet: compare the clocks")]
    NotYet,
    /// A required claim is missing or has the wrong type.
    #[error("the token has no usable claim `{0}`")]
    Claim(&'static str),
    /// A claim does not have the required value.
    #[error("the token's claim `{0}` is not what is expected")]
    Unexpected(&'static str),
}

impl TokenKeys {
    /// Verifies a token and returns its claims, of which `sub` is a text that is not empty. Checks the signature, the
    /// times (`exp` and `nbf`, with a tolerance of ten seconds) and the required claims.
    ///
    /// # Errors
    ///
    /// The first check that fails.
    pub fn verify(&self, token: &str, expected: &Expected) -> Result<Map<String, Value>, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Malformed);
        }
        // Prefer an error about the token over one about a key that does not match it.
        let mut refused = TokenError::Key;
        for key in self.candidates(token)? {
            match key.verify(token, expected) {
                Ok(claims) => return checked(claims, expected),
                Err(error @ (TokenError::Signature | TokenError::Algorithm)) => refused = error,
                Err(error) => return Err(error),
            }
        }
        Err(refused)
    }

    /// The keys that may have signed a token: those with its `kid`. A token or a key without a `kid` matches any other.
    fn candidates(&self, token: &str) -> Result<impl Iterator<Item = &Key>, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        // A token may mark header fields as critical, and this verifier supports none.
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
        decode(token, &self.key, &validation).map(|token| token.claims).map_err(|error| token_error(error.kind()))
    }
}

fn token_error(error: &ErrorKind) -> TokenError {
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

/// Checks AWS's own claims, and that there is a subject.
fn checked(claims: Map<String, Value>, expected: &Expected) -> Result<Map<String, Value>, TokenError> {
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
    match text("sub") {
        Some(subject) if !subject.is_empty() => Ok(claims),
        _ => Err(TokenError::Claim("sub")),
    }
}
