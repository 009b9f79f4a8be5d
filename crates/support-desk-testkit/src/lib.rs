//! A seeded desk on an embedded DynamoDB server, at a fixed time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    reason = "helpers of our own tests, which may fail loudly"
)]

pub mod instance;

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::Client;
use support_desk::{Clock, Desk, seed, tables::Tables};
use tokio::sync::OnceCell;
pub use toolgate_testkit::database::client_at;
use toolgate_testkit::database::{self, Database, Server, serve};

/// The current time in all tests.
pub const NOW: &str = "2026-11-20T12:00:00Z";

pub fn clock() -> Clock {
    Clock::fixed(NOW.parse().unwrap())
}

/// A client for a new, empty embedded server.
pub async fn client() -> Client {
    client_of(Database::memory().unwrap()).await
}

async fn client_of(database: Database) -> Client {
    client_at(serve(database).await)
}

/// A server with the desk's empty tables.
pub async fn server(tables: &Tables) -> Server {
    Server::start(tables.keys()).await
}

/// Creates the desk's tables.
pub async fn create_tables(client: &Client, tables: &Tables) {
    database::create_tables(client, tables.keys()).await;
}

/// A client and tables with the seed data of [`NOW`], on a separate server. Seeding takes about a second, so it happens
/// once per process, and every server starts from a copy.
pub async fn seeded() -> (Client, Tables) {
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
    let folder = std::env::temp_dir();
    format!("{}/support-desk-{}-{place}.db", folder.display(), std::process::id())
}

/// A seeded desk that accepts calls without a customer.
pub async fn desk() -> Desk {
    let (client, tables) = seeded().await;
    Desk::new(client, tables, clock()).allow_unbound()
}

/// As [`desk`], but with the fixtures only.
pub async fn desk_with_fixtures() -> Desk {
    let (client, tables) = (client().await, Tables::named_as_in_template());
    create_tables(&client, &tables).await;
    seed::only_fixtures(&client, &tables, &clock()).await.unwrap();
    Desk::new(client, tables, clock()).allow_unbound()
}

/// Desks for fixture events: a new desk for each event that writes, and one shared desk for all others.
#[derive(Default)]
pub struct Desks(Option<Desk>);

impl Desks {
    pub async fn for_event(&mut self, name: &str) -> Desk {
        let call = name.strip_prefix("mcp-").unwrap_or(name);
        let reads = ["get_", "find_", "search_", "no-", "list", "metadata"].iter().any(|it| call.starts_with(it));
        match (&self.0, reads) {
            (Some(desk), true) => desk.clone(),
            (None, true) => self.0.insert(desk_with_fixtures().await).clone(),
            (_, false) => desk_with_fixtures().await,
        }
    }
}
