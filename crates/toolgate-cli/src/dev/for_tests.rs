//! A database for the tests of a project, which start this command.

use std::{collections::BTreeMap, process::ExitCode};

use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use toolgate_local::Local;

use crate::{failure::Failure, signal, terminal};

/// Serves empty tables in memory until standard input ends. It ends with the process that holds the other end, however
/// that process ends.
pub(super) async fn run(local: Local) -> Result<ExitCode, Failure> {
    let stop = signal::stop()?;
    let running = local.port(0).in_memory().without_seed(true).start().await?;
    let health = running.health();
    let tables = health.get("tables").and_then(Value::as_array).into_iter().flatten();
    let text = |table: &Value, key: &str| table.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let tables: BTreeMap<String, String> =
        tables.map(|table| (text(table, "logicalId"), text(table, "name"))).collect();
    terminal::out(&json!({"url": running.url(), "tables": tables}).to_string())?;
    let mut input = tokio::io::stdin();
    let ended = async { while input.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {} };
    tokio::select! {
        () = ended => {}
        () = stop => {}
    }
    running.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
