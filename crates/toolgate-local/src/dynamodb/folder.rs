//! The data folder. It is private to its owner and writable, and it is not wiped while a server uses it.
//!
//! Servers that use the same folder share its lock, because SQLite supports several writers. A server that resets the
//! folder needs an exclusive lock.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use super::DatabaseError;

/// The database file in the folder.
const FILE: &str = "dynamodb.sqlite";
const LOCK: &str = "lock";
const PROBE: &str = "write-test";
/// Suffixes of the files that SQLite creates beside the database.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];
/// Minimum free space for a start, in bytes.
const PROBE_BYTES: usize = 1024 * 1024;

/// A data folder in use. Dropping it releases the lock.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: File,
}

impl Folder {
    /// Locks the folder and returns the path of its database. With `reset`, deletes the database first.
    pub(super) fn open(folder: &Path, reset: bool) -> Result<(Self, PathBuf), DatabaseError> {
        let failed = |reason: String| DatabaseError::Directory { path: folder.to_owned(), reason };
        make(folder).map_err(|error| failed(error.to_string()))?;
        let lock = private_file(&folder.join(LOCK), true).map_err(|error| failed(error.to_string()))?;
        let take = |take: fn(&File) -> Result<(), TryLockError>| match patiently(|| take(&lock)) {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(DatabaseError::InUse { path: folder.to_owned() }),
            Err(TryLockError::Error(error)) => Err(failed(error.to_string())),
        };
        if reset {
            take(File::try_lock)?;
            for suffix in SUFFIXES {
                match std::fs::remove_file(folder.join(format!("{FILE}{suffix}"))) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error.to_string())),
                    _ => {}
                }
            }
        }
        probe(folder).map_err(|error| failed(format!("it cannot be written to ({error})")))?;
        let database = folder.join(FILE);
        for suffix in SUFFIXES {
            let file = folder.join(format!("{FILE}{suffix}"));
            // SQLite gives its other files the database's permissions. It removes them when a server ends.
            match private_file(&file, suffix.is_empty()) {
                Err(error) if suffix.is_empty() || error.kind() != ErrorKind::NotFound => {
                    return Err(failed(format!("`{}` cannot be written to ({error})", file.display())));
                }
                _ => {}
            }
        }
        if reset {
            // After the unlock another server may lock the folder. One that resets it gets `InUse` here; one that
            // shares it does not block.
            lock.unlock().map_err(|error| failed(error.to_string()))?;
        }
        take(File::try_lock_shared)?;
        Ok((Self { path: folder.to_owned(), lock }, database))
    }

    /// Runs work while no other server uses the folder.
    ///
    /// # Errors
    /// [`DatabaseError::InUse`].
    pub(super) fn alone<T>(&self, work: impl FnOnce() -> T) -> Result<T, DatabaseError> {
        let failed =
            |error: std::io::Error| DatabaseError::Directory { path: self.path.clone(), reason: error.to_string() };
        let take = |take: fn(&File) -> Result<(), TryLockError>| match patiently(|| take(&self.lock)) {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(DatabaseError::InUse { path: self.path.clone() }),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        };
        // A lock that is held cannot be changed on every system.
        self.lock.unlock().map_err(failed)?;
        let done = take(File::try_lock).map(|()| work());
        if done.is_ok() {
            self.lock.unlock().map_err(failed)?;
        }
        take(File::try_lock_shared)?;
        done
    }
}

/// Retries for about one second, because a server that is ending still holds the lock for a moment.
fn patiently(mut take: impl FnMut() -> Result<(), TryLockError>) -> Result<(), TryLockError> {
    for _ in 0..20 {
        match take() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
            done => return done,
        }
    }
    take()
}

/// Creates the folder with access for its owner only. An existing folder gets the same permissions only if it holds
/// nothing but our own files. The permissions of a folder with other files stay unchanged.
fn make(folder: &Path) -> std::io::Result<()> {
    let there = folder.is_dir();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let ours = |name: &str| {
        name == LOCK || name == PROBE || name.strip_prefix(FILE).is_some_and(|end| SUFFIXES.contains(&end))
    };
    if there && std::fs::read_dir(folder)?.flatten().all(|entry| entry.file_name().to_str().is_some_and(ours)) {
        close(folder, 0o700)?;
    }
    Ok(())
}

/// Opens a file for writing, creates it if `create` is set, and makes it private to its owner.
fn private_file(path: &Path, create: bool) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(create).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // Uses the open file, because its name may have been removed in the meantime.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

#[cfg(unix)]
fn close(path: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn close(_path: &Path, _mode: u32) -> std::io::Result<()> {
    Ok(())
}

/// Detects a read-only or full disk at start, and not at the first write of a tool.
fn probe(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(PROBE);
    let written = private_file(&path, true).and_then(|mut file| {
        file.write_all(&vec![0; PROBE_BYTES])?;
        file.sync_data()
    });
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_in_use_is_not_wiped_and_plain_servers_share_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let (first, database) = Folder::open(&path, true).unwrap();
        std::fs::write(&database, "kept").unwrap();
        let second = Folder::open(&path, false).unwrap().0;
        let error = Folder::open(&path, true).unwrap_err().to_string();
        assert!(error.contains("in use") && error.contains("--reset"), "{error}");
        assert_eq!(std::fs::read_to_string(&database).unwrap(), "kept");
        drop(first);
        assert!(Folder::open(&path, true).is_err(), "the second is still there");
        drop(second);
        let _alone = Folder::open(&path, true).unwrap();
        assert_eq!(std::fs::read_to_string(&database).unwrap(), "", "wiped");
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_and_its_files_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/data");
        let (_folder, database) = Folder::open(&path, false).unwrap();
        assert_eq!((mode(&path), mode(&database), mode(&path.join(LOCK))), (0o700, 0o600, 0o600));
        // Permissions that an earlier version set.
        let old = folder.path().join("old");
        std::fs::create_dir(&old).unwrap();
        std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(old.join(FILE), "").unwrap();
        let (_folder, database) = Folder::open(&old, false).unwrap();
        assert_eq!((mode(&old), mode(&database)), (0o700, 0o600));
        // A folder that also holds the user's own files.
        let own = folder.path().join("own");
        std::fs::create_dir(&own).unwrap();
        std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(own.join("notes.txt"), "").unwrap();
        let (_folder, database) = Folder::open(&own, false).unwrap();
        assert_eq!((mode(&own), mode(&database)), (0o755, 0o600));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_or_read_only_folder_is_reported_at_the_start() {
        let full = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/full", full.path().join(PROBE)).unwrap();
        let probed = super::probe(full.path()).unwrap_err();
        assert_eq!(probed.kind(), ErrorKind::StorageFull);
        let error = Folder::open(Path::new("/proc/self/data"), false).unwrap_err().to_string();
        assert!(error.contains("cannot keep tables in `/proc/self/data`") && error.contains("--data"), "{error}");
    }
}
