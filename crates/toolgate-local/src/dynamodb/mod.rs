//! The embedded DynamoDB: dynoxide in this process, with the template's tables in it.

mod proxy;
mod tables;

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use tokio::sync::oneshot;
use uuid::Uuid;

pub(crate) use proxy::routes;

/// The file in the data directory.
const FILE: &str = "dynamodb.sqlite";

/// Where the tables are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Data {
    /// In a directory, across runs.
    Directory(PathBuf),
    /// In memory, for as long as the local agent runs.
    Memory,
}

/// The database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The data directory or its file cannot be used.
    #[error("cannot keep tables in `{path}`: {reason}; choose another place with `--data`")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A table is there with other keys.
    #[error("the table `{table}` is there with other keys or indexes than in the template: start over with `--reset`")]
    Changed {
        /// The table.
        table: String,
    },
    /// A table cannot be made.
    #[error("the table `{table}` of the template cannot be made: {reason}")]
    Table {
        /// The table.
        table: String,
        /// Why.
        reason: String,
    },
    /// The database does not come up.
    #[error("the embedded database does not start: {0}")]
    Start(String),
}

/// A running database; it stops when this is dropped.
pub(crate) struct Database {
    inner: dynoxide::Database,
    /// Where it serves, for the proxy.
    pub(crate) address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Database {
    /// Opens the database, after wiping it when `reset` says so. Blocks for some milliseconds.
    pub(crate) fn open(data: &Data, reset: bool) -> Result<Self, DatabaseError> {
        let start = |reason: String| DatabaseError::Start(reason);
        let inner = match data {
            Data::Memory => dynoxide::Database::memory().map_err(|error| start(error.to_string()))?,
            Data::Directory(folder) => open_file(folder, reset)?,
        };
        let listener = std::net::TcpListener::bind((hidden_address(), 0)).map_err(|error| start(error.to_string()))?;
        listener.set_nonblocking(true).map_err(|error| start(error.to_string()))?;
        let address = listener.local_addr().map_err(|error| start(error.to_string()))?;
        let (stop, stopped) = oneshot::channel();
        let served = inner.clone();
        // A thread of its own: the engine blocks while it works, one request at a time.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| start(error.to_string()))?;
        let serve = async move {
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => {
                    let stopped = async { drop(stopped.await) };
                    if let Err(error) = dynoxide::server::serve_with_shutdown(listener, served, stopped).await {
                        tracing::error!(error, "the embedded database stopped");
                    }
                }
                Err(error) => tracing::error!(%error, "the embedded database does not start"),
            }
        };
        std::thread::Builder::new()
            .name("dynamodb".to_owned())
            .spawn(move || runtime.block_on(serve))
            .map_err(|error| start(error.to_string()))?;
        Ok(Self { inner, address, _stop: stop })
    }

    /// While tables are filled, the disk need not confirm each write: a fill that the machine's end cuts off is begun
    /// again. It is faster by a factor of ten and more.
    pub(crate) fn confirm_writes(&self, confirm: bool) -> Result<(), DatabaseError> {
        let set = if confirm { self.inner.disable_bulk_loading() } else { self.inner.enable_bulk_loading() };
        set.map_err(|error| DatabaseError::Start(error.to_string()))
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("address", &self.address).finish_non_exhaustive()
    }
}

fn open_file(folder: &Path, reset: bool) -> Result<dynoxide::Database, DatabaseError> {
    let failed = |reason: String| DatabaseError::Directory { path: folder.to_owned(), reason };
    std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
    let file = folder.join(FILE);
    if reset {
        for suffix in ["", "-wal", "-shm"] {
            match std::fs::remove_file(folder.join(format!("{FILE}{suffix}"))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error.to_string())),
                _ => {}
            }
        }
    }
    let file = file.to_str().ok_or_else(|| failed("its name is not UTF-8".to_owned()))?;
    dynoxide::Database::new(file).map_err(|error| failed(error.to_string()))
}

/// The engine's own server answers pages of any origin, so it must not be where a page could find it. On Linux all of
/// 127.0.0.0/8 is loopback: a random address in it, with a random port, cannot be searched.
fn hidden_address() -> Ipv4Addr {
    if cfg!(target_os = "linux") {
        let [a, b, c, ..] = Uuid::new_v4().into_bytes();
        Ipv4Addr::new(127, a, b, c.clamp(1, 254))
    } else {
        Ipv4Addr::LOCALHOST
    }
}
