//! Tokens: their claims, and every reason for a rejection.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly, their helpers too"
)]

mod issuer;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};
use toolgate_token::{Expected, KeyError, TokenError, TokenKeys};

use self::issuer::{Issuer, claims, message, now, pem, shared};

/// The example of RFC 7515, A.2: RS256, expired in 2011, and without `sub`.
const RFC_TOKEN: &str = "\
    eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19\
    yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt\
    _O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb\
    1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI\
    8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const RFC_MODULUS: &str = "\
    ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR\
    T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB\
    dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia\
    GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

fn expected() -> Expected {
    Expected {
        issuer: Some("https://idp.example.com".to_owned()),
        audiences: vec!["desk".to_owned(), "desk2".to_owned()],
        clients: vec!["app".to_owned()],
        scopes: vec!["desk/use".to_owned()],
    }
}

#[test]
fn a_token_has_the_claims_that_were_signed() {
    for issuer in [Issuer::ed25519(), Issuer::p256(), Issuer::p384()] {
        let signed =
            claims(&json!({"cognito:groups": ["admins", "desk"], "level": 3, "none": null, "at": {"city": "X"}}));
        let verified = issuer.keys().verify(&issuer.token(&signed), &expected()).unwrap();
        assert_eq!(Value::Object(verified), signed);
    }
}

#[test]
fn what_is_not_as_expected_is_refused_with_the_claim() {
    let issuer = Issuer::p256();
    let keys = issuer.keys();
    let verify = |others: Value| keys.verify(&issuer.token(&claims(&others)), &expected()).map(|_| ());
    assert_eq!(verify(json!({})), Ok(()));
    assert_eq!(verify(json!({"aud": "desk2"})), Ok(()));
    assert_eq!(verify(json!({"scope": "desk/use"})), Ok(()));
    for (others, error) in [
        (json!({"exp": now() - 11}), TokenError::Expired),
        (json!({"exp": 0}), TokenError::Expired),
        (json!({"exp": null}), TokenError::Claim("exp")),
        (json!({"exp": "9999999999"}), TokenError::Claim("exp")),
        (json!({"exp": {}}), TokenError::Claim("exp")),
        (json!({"nbf": now() + 60}), TokenError::NotYet),
        (json!({"nbf": "0"}), TokenError::Claim("nbf")),
        (json!({"iss": "https://idp.example.com/"}), TokenError::Unexpected("iss")),
        (json!({"iss": null}), TokenError::Claim("iss")),
        (json!({"aud": "other"}), TokenError::Unexpected("aud")),
        (json!({"aud": []}), TokenError::Unexpected("aud")),
        (json!({"aud": null}), TokenError::Claim("aud")),
        (json!({"client_id": "App"}), TokenError::Unexpected("client_id")),
        (json!({"client_id": ["app"]}), TokenError::Claim("client_id")),
        (json!({"scope": "openid desk/use2"}), TokenError::Unexpected("scope")),
        (json!({"scope": ""}), TokenError::Unexpected("scope")),
        (json!({"scope": null}), TokenError::Claim("scope")),
        (json!({"sub": ""}), TokenError::Claim("sub")),
        (json!({"sub": null}), TokenError::Claim("sub")),
        (json!({"sub": 7}), TokenError::Claim("sub")),
    ] {
        assert_eq!(verify(others.clone()), Err(error), "{others}");
    }
}

#[test]
fn what_is_not_expected_is_not_asked_for() {
    let issuer = Issuer::ed25519();
    let bare = issuer.token(&json!({"sub": "user-1", "exp": now() + 60}));
    assert!(issuer.keys().verify(&bare, &Expected::default()).is_ok());
    let token = issuer.token(&claims(&json!({"nbf": now() - 60})));
    assert!(issuer.keys().verify(&token, &Expected::default()).is_ok());
    // The times are always checked.
    let expired = issuer.token(&json!({"sub": "user-1", "exp": now() - 60}));
    assert_eq!(issuer.keys().verify(&expired, &Expected::default()), Err(TokenError::Expired));
    let endless = issuer.token(&json!({"sub": "user-1"}));
    assert_eq!(issuer.keys().verify(&endless, &Expected::default()), Err(TokenError::Claim("exp")));
}

#[test]
fn a_token_with_any_bit_flipped_is_refused() {
    for issuer in [Issuer::ed25519(), Issuer::p256()] {
        let keys = issuer.keys();
        let token = issuer.token(&claims(&json!({})));
        assert!(keys.verify(&token, &Expected::default()).is_ok());
        for bit in 0..token.len() * 8 {
            let mut bytes = token.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(flipped) = String::from_utf8(bytes) {
                assert!(keys.verify(&flipped, &Expected::default()).is_err(), "bit {bit}");
            }
        }
        // The same in base64.
        let parts: Vec<Vec<u8>> = token.split('.').map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        for (part, bit) in (0..3).flat_map(|part| (0..parts[part].len() * 8).map(move |bit| (part, bit))) {
            let mut parts = parts.clone();
            parts[part][bit / 8] ^= 1 << (bit % 8);
            let flipped: Vec<String> = parts.iter().map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).collect();
            assert!(keys.verify(&flipped.join("."), &Expected::default()).is_err(), "part {part}, bit {bit}");
        }
    }
}

#[test]
fn a_token_without_a_signature_or_with_a_shared_secret_is_refused() {
    let issuer = Issuer::p256();
    let keys = issuer.keys();
    let right = claims(&json!({}));
    for algorithm in ["none", "None", "NONE", "", "ES512", "HS1"] {
        let message = message(&json!({"alg": algorithm}), &right);
        for signature in ["", "AAAA"] {
            let token = format!("{message}.{signature}");
            assert_eq!(keys.verify(&token, &Expected::default()), Err(TokenError::Malformed), "{algorithm}");
        }
    }
    // The public key must not be accepted as a shared secret, in any of its forms.
    let pem = issuer.pem();
    for secret in [pem.as_bytes(), pem.trim().as_bytes(), issuer.public(), b""] {
        assert_eq!(keys.verify(&shared(secret, &right), &Expected::default()), Err(TokenError::Algorithm));
    }
    // A header with an algorithm that is not the key's.
    for algorithm in ["ES384", "RS256", "PS512", "EdDSA", "HS256"] {
        let token = issuer.sign(&json!({"alg": algorithm}), &right);
        assert_eq!(keys.verify(&token, &Expected::default()), Err(TokenError::Algorithm), "{algorithm}");
    }
}

#[test]
fn a_key_in_the_token_itself_is_not_taken() {
    let (issuer, thief) = (Issuer::ed25519(), Issuer::ed25519());
    let header = json!({"alg": "EdDSA", "jwk": thief.jwk("t"), "jku": "https://thief.example.com", "x5c": ["AAAA"]});
    let token = thief.sign(&header, &claims(&json!({})));
    assert_eq!(issuer.keys().verify(&token, &Expected::default()), Err(TokenError::Signature));
    let critical = issuer.sign(&json!({"alg": "EdDSA", "crit": ["exp"], "exp": 1}), &claims(&json!({})));
    assert_eq!(issuer.keys().verify(&critical, &Expected::default()), Err(TokenError::Malformed));
}

#[test]
fn a_set_of_keys_is_asked_by_kid() {
    let (first, second, third) = (Issuer::ed25519(), Issuer::p256(), Issuer::p384());
    let mut encryption = third.jwk("enc");
    encryption["use"] = "enc".into();
    let secret = json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "oct"});
    let set = json!({"keys": [first.jwk("1"), second.jwk("2"), encryption, secret, {"kty": "new", "kid": "n"}]});
    let keys = TokenKeys::from_text(&set.to_string()).unwrap();
    assert_eq!(format!("{keys:?}"), "TokenKeys { keys: 2 }");
    let right = claims(&json!({}));
    let verify = |issuer: &Issuer, kid: Option<&str>| {
        let mut header = json!({"alg": issuer.algorithm()});
        if let Some(kid) = kid {
            header["kid"] = kid.into();
        }
        keys.verify(&issuer.sign(&header, &right), &expected()).map(|_| ())
    };
    for (issuer, kid) in [(&first, "1"), (&second, "2")] {
        assert_eq!(verify(issuer, Some(kid)), Ok(()));
        assert_eq!(verify(issuer, None), Ok(()));
        assert_eq!(verify(issuer, Some("3")), Err(TokenError::Key));
    }
    assert_eq!(verify(&first, Some("2")), Err(TokenError::Algorithm));
    assert_eq!(verify(&third, Some("enc")), Err(TokenError::Key));
    assert_eq!(keys.verify(&shared(b"secret", &right), &Expected::default()), Err(TokenError::Algorithm));
    // A key that is restricted to one algorithm.
    let mut only = second.jwk("2");
    only["alg"] = "ES384".into();
    let none = TokenKeys::from_text(&json!({"keys": [only]}).to_string()).unwrap_err();
    assert!(matches!(none, KeyError::Unusable));
}

#[test]
fn rsa_is_verified_from_a_jwks_and_from_pem() {
    let jwks = json!({"keys": [{"kty": "RSA", "n": RFC_MODULUS, "e": "AQAB"}]}).to_string();
    for text in [jwks, pem(&rsa_der())] {
        let keys = TokenKeys::from_text(&text).unwrap();
        // The error is about a missing claim, so the signature was valid.
        assert_eq!(keys.verify(RFC_TOKEN, &Expected::default()), Err(TokenError::Claim("sub")));
        let forged = RFC_TOKEN.replace("7Rw", "7Rg");
        assert_eq!(keys.verify(&forged, &Expected::default()), Err(TokenError::Signature));
        let other = RFC_TOKEN.replace("eyJhbGciOiJSUzI1NiJ9", &BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"PS256"}"#));
        assert_eq!(keys.verify(&other, &Expected::default()), Err(TokenError::Signature));
        assert_eq!(
            keys.verify(&shared(text.as_bytes(), &claims(&json!({}))), &Expected::default()),
            Err(TokenError::Algorithm)
        );
    }
}

/// `SubjectPublicKeyInfo` of the RFC's key.
fn rsa_der() -> Vec<u8> {
    let tlv = |tag: u8, body: &[u8]| {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], length.as_slice(), body].concat()
    };
    let modulus = [&[0], BASE64_URL_SAFE_NO_PAD.decode(RFC_MODULUS).unwrap().as_slice()].concat();
    let key = tlv(0x30, &[tlv(2, &modulus), vec![2, 3, 1, 0, 1]].concat());
    let rsa = [0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    tlv(0x30, &[rsa.to_vec(), tlv(3, &[vec![0], key].concat())].concat())
}

#[test]
fn a_file_that_is_no_public_key_says_what_it_should_be() {
    let error_for = |text: &str| TokenKeys::from_text(text).unwrap_err().to_string();
    assert!(error_for("").contains("neither a public key in PEM nor a JWKS"));
    assert!(error_for("{}").contains("neither a public key"));
    assert!(error_for(r#"{"keys": []}"#).contains("no key of this JWKS"));
    assert!(error_for("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n").contains("neither a public key"));
    let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert!(error_for(private).contains("openssl pkey -pubout"));
    let missing = TokenKeys::from_file("nowhere/keys.json").unwrap_err().to_string();
    assert!(missing.starts_with("`nowhere/keys.json` cannot be read"), "{missing}");
    let folder = tempfile::tempdir().unwrap();
    let (issuer, path) = (Issuer::p384(), folder.path().join("key.pem"));
    std::fs::write(&path, issuer.pem()).unwrap();
    let keys = TokenKeys::from_file(&path).unwrap();
    assert!(keys.verify(&issuer.token(&claims(&json!({}))), &expected()).is_ok());
}

proptest! {
    #[test]
    fn any_text_as_a_token_is_refused(
        text in any::<String>(),
        header in any::<String>(),
        body in any::<Vec<u8>>(),
        signature in any::<Vec<u8>>(),
    ) {
        let keys = Issuer::ed25519().keys();
        let part = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
        let formed = format!("{}.{}.{}", part(header.as_bytes()), part(&body), part(&signature));
        let signed = format!("{}.{}.{}", part(br#"{"alg":"EdDSA"}"#), part(&body), part(&signature));
        for token in [text, formed, signed, ".".repeat(body.len())] {
            let error = keys.verify(&token, &Expected::default());
            prop_assert!(matches!(error, Err(TokenError::Malformed | TokenError::Signature | TokenError::Algorithm)));
        }
    }

    #[test]
    fn any_text_as_keys_is_read_or_refused(text in any::<String>(), der in any::<Vec<u8>>()) {
        let modulus = BASE64_URL_SAFE_NO_PAD.encode(&der);
        let rsa = json!({"kty": "RSA", "n": modulus, "e": ""});
        let jwk = json!({"keys": [rsa, {"kty": "EC", "crv": "P-256", "x": modulus, "y": ""}]});
        for text in [text.clone(), format!("{{{text}"), pem(&der), jwk.to_string()] {
            if let Ok(keys) = TokenKeys::from_text(&text) {
                prop_assert!(keys.verify(RFC_TOKEN, &Expected::default()).is_err());
            }
        }
    }
}
