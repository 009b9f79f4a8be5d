//! The signature (SigV4) of a request to a harness.
//!
//! InvokeHarness is sent without the SDK's client: the types of its events cannot be written as JSON, which the trace
//! needs, and they drop unknown members. The signature itself and the credentials are the SDK's.

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider},
};
use reqwest::Request;
use toolgate_sigv4::{Scope, signature};

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
        let credentials = credentials.map_err(|error| format!("{NO_CREDENTIALS}: {error}"))?;
        let scope = Scope { region: &self.region, service: SERVICE };
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let (method, url) = (request.method().as_str(), request.url().as_str());
        let signed = signature(scope, credentials, method, url, request.headers(), body)?;
        request.headers_mut().extend(signed);
        Ok(())
    }
}
