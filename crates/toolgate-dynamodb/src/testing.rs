//! What tests of tools need. This module needs the feature `testing`.

use aws_sdk_dynamodb::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region},
};

/// A client for a DynamoDB on this machine, such as the one of `toolgate::testing::LocalDynamoDb`. It needs no
/// credentials.
///
/// ```
/// let client = toolgate_dynamodb::testing::client("http://127.0.0.1:8123");
/// let ledger = toolgate_dynamodb::DynamoLedger::new(client, "ledger");
/// ```
pub fn client(url: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(url)
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}
