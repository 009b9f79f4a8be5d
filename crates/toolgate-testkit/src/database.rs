//! An embedded DynamoDB server on its own port, its clients, and its tables.

use std::net::SocketAddr;

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType,
    },
};
pub use dynoxide::Database;
use tokio::{net::TcpListener, task::JoinHandle};

/// A server with empty tables. Other processes can use it too. It stops when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub client: Client,
    serving: JoinHandle<()>,
}

impl Server {
    pub async fn start<'a>(tables: impl IntoIterator<Item = Table<'a>>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(dynoxide::server::serve_on(listener, Database::memory().unwrap()));
        let client = client_at(address);
        create_tables(&client, tables).await;
        Self { address, client, serving }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Serves `database` until the test ends.
pub async fn serve(database: Database) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    address
}

/// A client that does not retry, so that every retry comes from the code under test.
pub fn client_at(address: SocketAddr) -> Client {
    client(&format!("http://{address}"), RetryConfig::disabled())
}

/// A client for an endpoint, with the SDK's own retries.
pub fn client(endpoint: &str, retries: RetryConfig) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(endpoint)
        .retry_config(retries)
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}

/// A table: its name, its key, and its indexes as `(name, hash key, range key)`. All keys are text.
pub type Table<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str, &'a str)>);

/// Creates tables.
pub async fn create_tables<'a>(client: &Client, tables: impl IntoIterator<Item = Table<'a>>) {
    for (name, key, indexes) in tables {
        let mut attributes: Vec<&str> = vec![key];
        attributes.extend(indexes.iter().flat_map(|(_, hash, range)| [*hash, *range]));
        attributes.sort_unstable();
        attributes.dedup();
        let definition = |name: &&str| {
            let text = ScalarAttributeType::S;
            AttributeDefinition::builder().attribute_name(*name).attribute_type(text).build().unwrap()
        };
        let element =
            |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
        let index = |(name, hash, range): (&str, &str, &str)| {
            GlobalSecondaryIndex::builder()
                .index_name(name)
                .key_schema(element(hash, KeyType::Hash))
                .key_schema(element(range, KeyType::Range))
                .projection(Projection::builder().projection_type(ProjectionType::All).build())
                .build()
                .unwrap()
        };
        let indexes: Vec<_> = indexes.into_iter().map(index).collect();
        client
            .create_table()
            .table_name(name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(Some(attributes.iter().map(definition).collect()))
            .key_schema(element(key, KeyType::Hash))
            .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
            .send()
            .await
            .unwrap();
    }
}
