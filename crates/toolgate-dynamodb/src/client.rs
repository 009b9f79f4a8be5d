//! The DynamoDB client that handlers share: small to link and quick to start.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::observed::ObserveRequests;

/// A client from the environment: region, credentials, and the endpoint in `AWS_ENDPOINT_URL_DYNAMODB` if it is set. The
/// observers of a call see its requests.
pub async fn client() -> Client {
    client_with(&config().await)
}

/// The configuration of AWS from the environment, for a handler with clients of other services too. It has one TLS
/// library instead of the SDK's two.
pub async fn config() -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await
}

/// A client with this configuration, as [`client`] makes it.
pub fn client_with(config: &SdkConfig) -> Client {
    Client::from_conf(aws_sdk_dynamodb::config::Builder::from(config).interceptor(ObserveRequests).build())
}
