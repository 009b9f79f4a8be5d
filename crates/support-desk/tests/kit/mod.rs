//! A seeded desk on an embedded DynamoDB server, at a fixed time. The handlers' tests use this file too.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType,
    },
};
use dynoxide::Database;
use support_desk::{Clock, Desk, seed, tables::Tables};
use tokio::{sync::OnceCell, task::JoinHandle};

/// The time at which all tests play.
pub(crate) const NOW: &str = "2026-11-20T12:00:00Z";

pub(crate) fn clock() -> Clock {
    Clock::fixed(NOW.parse().unwrap())
}

/// A client of a new, empty embedded server.
pub(crate) async fn client() -> Client {
    client_of(Database::memory().unwrap()).await
}

async fn client_of(database: Database) -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    client_at(address)
}

/// An embedded server with empty tables, for other processes too; it ends when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    serving: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(tables: &Tables) -> Self {
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

pub(crate) fn client_at(address: SocketAddr) -> Client {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(format!("http://{address}"))
        .retry_config(RetryConfig::disabled())
        .http_client(http)
        .build();
    Client::from_conf(config)
}

pub(crate) async fn create_tables(client: &Client, tables: &Tables) {
    for (name, key, indexes) in tables.keys() {
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

/// A client and tables with the seed data of [`NOW`], on a server of their own. Seeding takes a second of work, so it
/// happens once in a process, and every server starts from a copy.
pub(crate) async fn seeded() -> (Client, Tables) {
    static COPY: OnceCell<Vec<u8>> = OnceCell::const_new();
    let tables = Tables::named_as_in_template();
    let copy = COPY.get_or_init(|| async {
        let database = Database::memory().unwrap();
        let client = client_of(database.clone()).await;
        create_tables(&client, &tables).await;
        seed::run(&client, &tables, &clock()).await.unwrap();
        let file = scratch_file();
        database.vacuum_into(&file).unwrap();
        let copy = std::fs::read(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        copy
    });
    let (file, database) = (scratch_file(), Database::memory().unwrap());
    std::fs::write(&file, copy.await).unwrap();
    database.restore_from(&file).unwrap();
    std::fs::remove_file(file).unwrap();
    (client_of(database).await, tables)
}

/// A name that no other test and no other process uses.
fn scratch_file() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let place = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{}/support-desk-{}-{place}.db", env!("CARGO_TARGET_TMPDIR"), std::process::id())
}

/// A seeded desk that lets the desk itself call.
pub(crate) async fn desk() -> Desk {
    let (client, tables) = seeded().await;
    Desk::new(client, tables, clock()).allow_unbound()
}

/// As [`desk`], with the stories only.
pub(crate) async fn desk_with_stories() -> Desk {
    let (client, tables) = (client().await, Tables::named_as_in_template());
    create_tables(&client, &tables).await;
    seed::only_stories(&client, &tables, &clock()).await.unwrap();
    Desk::new(client, tables, clock()).allow_unbound()
}

/// Desks for fixture events: a new one where the tool writes, one for all the others.
#[derive(Default)]
pub(crate) struct Desks(Option<Desk>);

impl Desks {
    pub(crate) async fn for_event(&mut self, name: &str) -> Desk {
        let reads = ["get_", "find_", "search_", "no-"].iter().any(|prefix| name.starts_with(prefix));
        match (&self.0, reads) {
            (Some(desk), true) => desk.clone(),
            (None, true) => self.0.insert(desk_with_stories().await).clone(),
            (_, false) => desk_with_stories().await,
        }
    }
}
