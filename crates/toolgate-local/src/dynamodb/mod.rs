//! The embedded DynamoDB: dynoxide in this process, with the tables of the template.

mod empty;
mod folder;
mod images;
mod proxy;
mod recorder;
mod tables;
mod upstream;

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use tokio::sync::oneshot;
use uuid::Uuid;

use folder::Folder;
pub(crate) use proxy::{is_request, routes};
pub(crate) use recorder::Recorder;

/// Where the tables are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Data {
    /// In a directory. The tables survive a restart.
    Directory(PathBuf),
    /// In memory, for the lifetime of the local agent.
    Memory,
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The data directory or its file cannot be used.
    #[error("cannot keep tables in `{path}`: {reason}; choose another place with `--data`")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// Another server uses the data directory.
    #[error(
        "`{path}` is in use by another `toolgate dev`: stop it before you start over with `--reset`, or choose another \
         place with `--data`"
    )]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// An existing table has other keys than the template declares.
    #[error("the table `{table}` exists with other keys or indexes than in the template: start over with `--reset`")]
    Changed {
        /// The table.
        table: String,
    },
    /// A table cannot be created.
    #[error("the table `{table}` of the template cannot be made: {reason}")]
    Table {
        /// The table.
        table: String,
        /// The reason.
        reason: String,
    },
    /// The database does not start.
    #[error("the embedded database does not start: {0}")]
    Start(String),
}

/// A running database. It stops when this value is dropped.
pub(crate) struct Database {
    inner: dynoxide::Database,
    /// The address of its HTTP server, for the proxy.
    pub(crate) address: SocketAddr,
    _stop: oneshot::Sender<()>,
    /// The last field: fields are dropped in order, so the folder is released after the database is closed.
    folder: Option<Folder>,
}

impl Database {
    /// Opens the database. With `reset`, wipes it first. Blocks for some milliseconds.
    pub(crate) fn open(data: &Data, reset: bool) -> Result<Self, DatabaseError> {
        let start = |reason: String| DatabaseError::Start(reason);
        let (inner, folder) = match data {
            Data::Memory => (dynoxide::Database::memory().map_err(|error| start(error.to_string()))?, None),
            Data::Directory(folder) => open_file(folder, reset).map(|(inner, folder)| (inner, Some(folder)))?,
        };
        let listener = if cfg!(target_os = "linux") { hidden() } else { blocked() }.map_err(start)?;
        listener.set_nonblocking(true).map_err(|error| start(error.to_string()))?;
        let address = listener.local_addr().map_err(|error| start(error.to_string()))?;
        let (stop, stopped) = oneshot::channel();
        let served = inner.clone();
        // The engine blocks while it handles a request, one at a time, so it has its own thread.
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
        Ok(Self { inner, address, _stop: stop, folder })
    }

    /// Runs work while no other server uses the tables.
    ///
    /// # Errors
    /// [`DatabaseError::InUse`], and those of the work.
    pub(crate) fn alone(&self, work: impl FnOnce() -> Result<(), DatabaseError>) -> Result<(), DatabaseError> {
        match &self.folder {
            Some(folder) => folder.alone(work)?,
            None => work(),
        }
    }

    /// Turns the sync to disk after each write on or off. It is off while the tables are filled, which is at least ten
    /// times faster. A fill that a crash interrupts starts again from the beginning.
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

fn open_file(folder: &Path, reset: bool) -> Result<(dynoxide::Database, Folder), DatabaseError> {
    let failed = |reason: String| DatabaseError::Directory { path: folder.to_owned(), reason };
    let (taken, file) = Folder::open(folder, reset)?;
    let file = file.to_str().ok_or_else(|| failed("its name is not UTF-8".to_owned()))?;
    Ok((dynoxide::Database::new(file).map_err(|error| failed(error.to_string()))?, taken))
}

/// Binds the engine's own server to a random address. The server answers web pages of any origin, so a page must not be
/// able to find it. On Linux all of 127.0.0.0/8 is loopback. A page cannot search all addresses and ports in it.
fn hidden() -> Result<TcpListener, String> {
    let [a, b, c, ..] = Uuid::new_v4().into_bytes();
    TcpListener::bind((Ipv4Addr::new(127, a, b, c.clamp(1, 254)), 0)).map_err(|error| error.to_string())
}

/// Ports that browsers refuse to connect to. Outside of Linux there is only one loopback address.
/// <https://fetch.spec.whatwg.org/#port-blocking>
const BLOCKED: [u16; 18] =
    [1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080];

/// Binds the first free port of the list, starting at a random one.
fn blocked() -> Result<TcpListener, String> {
    let start = usize::from(Uuid::new_v4().into_bytes()[0]);
    let ports = BLOCKED.iter().cycle().skip(start % BLOCKED.len()).take(BLOCKED.len());
    ports
        .filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).ok())
        .next()
        .ok_or_else(|| format!("all ports of {BLOCKED:?} are in use, and web pages can reach all other ports"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_engine_listens_no_page_finds_it() {
        let address = hidden().unwrap().local_addr().unwrap();
        assert!(!cfg!(target_os = "linux") || address.ip() != Ipv4Addr::LOCALHOST);
        let (first, second) = (blocked().unwrap(), blocked().unwrap());
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        assert!(BLOCKED.contains(&port(&first)) && BLOCKED.contains(&port(&second)));
        assert_ne!(port(&first), port(&second));
    }
}
