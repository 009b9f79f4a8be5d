//! The folder with Toolgate's crates, as long as they are not on a registry.

use std::path::Path;

use serde::Serialize;

use crate::failure::Failure;

/// Where the crates are, as quoted texts for a `Cargo.toml`.
#[derive(Debug, Serialize)]
pub(super) struct Crates {
    toolgate: String,
    dynamodb: String,
}

/// Finds the crates in a folder: unpacked packages (`toolgate-0.1.0`), or the folders of a checkout (`toolgate`).
///
/// # Errors
/// No folder is named, unless nothing will be written, or a crate is not in it.
pub(super) fn find(folder: Option<&Path>, dry_run: bool) -> Result<Option<Crates>, Failure> {
    let Some(folder) = folder else {
        return match dry_run {
            true => Ok(None),
            false => Err("the crates of Toolgate are not on a registry yet: name the folder that has them with \
                          --crates FOLDER (`make packages` in a checkout of Toolgate makes target/packages)"
                .into()),
        };
    };
    Ok(Some(Crates { toolgate: one(folder, "toolgate")?, dynamodb: one(folder, "toolgate-dynamodb")? }))
}

fn one(folder: &Path, name: &str) -> Result<String, Failure> {
    let packaged = format!("{name}-{}", env!("CARGO_PKG_VERSION"));
    let found = [packaged.as_str(), name]
        .map(|name| folder.join(name))
        .into_iter()
        .find(|folder| folder.join("Cargo.toml").is_file());
    let found = found.ok_or_else(|| {
        format!("`{}` has no crate `{packaged}`: `make packages` in a checkout of Toolgate makes it", folder.display())
    })?;
    let path = std::fs::canonicalize(found)?;
    // a JSON text is a TOML text too
    Ok(serde_json::to_string(&path.display().to_string())?)
}
