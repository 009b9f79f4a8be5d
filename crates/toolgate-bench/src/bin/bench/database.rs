//! The DynamoDB of all subjects: one embedded server in this process, with the example's own data.

use std::{error::Error, net::TcpListener, path::Path, process::Command};

use dynoxide::actions::create_table::CreateTableRequest;
use serde_json::json;

/// The time of the handlers' fixture events, so that their replies can be checked.
pub(crate) const NOW: &str = "2026-11-20T12:00:00Z";

/// The tables that the seed fills, with their names in `template.yaml`, their variable and key.
pub(crate) const TABLES: [(&str, &str, &str); 3] = [
    ("CUSTOMERS_TABLE", "CustomersTable", "customerId"),
    ("ORDERS_TABLE", "OrdersTable", "orderId"),
    ("INVOICES_TABLE", "InvoicesTable", "invoiceId"),
];

pub(crate) struct Database {
    pub(crate) endpoint: String,
}

impl Database {
    /// Starts the database on its own thread and fills it. It lives as long as this process.
    pub(crate) fn start(seed: &Path) -> Result<Self, Box<dyn Error>> {
        let database = dynoxide::Database::memory()?;
        for (_, table, key) in TABLES {
            // Indexes are not needed: the measured read uses the key.
            let request: CreateTableRequest = serde_json::from_value(json!({
                "TableName": table,
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
            }))?;
            database.create_table(request)?;
        }
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || {
            runtime.block_on(async {
                if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                    dynoxide::server::serve_on(listener, database).await;
                }
            });
        });
        let filled = Command::new(seed).env_clear().envs(environment(&endpoint)).output();
        let filled = filled.map_err(|error| format!("`{}` cannot be run: {error}", seed.display()))?;
        if !filled.status.success() {
            return Err(format!("the seed failed: {}", String::from_utf8_lossy(&filled.stderr)).into());
        }
        Ok(Self { endpoint })
    }
}

/// The environment variables for the database and the time, which all subjects share.
pub(crate) fn environment(endpoint: &str) -> Vec<(String, String)> {
    let fixed = [
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_SESSION_TOKEN", "local"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
        ("LEDGER_TABLE", "LedgerTable"),
        ("SUPPORT_DESK_NOW", NOW),
    ];
    let tables = TABLES.map(|(variable, table, _)| (variable, table));
    fixed.into_iter().chain(tables).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
