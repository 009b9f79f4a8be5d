//! The tools that a project declares, by the text of its sources.

use std::path::{Path, PathBuf};

const DECLARATION: &str = "Tool::new(";

/// A declared tool.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) file: PathBuf,
}

/// Every `Tool::new("NAME"` below a folder, outside of comments.
pub(super) fn tools(folder: &Path) -> Vec<Declared> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(tools(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            found.extend(names(&text).into_iter().map(|name| Declared { name, file: path.clone() }));
        }
    }
    found
}

fn names(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let declarations = code.split(DECLARATION).skip(1);
    declarations
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split_once('"'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_found_in_the_sources() {
        let text =
            "// Tool::new(\"no\", no)\n.tool(Tool::new(\"get_item\", get_item::get_item))\nTool::new(\n    \"b\",";
        assert_eq!(names(text), ["get_item", "b"]);
        assert!(names("Tool::new(NAME, f)").is_empty());
    }
}
