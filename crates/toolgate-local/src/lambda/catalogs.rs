//! The catalogs of the functions. Each binary is described in the environment of its function.

use std::path::Path;

use serde_json::Value;

use super::Environment;
use toolgate_template::{DESCRIBE_TIMEOUT, DescribeError, FunctionSpec, catalog};

pub(super) async fn describe(
    spec: &FunctionSpec,
    program: &Path,
    environment: &Environment,
) -> Result<Value, DescribeError> {
    let output = environment.command(program, &spec.environment).arg("describe").output();
    let output = tokio::time::timeout(DESCRIBE_TIMEOUT, output)
        .await
        .map_err(|_| DescribeError::timed_out(program))?
        .map_err(|error| DescribeError::no_catalog(program, format!("it cannot be run: {error}")))?;
    catalog(program, &spec.binary, &output)
}
