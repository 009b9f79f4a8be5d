//! The signature (SigV4) of a request to AWS that is sent without an SDK client.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>

#![cfg_attr(docsrs, feature(doc_cfg))]

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What a signature is valid for.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, reason = "a credential scope of SigV4 has no other member")]
pub struct Scope<'a> {
    /// The region, such as `us-east-1`.
    pub region: &'a str,
    /// The name of the service in signatures, such as `s3`.
    pub service: &'a str,
}

/// A request cannot be signed: its URL or one of its headers is not valid.
#[derive(Debug, thiserror::Error)]
#[error("the request to {service} cannot be signed: {source}")]
pub struct SignError {
    service: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// The headers to add to a request, for the present time. Their values are marked as sensitive.
///
/// # Errors
/// [`SignError`]: the URL or a header is not valid.
pub fn signature(
    scope: Scope<'_>,
    credentials: Credentials,
    method: &str,
    url: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<HeaderMap, SignError> {
    signature_at(SystemTime::now(), scope, credentials, method, url, headers, body)
        .map_err(|source| SignError { service: scope.service.to_owned(), source })
}

fn signature_at(
    time: SystemTime,
    Scope { region, service }: Scope<'_>,
    credentials: Credentials,
    method: &str,
    url: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<HeaderMap, Box<dyn std::error::Error + Send + Sync>> {
    let identity = credentials.into();
    let mut settings = SigningSettings::default();
    if service == "s3" {
        // S3 requires the hash of the body as a header, and signs a path as it is sent.
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(time)
        .settings(settings)
        .build()?
        .into();
    let headers = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let signable = SignableRequest::new(method, url, headers, SignableBody::Bytes(body))?;
    let (instructions, _) = sign(signable, &params)?.into_parts();
    let mut signed = HeaderMap::new();
    for (name, value) in instructions.headers() {
        let mut value = HeaderValue::from_str(value)?;
        value.set_sensitive(true);
        signed.insert(HeaderName::try_from(name)?, value);
    }
    Ok(signed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

    use std::time::Duration;

    use super::*;

    fn signed(seconds: u64, scope: Scope<'_>, id: &str, secret: &str, url: &str, range: Option<&str>) -> HeaderMap {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let credentials = Credentials::new(id, secret, None, None, "test");
        let mut headers = HeaderMap::new();
        if let Some(range) = range {
            headers.insert("range", range.parse().unwrap());
        }
        signature_at(time, scope, credentials, "GET", url, &headers, b"").unwrap()
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
    #[test]
    fn the_signature_of_an_object_is_the_one_of_the_documentation() {
        let scope = Scope { region: "us-east-1", service: "s3" };
        let (id, secret) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let url = "https://examplebucket.s3.amazonaws.com/test.txt";
        let headers = signed(1_369_353_600, scope, id, secret, url, Some("bytes=0-9"));
        let expected = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                        SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
                        Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        assert_eq!(headers["authorization"], expected);
        assert!(headers.values().all(HeaderValue::is_sensitive));
    }

    /// `get-vanilla` of the test suite of SigV4.
    #[test]
    fn the_signature_of_another_service_is_the_one_of_the_test_suite() {
        let scope = Scope { region: "us-east-1", service: "service" };
        let (id, secret) = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let headers = signed(1_440_938_160, scope, id, secret, "https://example.amazonaws.com/", None);
        let expected = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                        SignedHeaders=host;x-amz-date, \
                        Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        assert_eq!(headers["authorization"], expected);
    }

    #[test]
    fn what_cannot_be_signed_names_the_service() {
        let scope = Scope { region: "us-east-1", service: "sns" };
        let credentials = Credentials::new("id", "secret", None, None, "test");
        let error = signature(scope, credentials, "GET", "no url", &HeaderMap::new(), b"").unwrap_err();
        assert!(error.to_string().starts_with("the request to sns cannot be signed: "), "{error}");
    }
}
