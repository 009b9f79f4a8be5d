//! Who a bearer token speaks of, by a key from a file: what a gateway's `CUSTOM_JWT` authoriser does with the keys of a
//! discovery URL.

use std::path::Path;

use crate::Principal;

/// What a token has to say, as in the gateway's `CustomJWTAuthorizer`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// Its `iss`.
    pub issuer: Option<String>,
    /// `AllowedAudience`: one of these is its `aud`. Empty asks for none.
    pub audiences: Vec<String>,
    /// `AllowedClients`: one of these is its `client_id`. Empty asks for none.
    pub clients: Vec<String>,
    /// `AllowedScopes`: one of these is in its `scope`. Empty asks for none.
    pub scopes: Vec<String>,
}

/// Public keys that tokens are signed with.
#[derive(Debug)]
pub struct TokenKeys(());

/// A file holds no keys that can be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(String);

/// A token is not accepted. Nothing of the token is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TokenError(String);

impl TokenKeys {
    /// A public key in PEM, or a set of keys (JWKS) in JSON.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or holds no such key.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        Err(KeyError(format!("`{}` cannot be read yet", path.as_ref().display())))
    }

    /// Who a token speaks of, when its signature and times and what is expected of it are right.
    ///
    /// # Errors
    ///
    /// When any of that is not so.
    pub fn verify(&self, _token: &str, _expected: &Expected) -> Result<Principal, TokenError> {
        Err(TokenError("no token is accepted yet".to_owned()))
    }
}
