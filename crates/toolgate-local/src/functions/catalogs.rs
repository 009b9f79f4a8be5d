//! Asking a handler what it offers: every handler binary prints its catalog when run with `describe`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;

use super::{Environment, WrongGroup, check_group, exit_reason};
use crate::template::FunctionSpec;

/// It needs neither network nor state, so more than this is a mistake in the handler.
const DESCRIBE_TIMEOUT: Duration = Duration::from_secs(10);

/// A handler does not say what it offers.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// It gives no catalog.
    #[error("`{} describe` gives no catalog: {reason}; is its `main` a call of `toolgate::run`?", program.display())]
    None {
        /// The program that was asked.
        program: PathBuf,
        /// Why.
        reason: String,
    },
    /// It gives another function's catalog.
    #[error(transparent)]
    Wrong(#[from] WrongGroup),
}

pub(super) async fn describe(
    spec: &FunctionSpec,
    program: &Path,
    environment: &Environment,
) -> Result<Value, CatalogError> {
    let failed = |reason: String| CatalogError::None { program: program.to_owned(), reason };
    let output = environment.command(program, &spec.environment).arg("describe").output();
    let output = tokio::time::timeout(DESCRIBE_TIMEOUT, output)
        .await
        .map_err(|_| failed(format!("it took longer than {} s", DESCRIBE_TIMEOUT.as_secs())))?
        .map_err(|error| failed(format!("it cannot be run: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        let separator = if said.is_empty() { "" } else { ": " };
        return Err(failed(format!("{}{separator}{said}", exit_reason(Some(output.status)))));
    }
    let catalog: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| failed(format!("what it prints is no JSON ({error})")))?;
    if catalog.get("tools").and_then(Value::as_array).is_none() {
        return Err(failed("what it prints has no list of `tools`".to_owned()));
    }
    let group = catalog.get("group").and_then(Value::as_str).unwrap_or_default();
    check_group(program, &spec.binary, group)?;
    Ok(catalog)
}
