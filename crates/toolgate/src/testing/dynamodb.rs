//! A DynamoDB on this machine with the tables of a template.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde::Deserialize;

/// The variable that names the `toolgate` command, where it is not on the `PATH`.
const COMMAND: &str = "TOOLGATE_COMMAND";

/// A DynamoDB on this machine with the tables of the project's template, for tests.
///
/// It is the process `toolgate dev --only dynamodb --for-tests`. Its tables are in memory and empty, and it ends when
/// this value is dropped, or when the test process ends. Each value is a database of its own, so tests do not disturb
/// each other.
///
/// ```no_run
/// let database = toolgate::testing::LocalDynamoDb::start();
/// let (url, items) = (database.url(), database.table("ItemsTable"));
/// // `toolgate_dynamodb::testing::client(url)` is a client for it
/// ```
#[derive(Debug)]
pub struct LocalDynamoDb {
    process: Child,
    ready: Ready,
}

/// What the command writes when it is ready.
#[derive(Debug, Deserialize)]
struct Ready {
    url: String,
    tables: BTreeMap<String, String>,
}

impl LocalDynamoDb {
    /// Starts it with the tables of `template.yaml` in the current folder, which is the package's in a test.
    ///
    /// # Panics
    /// The `toolgate` command is missing, or it cannot start; the message says why.
    #[must_use]
    pub fn start() -> Self {
        Self::with_template("template.yaml")
    }

    /// Starts it with the tables of a template.
    ///
    /// # Panics
    /// The `toolgate` command is missing, or it cannot start; the message says why.
    #[must_use]
    #[expect(clippy::panic, clippy::expect_used, reason = "a test must fail loudly")]
    pub fn with_template(template: impl AsRef<Path>) -> Self {
        let name = std::env::var_os(COMMAND).unwrap_or_else(|| "toolgate".into());
        let mut command = Command::new(&name);
        command.args(["dev", "--only", "dynamodb", "--for-tests", "--template"]).arg(template.as_ref());
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = started.unwrap_or_else(|error| {
            panic!(
                "cannot start `{}`: {error}; install the `toolgate` command, or set {COMMAND} to its path",
                name.display()
            )
        });
        let mut line = String::new();
        let read = BufReader::new(process.stdout.take().expect("it is piped")).read_line(&mut line);
        let ready = read.ok().and_then(|_| serde_json::from_str(&line).ok());
        let ready = ready.unwrap_or_else(|| {
            drop(process.kill());
            drop(process.wait());
            panic!("`{} dev --only dynamodb --for-tests` did not start; its error is above", name.display())
        });
        Self { process, ready }
    }

    /// Its address, such as `http://127.0.0.1:8123`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.ready.url
    }

    /// The name of a table by its logical id in the template.
    ///
    /// # Panics
    /// The template has no such table.
    #[must_use]
    #[expect(clippy::panic, reason = "a test must fail loudly")]
    pub fn table(&self, logical_id: &str) -> &str {
        let tables = &self.ready.tables;
        tables.get(logical_id).unwrap_or_else(|| {
            let names: Vec<&str> = tables.keys().map(String::as_str).collect();
            panic!("the template has no table `{logical_id}`; its tables are {}", names.join(", "))
        })
    }
}

impl Drop for LocalDynamoDb {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
