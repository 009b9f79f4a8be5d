//! Callers in the form of `--principal`.

use serde_json::{Value, json};
use toolgate_policy::{Caller, Principal};

use crate::kit::principal;

#[test]
fn a_user_has_an_id_and_tags() {
    let Principal::OAuthUser { id, tags } = principal("oauth:user:1,role=desk,note=a=b,empty=") else { panic!() };
    assert_eq!(id, "user:1");
    let tags: Vec<(&str, &str)> = tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("empty", ""), ("note", "a=b"), ("role", "desk")]);
}

#[test]
fn the_claims_of_a_token_are_tags() {
    let claims = json!({
        "sub": "user-1", "cognito:groups": ["admins", "desk"], "level": 3, "vip": true, "none": null, "at": {"city": "X"},
    });
    let from = |claims: Value| Principal::from_claims(claims.as_object().cloned().unwrap());
    let Ok(Principal::OAuthUser { id, tags }) = from(claims) else { panic!() };
    assert_eq!(id, "user-1");
    let tags: Vec<(&str, &str)> = tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let groups = r#"["admins","desk"]"#;
    let others = [("level", "3"), ("sub", "user-1"), ("vip", "true")];
    assert_eq!(
        tags,
        [("at", r#"{"city":"X"}"#), ("cognito:groups", groups)].into_iter().chain(others).collect::<Vec<_>>()
    );
    for nobody in [json!({}), json!({"sub": ""}), json!({"sub": 7}), json!({"sub": null})] {
        assert!(from(nobody.clone()).is_err(), "{nobody}");
    }
}

#[test]
fn an_iam_caller_is_its_arn() {
    for arn in ["arn:aws:sts::123456789012:assumed-role/R/s", "arn:aws-cn:iam::123456789012:user/path/U"] {
        assert_eq!(principal(&format!("iam:{arn}")), Principal::IamEntity { arn: arn.to_owned() });
    }
}

#[test]
fn what_is_no_principal_says_what_to_write() {
    for (text, expected) in [
        ("", "`` is not a valid principal: write `iam:ARN` or `oauth:SUB,TAG=VALUE,..`"),
        ("somebody", "`somebody` is not a valid principal"),
        ("user:x", "`user:x` is not a valid principal"),
        ("iam:", "`` is not the ARN of a caller"),
        (
            "iam:desk-backend",
            "`desk-backend` is not the ARN of a caller: write `iam:arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`",
        ),
        ("iam:arn:aws:s3:::bucket", "is not the ARN of a caller"),
        ("oauth:", "`oauth:` needs the token's `sub` behind it"),
        ("oauth:,role=desk", "`oauth:` needs the token's `sub` behind it"),
        ("oauth:x,desk", "`desk` is not a tag: write `TAG=VALUE`"),
        ("oauth:x,=desk", "`=desk` is not a tag"),
        ("oauth:x,", "`` is not a tag"),
        ("oauth:x,a=1,a=2", "the tag `a` occurs twice"),
    ] {
        let error = text.parse::<Principal>().unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn a_principal_does_not_tell_who_it_is_when_it_is_debugged() {
    assert_eq!(format!("{:?}", principal("oauth:jane@example.com,name=Jane")), "OAuthUser { .. }");
    assert_eq!(format!("{:?}", principal("iam:arn:aws:iam::123456789012:user/jane")), "IamEntity { .. }");
}

#[test]
fn the_authorizer_decides_who_can_call() {
    assert_eq!(Caller::of(Some("CUSTOM_JWT")), [Caller::OAuthUser]);
    assert_eq!(Caller::of(Some("AWS_IAM")), [Caller::IamEntity]);
    assert_eq!(Caller::of(Some("NONE")), Caller::ALL);
    assert_eq!(Caller::of(None), Caller::ALL);
}
