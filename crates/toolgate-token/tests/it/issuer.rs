//! An identity provider: generates keys, and signs tokens with them.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        Ed25519KeyPair, KeyPair,
    },
};
use serde_json::{Value, json};
use toolgate_token::TokenKeys;

pub(super) enum Issuer {
    Ed25519(Ed25519KeyPair),
    Ecdsa(&'static str, EcdsaKeyPair),
}

impl Issuer {
    pub(super) fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap())
    }

    pub(super) fn p256() -> Self {
        Self::ecdsa("ES256", &ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    pub(super) fn p384() -> Self {
        Self::ecdsa("ES384", &ECDSA_P384_SHA384_FIXED_SIGNING)
    }

    fn ecdsa(name: &'static str, algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self::Ecdsa(name, EcdsaKeyPair::from_pkcs8(algorithm, pair.as_ref(), &random).unwrap())
    }

    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::Ecdsa(name, _) => name,
        }
    }

    pub(super) fn public(&self) -> &[u8] {
        match self {
            Self::Ed25519(pair) => pair.public_key().as_ref(),
            Self::Ecdsa(_, pair) => pair.public_key().as_ref(),
        }
    }

    /// `SubjectPublicKeyInfo` in PEM, as `openssl pkey -pubout` writes it.
    pub(super) fn pem(&self) -> String {
        let head = match self.algorithm() {
            "EdDSA" => "302a300506032b6570032100",
            "ES256" => "3059301306072a8648ce3d020106082a8648ce3d030107034200",
            _ => "3076301006072a8648ce3d020106052b81040022036200",
        };
        let mut der: Vec<u8> =
            (0..head.len()).step_by(2).map(|at| u8::from_str_radix(&head[at..at + 2], 16).unwrap()).collect();
        der.extend(self.public());
        pem(&der)
    }

    pub(super) fn jwk(&self, id: &str) -> Value {
        let public = self.public();
        let point = public.get(1..).unwrap();
        let (x, y) = point.split_at(point.len() / 2);
        let (x, y) = (BASE64_URL_SAFE_NO_PAD.encode(x), BASE64_URL_SAFE_NO_PAD.encode(y));
        let mut jwk = match self.algorithm() {
            "EdDSA" => json!({"kty": "OKP", "crv": "Ed25519", "x": BASE64_URL_SAFE_NO_PAD.encode(public)}),
            "ES256" => json!({"kty": "EC", "crv": "P-256", "x": x, "y": y}),
            _ => json!({"kty": "EC", "crv": "P-384", "x": x, "y": y}),
        };
        jwk["kid"] = id.into();
        jwk["use"] = "sig".into();
        jwk
    }

    pub(super) fn keys(&self) -> TokenKeys {
        TokenKeys::from_text(&self.pem()).unwrap()
    }

    pub(super) fn token(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": self.algorithm(), "typ": "JWT"}), claims)
    }

    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature = match self {
            Self::Ed25519(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
            Self::Ecdsa(_, pair) => pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec(),
        };
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

/// A token with a shared secret.
pub(super) fn shared(secret: &[u8], claims: &Value) -> String {
    let message = message(&json!({"alg": "HS256", "typ": "JWT"}), claims);
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

pub(super) fn message(header: &Value, claims: &Value) -> String {
    let part = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}", part(header), part(claims))
}

pub(super) fn pem(der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed()
}

/// Valid claims, with some of them replaced.
pub(super) fn claims(others: &Value) -> Value {
    let mut claims = json!({
        "sub": "user-1",
        "iss": "https://idp.example.com",
        "aud": ["desk", "other"],
        "client_id": "app",
        "scope": "openid desk/use",
        "exp": now() + 3600,
    });
    for (name, value) in others.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}
