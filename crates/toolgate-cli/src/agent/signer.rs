//! The signature (SigV4) of a request to a harness.
//!
//! InvokeHarness is sent without the SDK's client: the types of its events cannot be written as JSON, which the trace
//! needs, and they drop unknown members. The signature itself and the credentials are the SDK's.

use std::time::SystemTime;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider},
};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use reqwest::{
    Request,
    header::{HeaderName, HeaderValue},
};

use super::client::{NO_CREDENTIALS, https};
use crate::failure::Failure;

const SERVICE: &str = "bedrock-agentcore";

/// Signs requests for one region.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    region: String,
    credentials: SharedCredentialsProvider,
}

impl Signer {
    /// A signer with the credentials of the AWS configuration; with dummy ones for a local endpoint.
    ///
    /// # Errors
    /// There are no credentials.
    pub(super) async fn new(region: &str, is_local: bool) -> Result<Self, Failure> {
        let region = region.to_owned();
        if is_local {
            let dummy = Credentials::new("local", "local", None, None, "toolgate");
            return Ok(Self { region, credentials: SharedCredentialsProvider::new(dummy) });
        }
        let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(https());
        let config = loader.region(Region::new(region.clone())).load().await;
        let credentials = config.credentials_provider().ok_or(NO_CREDENTIALS)?;
        Ok(Self { region, credentials })
    }

    /// Adds the signature to a request. Credentials are asked for each time, because they expire.
    pub(super) async fn sign(&self, request: &mut Request) -> Result<(), Failure> {
        let credentials = self.credentials.provide_credentials().await;
        let identity = credentials.map_err(|error| format!("{NO_CREDENTIALS}: {error}"))?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let headers = request.headers().iter();
        let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let method = request.method().as_str();
        let signable = SignableRequest::new(method, request.url().as_str(), headers, SignableBody::Bytes(body))?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        for (name, value) in instructions.headers() {
            let mut header = HeaderValue::from_str(value)?;
            header.set_sensitive(true);
            request.headers_mut().insert(HeaderName::try_from(name)?, header);
        }
        Ok(())
    }
}
