//! The DynamoDB client that handlers share: small to link and quick to start.

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::observed::ObserveRequests;

/// A client from the environment: region, credentials, and the endpoint in `AWS_ENDPOINT_URL_DYNAMODB` if it is set. The
/// observers of a call see its requests.
pub async fn client() -> Client {
    // one TLS library instead of the SDK's two
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    let config = aws_sdk_dynamodb::config::Builder::from(&config).interceptor(ObserveRequests);
    Client::from_conf(config.build())
}
