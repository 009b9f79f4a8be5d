//! Verifies signatures with `ring`, which the build already contains for TLS. `jsonwebtoken` offers either a second C
//! library or the `rsa` crate with its open advisory. This module provides only verification, and nothing that signs.

use std::sync::OnceLock;

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    crypto::{CryptoProvider, JwtVerifier, KeyUtils},
    errors::ErrorKind,
    signature::{self, Verifier},
};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

static RING: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: |algorithm, key| {
        // A public key must never be used as a shared secret.
        if key.family() != algorithm.family() || means(*algorithm).is_none() {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
        Ok(Box::new(Ring { algorithm: *algorithm, key: key.clone() }))
    },
    // Only private keys need these.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Installs the provider once per process. If the program has installed another provider, that one is used.
pub(crate) fn install() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        let _another_is_there = RING.install_default();
    });
}

struct Ring {
    algorithm: Algorithm,
    key: DecodingKey,
}

/// How `ring` verifies a token's algorithm; `None` for an algorithm with a shared secret.
enum Means {
    Rsa(&'static RsaParameters),
    Curve(&'static dyn VerificationAlgorithm),
}

fn means(algorithm: Algorithm) -> Option<Means> {
    match algorithm {
        Algorithm::RS256 => Some(Means::Rsa(&RSA_PKCS1_2048_8192_SHA256)),
        Algorithm::RS384 => Some(Means::Rsa(&RSA_PKCS1_2048_8192_SHA384)),
        Algorithm::RS512 => Some(Means::Rsa(&RSA_PKCS1_2048_8192_SHA512)),
        Algorithm::PS256 => Some(Means::Rsa(&RSA_PSS_2048_8192_SHA256)),
        Algorithm::PS384 => Some(Means::Rsa(&RSA_PSS_2048_8192_SHA384)),
        Algorithm::PS512 => Some(Means::Rsa(&RSA_PSS_2048_8192_SHA512)),
        Algorithm::ES256 => Some(Means::Curve(&ECDSA_P256_SHA256_FIXED)),
        Algorithm::ES384 => Some(Means::Curve(&ECDSA_P384_SHA384_FIXED)),
        Algorithm::EdDSA => Some(Means::Curve(&ED25519)),
        _ => None,
    }
}

impl JwtVerifier for Ring {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Ring {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let verified = match (means(self.algorithm), self.key.kind()) {
            (Some(Means::Rsa(rsa)), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n: digits(n), e: digits(e) }.verify(rsa, message, signature)
            }
            (Some(Means::Rsa(rsa)), DecodingKeyKind::SecretOrDer(der)) => {
                UnparsedPublicKey::new(rsa, der).verify(message, signature)
            }
            (Some(Means::Curve(curve)), DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(curve, point).verify(message, signature)
            }
            _ => return Err(signature::Error::new()),
        };
        verified.map_err(|_| signature::Error::new())
    }
}

/// A number without leading zeros, which some encoders add.
fn digits(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
