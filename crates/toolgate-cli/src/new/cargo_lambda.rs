//! A new project as a template for `cargo lambda new`, which fills in the name.
//!
//! <https://www.cargo-lambda.info/commands/new.html#custom-templates>

use std::collections::BTreeMap;

use crate::failure::Failure;

/// The name of the project, in Liquid.
pub(super) const NAME: &str = "{{ project_name }}";
/// The name of its library, in Liquid.
pub(super) const CRATE: &str = "{{ project_name | replace: '-', '_' }}";

/// Adds the file that describes the template. It lists the files that have the name in them, since others have braces of
/// their own.
///
/// # Errors
/// A file has both.
pub(super) fn describe(files: &mut BTreeMap<String, String>) -> Result<(), Failure> {
    let mut rendered = Vec::new();
    for (path, text) in &*files {
        if text.contains(NAME) || text.contains(CRATE) {
            let rest = text.replace(NAME, "").replace(CRATE, "");
            if rest.contains("{{") || rest.contains("{%") {
                return Err(format!("`{path}` has the name of the project and braces of its own").into());
            }
            rendered.push(path.as_str());
        }
    }
    let rendered = serde_json::to_string_pretty(&rendered)?;
    let description = format!("[template]\ndisable_default_prompts = true\nrender_files = {rendered}\n");
    files.insert("CargoLambda.toml".to_owned(), description);
    Ok(())
}
