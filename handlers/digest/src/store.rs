//! The digests in a bucket: written once, never replaced.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>

use reqwest::{
    Method, StatusCode,
    header::{CONTENT_TYPE, IF_NONE_MATCH},
};

use crate::{
    Result,
    digest::Digest,
    http::{Signed, body},
    message::Due,
};

const SERVICE: &str = "s3";

/// The bucket.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) signed: Signed,
    pub(crate) bucket: String,
    /// Replaces the address of the bucket; a local one has the bucket in its path.
    pub(crate) endpoint: Option<String>,
}

impl Store {
    /// Reads a digest.
    ///
    /// # Errors
    /// The bucket does not answer, or the object is not a digest.
    pub(crate) async fn get(&self, due: &Due) -> Result<Option<Digest>> {
        let response = self.send(Method::GET, due, None).await?;
        match response.status() {
            // The role may list the bucket. Without that right, S3 answers 403 for an object that does not exist.
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => {
                let digest = serde_json::from_slice(&body(SERVICE, response).await?);
                digest.map(Some).map_err(|_| "an object in the place of a digest is not a digest".to_owned())
            }
            status => Err(format!("a digest cannot be read: S3 answered {status}")),
        }
    }

    /// Writes a digest. Returns `false` if there is one.
    ///
    /// # Errors
    /// The bucket does not answer, or not with a success. The digest may have been written.
    pub(crate) async fn put(&self, due: &Due, digest: &Digest) -> Result<bool> {
        let text = serde_json::to_string_pretty(digest).map_err(|error| error.to_string())?;
        let response = self.send(Method::PUT, due, Some(text)).await?;
        match response.status() {
            StatusCode::OK => Ok(true),
            StatusCode::PRECONDITION_FAILED => Ok(false),
            // 409: another write of the same key was under way
            status => Err(format!("a digest cannot be written: S3 answered {status}")),
        }
    }

    async fn send(&self, method: Method, due: &Due, text: Option<String>) -> Result<reqwest::Response> {
        let Self { signed, bucket, endpoint } = self;
        let address = match endpoint {
            Some(endpoint) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
            None => format!("https://{bucket}.s3.{}.amazonaws.com", signed.region),
        };
        let mut request = signed.http.request(method, format!("{address}/{}", due.key()));
        if let Some(text) = text {
            request = request.header(CONTENT_TYPE, "application/json").header(IF_NONE_MATCH, "*").body(text);
        }
        let request = request.build().map_err(|error| format!("no request to S3: {}", error.without_url()))?;
        signed.send(SERVICE, request).await
    }
}
