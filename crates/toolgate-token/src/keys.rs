//! Public keys from a file, each with its allowed algorithms. The token does not choose the algorithm.

use std::{fmt, io, path::Path};

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};

use crate::ring;

/// Why a file contains no keys that can verify tokens.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read.
    #[error("`{file}` cannot be read: {source}")]
    Unreadable {
        /// Its path.
        file: String,
        /// The reason.
        source: io::Error,
    },
    /// It contains a private key, which must not be in it.
    #[error("this is a private key: write the public one, as `openssl pkey -pubout` does")]
    Private,
    /// The format is unknown.
    #[error(
        "this is neither a public key in PEM nor a JWKS: save the `jwks_uri` of the identity provider's discovery URL"
    )]
    Unknown,
    /// It is a JWKS without a key that can verify tokens.
    #[error("no key of this JWKS is for RS, PS, ES256, ES384 or Ed25519 signatures, and others are not accepted")]
    Unusable,
}

/// Public keys that verify tokens.
pub struct TokenKeys {
    pub(crate) keys: Vec<Key>,
}

/// One of the keys.
pub(crate) struct Key {
    pub(crate) id: Option<String>,
    pub(crate) key: DecodingKey,
    pub(crate) algorithms: Vec<Algorithm>,
}

impl TokenKeys {
    /// Reads a public key in PEM, or a set of keys (JWKS) in JSON.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or as [`TokenKeys::from_text`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let path = path.as_ref();
        let unreadable = |source| KeyError::Unreadable { file: path.display().to_string(), source };
        Self::from_text(&std::fs::read_to_string(path).map_err(unreadable)?)
    }

    /// As [`TokenKeys::from_file`], with the content of a file.
    ///
    /// # Errors
    ///
    /// If the text is not a valid key, is a private key, or is a JWKS without a key for signatures. Other keys of a
    /// JWKS, including shared secrets, are ignored.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        ring::install();
        if text.contains("PRIVATE KEY") {
            return Err(KeyError::Private);
        }
        if text.trim_start().starts_with('{') {
            let set: JwkSet = serde_json::from_str(text).map_err(|_| KeyError::Unknown)?;
            let keys: Vec<Key> = set.keys.iter().filter_map(Key::of).collect();
            return if keys.is_empty() { Err(KeyError::Unusable) } else { Ok(Self { keys }) };
        }
        let pem = text.as_bytes();
        let key = DecodingKey::from_rsa_pem(pem).or_else(|_| DecodingKey::from_ec_pem(pem));
        let key = key.or_else(|_| DecodingKey::from_ed_pem(pem)).map_err(|_| KeyError::Unknown)?;
        let algorithms = algorithms(&key);
        if algorithms.is_empty() {
            return Err(KeyError::Unknown);
        }
        Ok(Self { keys: vec![Key { id: None, key, algorithms }] })
    }
}

impl Key {
    /// `None` for a key that must not sign tokens.
    fn of(jwk: &Jwk) -> Option<Self> {
        if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
            return None;
        }
        let on_a_known_curve = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => true,
            AlgorithmParameters::EllipticCurve(it) => matches!(it.curve, EllipticCurve::P256 | EllipticCurve::P384),
            AlgorithmParameters::OctetKeyPair(it) => it.curve == EllipticCurve::Ed25519,
            _ => false,
        };
        let key = DecodingKey::from_jwk(jwk).ok().filter(|_| on_a_known_curve)?;
        let mut algorithms = algorithms(&key);
        if let Some(only) = jwk.common.key_algorithm {
            algorithms.retain(|algorithm| named(*algorithm) == Some(only));
        }
        let id = jwk.common.key_id.clone();
        (!algorithms.is_empty()).then_some(Self { id, key, algorithms })
    }
}

/// The algorithms that a key of this form supports.
fn algorithms(key: &DecodingKey) -> Vec<Algorithm> {
    let point = key.try_get_as_bytes().map_or(0, <[u8]>::len);
    match (key.family(), point) {
        (AlgorithmFamily::Rsa, _) => AlgorithmFamily::Rsa.algorithms().to_vec(),
        // One format byte and two coordinates.
        (AlgorithmFamily::Ec, 65) => vec![Algorithm::ES256],
        (AlgorithmFamily::Ec, 97) => vec![Algorithm::ES384],
        (AlgorithmFamily::Ed, 32) => vec![Algorithm::EdDSA],
        _ => Vec::new(),
    }
}

fn named(algorithm: Algorithm) -> Option<KeyAlgorithm> {
    match algorithm {
        Algorithm::RS256 => Some(KeyAlgorithm::RS256),
        Algorithm::RS384 => Some(KeyAlgorithm::RS384),
        Algorithm::RS512 => Some(KeyAlgorithm::RS512),
        Algorithm::PS256 => Some(KeyAlgorithm::PS256),
        Algorithm::PS384 => Some(KeyAlgorithm::PS384),
        Algorithm::PS512 => Some(KeyAlgorithm::PS512),
        Algorithm::ES256 => Some(KeyAlgorithm::ES256),
        Algorithm::ES384 => Some(KeyAlgorithm::ES384),
        Algorithm::EdDSA => Some(KeyAlgorithm::EdDSA),
        _ => None,
    }
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKeys").field("keys", &self.keys.len()).finish()
    }
}
