//! `toolgate schemas`: writes the schemas that register the tools, from the handlers' catalogs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde_json::Value;
use toolgate::{Catalog, schema};
use toolgate_template::{Binaries, read_without_agents};

use crate::{describe::describe, failure::Failure, project, terminal};

const EXAMPLES: &str = "\
Examples:
  toolgate schemas
  toolgate schemas --check
  toolgate schemas --template infra/template.yaml --out infra/schemas";

/// Write `schemas/GROUP/{openapi,functions,gateway,action-group}.json` from the tools' own types.
///
/// This runs `<handler> describe` of every handler in the template; build them first.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Write nothing; fail if a file differs from what would be written
    #[arg(long)]
    check: bool,
    /// The SAM template that names the handlers
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    template: PathBuf,
    /// The folder to write to
    #[arg(long, value_name = "DIR", default_value = "schemas")]
    out: PathBuf,
}

/// Why no schemas were written, or which files differ.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchemasError {
    #[error("cannot write `{path}`: {source}")]
    Write { path: String, source: std::io::Error },
    #[error("these schemas differ from the tools; run `toolgate schemas` and commit the result:\n  {}", .0.join("\n  "))]
    Drift(Vec<String>),
}

/// Writes the schemas, or with `--check` compares them.
///
/// # Errors
/// A handler is not built, a file cannot be written, or with `--check` a file differs.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    project::require_template(&args.template)?;
    if args.check {
        let drift = differing(&args.template, &args.out)?;
        return match drift.is_empty() {
            true => Ok(ExitCode::SUCCESS),
            false => Err(SchemasError::Drift(drift).into()),
        };
    }
    write(&args.template, &args.out)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the schemas of a template's handlers, and removes those of groups that no longer exist.
///
/// # Errors
/// A handler is not built, or a file cannot be written.
pub(crate) fn write(template: &Path, out: &Path) -> Result<(), Failure> {
    let wanted = wanted(template, out)?;
    let stale = stale(out, &wanted);
    let mut written = 0;
    for (path, text) in &wanted {
        if std::fs::read_to_string(path).ok().as_ref() == Some(text) {
            continue;
        }
        let failed = |source| SchemasError::Write { path: shown(path), source };
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
        std::fs::write(path, text).map_err(failed)?;
        terminal::out(&format!("wrote {}", shown(path)))?;
        written += 1;
    }
    for path in stale {
        std::fs::remove_file(&path).map_err(|source| SchemasError::Write { path: shown(&path), source })?;
        terminal::out(&format!("removed {}", shown(&path)))?;
    }
    let total = wanted.len();
    terminal::out(&match total - written {
        kept if written == 0 => format!(
            "{} up to date",
            match kept {
                1 => "1 schema is".to_owned(),
                kept => format!("{kept} schemas are"),
            }
        ),
        0 => format!("wrote {}", counted(written)),
        _ => format!("wrote {written} of {}; the others are up to date", counted(total)),
    })?;
    Ok(())
}

/// Writes the schemas if one differs from the tools.
///
/// # Errors
/// As for [`write()`].
pub(crate) fn write_changed(template: &Path, out: &Path) -> Result<(), Failure> {
    match differing(template, out)?.is_empty() {
        true => Ok(()),
        false => write(template, out),
    }
}

/// The files that differ from the tools.
///
/// # Errors
/// A handler is not built.
pub(crate) fn differing(template: &Path, out: &Path) -> Result<Vec<String>, Failure> {
    let wanted = wanted(template, out)?;
    let differs = |(path, text): &(&PathBuf, &String)| std::fs::read_to_string(path).ok().as_ref() != Some(*text);
    let mut files: Vec<String> = wanted.iter().filter(differs).map(|(path, _)| shown(path)).collect();
    files.extend(stale(out, &wanted).iter().map(|path| format!("{} (no handler has it)", shown(path))));
    Ok(files)
}

/// Every file with its text.
fn wanted(template: &Path, out: &Path) -> Result<BTreeMap<PathBuf, String>, Failure> {
    let folder = template.parent().unwrap_or(Path::new("."));
    let template = read_without_agents(template, &BTreeMap::new())?;
    let names: BTreeSet<&str> = template.functions.iter().map(|function| function.binary.as_str()).collect();
    let programs = Binaries::around(folder).find_all(names.iter().copied())?;
    let mut files = BTreeMap::new();
    for (name, program) in names.into_iter().zip(programs) {
        let catalog = describe(&program, name)?;
        let group = out.join(&catalog.group);
        files.extend(files_of(&catalog).map(|(name, text)| (group.join(name), text)));
    }
    Ok(files)
}

/// The files of a group, with their texts.
pub(crate) fn files_of(catalog: &Catalog) -> [(&'static str, String); 4] {
    let text = |schema: Value| format!("{schema:#}\n");
    [
        ("openapi.json", text(schema::openapi(catalog))),
        ("functions.json", text(schema::functions(catalog))),
        ("gateway.json", text(schema::gateway(catalog))),
        ("action-group.json", text(schema::action_group(catalog))),
    ]
}

/// Generated files of groups that no longer exist.
fn stale(out: &Path, wanted: &BTreeMap<PathBuf, String>) -> Vec<PathBuf> {
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let generated = ["openapi.json", "functions.json", "gateway.json", "action-group.json"];
    let mut stale: Vec<PathBuf> = entries(out)
        .flat_map(|group| entries(&group).collect::<Vec<_>>())
        .filter(|path| path.file_name().is_some_and(|name| generated.iter().any(|file| name == *file)))
        .filter(|path| !wanted.contains_key(path))
        .collect();
    stale.sort();
    stale
}

fn counted(schemas: usize) -> String {
    format!("{schemas} {}", if schemas == 1 { "schema" } else { "schemas" })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
