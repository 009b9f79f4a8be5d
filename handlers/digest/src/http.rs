//! Signed requests to S3, SNS and SQS.
//!
//! The function makes four simple calls of these services. Their SDK clients take 140 s to compile on one core (S3 alone
//! takes 81 s), so the calls are written here. The signature and the credentials are the SDK's. A call is not retried
//! here: it comes again with its message, and each of them may be repeated.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use reqwest::{Client, Request, Response};
use toolgate_sigv4::{Scope, signature};

use crate::Result;

/// How long a call may take.
const CALL_WITHIN: Duration = Duration::from_secs(10);
/// The most bytes of a response.
const RESPONSE: usize = 4 << 20;

/// A client that signs.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) http: Client,
    pub(crate) region: String,
    credentials: SharedCredentialsProvider,
}

impl Signed {
    /// A client with the region and the credentials of a configuration.
    ///
    /// # Errors
    /// It has none.
    pub(crate) fn new(config: &SdkConfig) -> Result<Self> {
        let region = config.region().ok_or("no AWS region is set: set AWS_REGION")?.to_string();
        let credentials = config.credentials_provider().ok_or("there are no AWS credentials")?;
        let http = Client::builder().timeout(CALL_WITHIN).build();
        Ok(Self { http: http.map_err(|error| format!("no HTTP client: {error}"))?, region, credentials })
    }

    /// Signs a request, and sends it.
    ///
    /// # Errors
    /// There are no credentials, or the service does not answer.
    pub(crate) async fn send(&self, service: &str, mut request: Request) -> Result<Response> {
        let credentials = self.credentials.provide_credentials().await;
        let credentials = credentials.map_err(|error| format!("there are no credentials for {service}: {error}"))?;
        let scope = Scope { region: &self.region, service };
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let (method, url) = (request.method().as_str(), request.url().as_str());
        let signed = signature(scope, credentials, method, url, request.headers(), body);
        request.headers_mut().extend(signed.map_err(|error| error.to_string())?);
        // the URL of an error may have the id of a customer
        self.http.execute(request).await.map_err(|error| format!("{service} does not answer: {}", error.without_url()))
    }
}

/// The body of a response.
///
/// # Errors
/// It cannot be read, or is too large.
pub(crate) async fn body(service: &str, mut response: Response) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let chunk = response.chunk().await;
        match chunk.map_err(|error| format!("the answer of {service} was cut: {}", error.without_url()))? {
            Some(chunk) => bytes.extend_from_slice(&chunk),
            None => return Ok(bytes),
        }
        if bytes.len() > RESPONSE {
            return Err(format!("the answer of {service} is too large"));
        }
    }
}
