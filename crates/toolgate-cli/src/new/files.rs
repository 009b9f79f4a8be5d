//! The files of a new project, rendered from templates.

use std::collections::BTreeMap;

use minijinja::Value;
use toolgate::Catalog;

use crate::{failure::Failure, scaffold::Renderer, schemas};

/// A file by its path in the project and its template. Both are rendered; a path that renders to nothing is left out.
type Template = (&'static str, &'static str);

macro_rules! template {
    ($path:literal, $file:literal) => {
        ($path, include_str!(concat!("templates/", $file, ".jinja")))
    };
}

/// A fixture event of the group, where the project has this target.
macro_rules! event {
    ($target:literal, $name:literal) => {
        (
            concat!("<% if ", $target, " %>events/<< group >>/", $name, "<% endif %>"),
            include_str!(concat!("templates/events/", $name, ".jinja")),
        )
    };
}

const FILES: &[Template] = &[
    template!(".github/workflows/ci.yml", "workflows/ci.yml"),
    template!(".gitignore", "gitignore"),
    template!("AGENTS.md", "AGENTS.md"),
    template!("Cargo.toml", "Cargo.toml"),
    template!("README.md", "README.md"),
    event!("classic", "get_item-function.json"),
    event!("classic", "get_item-function.reply.json"),
    event!("agentcore", "get_item-gateway.context.json"),
    event!("agentcore", "get_item-gateway.json"),
    event!("agentcore", "get_item-gateway.reply.json"),
    event!("classic", "reserve_item-function.json"),
    event!("classic", "reserve_item-function.reply.json"),
    event!("agentcore", "reserve_item-gateway.context.json"),
    event!("agentcore", "reserve_item-gateway.json"),
    event!("agentcore", "reserve_item-gateway.reply.json"),
    template!("samconfig.toml", "samconfig.toml"),
    template!("scenarios/<< group >>.yaml", "scenarios/project.yaml"),
    template!("src/app.rs", "src/app.rs"),
    template!("src/bin/<< group >>.rs", "src/bin/group.rs"),
    template!("src/bin/seed.rs", "src/bin/seed.rs"),
    template!("src/lib.rs", "src/lib.rs"),
    template!("src/seed.rs", "src/seed.rs"),
    template!("src/<< module >>/get_item.rs", "src/group/get_item.rs"),
    template!("src/<< module >>/mod.rs", "src/group/mod.rs"),
    template!("src/<< module >>/reserve_item.rs", "src/group/reserve_item.rs"),
    template!("template.yaml", "template.yaml"),
    template!("tests/<< module >>.rs", "tests/group.rs"),
];

/// What the function of a new project prints for `describe`, so that its schemas are there before its first build.
const CATALOG: &str = include_str!("templates/catalog.json.jinja");

/// The files with their texts, by path.
///
/// # Errors
/// A template refers to a value that is not there.
pub(super) fn render(values: Value) -> Result<BTreeMap<String, String>, Failure> {
    let renderer = Renderer::new(values)?;
    let mut files = BTreeMap::new();
    for (path, template) in FILES {
        let path = renderer.render(path)?;
        if !path.is_empty() {
            files.insert(path, renderer.render(template)?);
        }
    }
    let catalog = renderer.render(CATALOG)?;
    let catalog: Catalog = serde_json::from_str(&catalog)?;
    for (name, text) in schemas::files_of(&catalog) {
        files.insert(format!("schemas/{}/{name}", catalog.group), text);
    }
    Ok(files)
}
