//! Signatures by `ring`, which is in the build for TLS anyway. `jsonwebtoken` brings either a second C library or the
//! `rsa` crate with its open advisory; this gives it the verifying half, and nothing that signs.

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
        // a public key must never be taken for a shared secret
        if key.family() != algorithm.family() || means(*algorithm).is_none() {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
        Ok(Box::new(Ring { algorithm: *algorithm, key: key.clone() }))
    },
    // only keys that are made of private ones need these
    key_utils: KeyUtils::new_unimplemented(),
};

/// Once per process. Where a program has chosen another provider, that one verifies.
pub(super) fn install() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        let _another_is_there = RING.install_default();
    });
}

struct Ring {
    algorithm: Algorithm,
    key: DecodingKey,
}

/// How `ring` verifies an algorithm of tokens; none with a shared secret.
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

/// A number without the zero in front that some write.
fn digits(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
