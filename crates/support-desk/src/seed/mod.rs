//! The desk's data: a few hand-written fixtures, and reproducible generated data.
//!
//! The generated data is the same at every seeding. It comes from a separate random number generator, so that it does
//! not change with a library's version. The dates of the fixtures are relative to the clock.

mod fixtures;
mod generated;
mod records;
mod write;

use std::fmt;

use aws_sdk_dynamodb::Client;

use crate::{clock::Clock, error::DeskError, tables::Tables};

/// The result of a seeding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeded {
    /// The number of items that were written because their table was empty.
    pub written: usize,
    /// The number of renewed fixtures.
    pub renewed: usize,
}

impl fmt::Display for Seeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.written, self.renewed) {
            (0, 0) => write!(f, "the support desk's data is in place"),
            (0, renewed) => write!(f, "the support desk's data is in place; {renewed} fixtures were renewed"),
            (written, _) => write!(f, "the support desk was filled with {written} items"),
        }
    }
}

/// Fills the tables if they are empty. Otherwise it renews the fixtures that are unchanged and older than a day.
///
/// # Errors
/// `Store`.
pub async fn run(client: &Client, tables: &Tables, clock: &Clock) -> Result<Seeded, DeskError> {
    if write::exists(client, &tables.customers, "customerId", fixtures::JANE).await? {
        let renewed = write::renew(client, &tables.orders, fixtures::orders(clock), clock).await?;
        return Ok(Seeded { written: 0, renewed });
    }
    let generated = generated::make(clock);
    let mut written = write::all(client, &tables.customers, generated.customers).await?;
    written += write::all(client, &tables.orders, generated.orders).await?;
    written += write::all(client, &tables.invoices, generated.invoices).await?;
    written += only_fixtures(client, tables, clock).await?;
    Ok(Seeded { written, renewed: 0 })
}

/// Writes the fixtures without the generated data, which is enough for most tests. Returns the number of items.
///
/// # Errors
/// `Store`.
pub async fn only_fixtures(client: &Client, tables: &Tables, clock: &Clock) -> Result<usize, DeskError> {
    let orders = fixtures::orders(clock).into_iter().map(|story| write::marked(story, clock)).collect();
    let mut written = write::all(client, &tables.orders, orders).await?;
    written += write::all(client, &tables.invoices, fixtures::invoices()).await?;
    // the customers are written last: where they are missing, an interrupted seeding starts again
    written += write::all(client, &tables.customers, fixtures::customers()).await?;
    Ok(written)
}
