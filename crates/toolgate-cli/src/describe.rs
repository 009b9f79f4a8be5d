//! The catalogs of built handlers, as the framework's type.

use std::path::Path;

use toolgate::Catalog;
use toolgate_template::DescribeError;

/// The catalog of a built handler; `binary` is its name in the template.
pub(crate) fn describe(program: &Path, binary: &str) -> Result<Catalog, DescribeError> {
    let catalog = toolgate_template::describe(program, binary)?;
    serde_json::from_value(catalog).map_err(|error| DescribeError::no_catalog(program, error.to_string()))
}
