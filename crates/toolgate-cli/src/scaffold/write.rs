//! Writes files that must not exist.

use std::{
    io::{ErrorKind, Write},
    path::Path,
};

use crate::failure::Failure;

/// Writes a file that must not exist, with its folders.
///
/// # Errors
/// The file exists, or cannot be written.
pub(crate) fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| -> Failure {
        match error.kind() {
            ErrorKind::AlreadyExists => format!("`{}` is already there", path.display()).into(),
            _ => format!("cannot write `{}`: {error}", path.display()).into(),
        }
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
