//! The parts of the project in the current folder.

use std::path::Path;

use toolgate_local::models::script::Scenario;
use toolgate_template::{Binaries, read_without_agents};

use super::Finding;
use crate::{check, project, schemas};

pub(super) fn findings(template: &Path) -> Vec<Finding> {
    if let Err(error) = project::require_template(template) {
        return vec![Finding::note("template", error.to_string(), "toolgate new NAME starts a project")];
    }
    let read = match read_without_agents(template, &Default::default()) {
        Ok(read) => read,
        Err(error) => return vec![Finding::wrong("template", error.to_string(), "correct the template")],
    };
    let shown = format!("{}: {} functions, {} tables", template.display(), read.functions.len(), read.tables.len());
    let mut findings = vec![Finding::ok("template", shown)];
    let folder = template.parent().unwrap_or(Path::new("."));
    findings.extend(crates(folder));
    let names = read.functions.iter().map(|function| function.binary.as_str());
    let names = names.chain(read.seed.iter().map(|seed| seed.binary.as_str()));
    // The rest runs the programs.
    if let Err(missing) = Binaries::around(folder).find_all(names) {
        findings.push(Finding::wrong("programs", missing.to_string(), "cargo build"));
        return findings;
    }
    findings.push(Finding::ok("programs", "built; `toolgate dev` builds them again after a change"));
    findings.push(schemas(template));
    findings.push(rules(template));
    findings.push(match project::only_scenario(template) {
        Ok(file) => match Scenario::read(&file) {
            Ok(_) => Finding::ok("scenario", file.display().to_string()),
            Err(error) => Finding::wrong("scenario", error.to_string(), "correct the scenario"),
        },
        Err(error) => Finding::note("scenario", error.to_string(), "docs/guide/scenarios.md; or choose a --model"),
    });
    findings
}

/// Whether the project uses the crates of this version.
fn crates(folder: &Path) -> Option<Finding> {
    let lock =
        folder.ancestors().map(|folder| folder.join("Cargo.lock")).find_map(|file| std::fs::read_to_string(file).ok());
    let used = lock.as_deref().and_then(locked)?;
    let own = env!("CARGO_PKG_VERSION");
    Some(match used == own {
        true => Finding::ok("crates", format!("toolgate {used}")),
        false => Finding::wrong(
            "crates",
            format!("the project uses toolgate {used}, and this command is {own}"),
            format!("install the command of version {used}, or set toolgate = \"{own}\" in Cargo.toml"),
        ),
    })
}

/// The version of toolgate in a lock file.
fn locked(lock: &str) -> Option<&str> {
    let (_, rest) = lock.split_once("name = \"toolgate\"\nversion = \"")?;
    rest.split('"').next()
}

fn schemas(template: &Path) -> Finding {
    let folder = template.parent().unwrap_or(Path::new(".")).join("schemas");
    match schemas::differing(template, &folder) {
        Ok(files) if files.is_empty() => Finding::ok("schemas", "as the tools are"),
        Ok(files) => {
            Finding::wrong("schemas", format!("{} differ from the tools", files.join(", ")), "toolgate schemas")
        }
        Err(error) => Finding::wrong("schemas", error.to_string(), "correct what it reports"),
    }
}

fn rules(template: &Path) -> Finding {
    let folder = template.parent().unwrap_or(Path::new(".")).join("schemas");
    match check::counts(template, &folder) {
        Ok((0, 0)) => Finding::ok("check", "nothing found"),
        Ok((0, warnings)) => Finding::note("check", format!("warnings: {warnings}"), "toolgate check"),
        Ok((errors, warnings)) => {
            Finding::wrong("check", format!("errors: {errors}, warnings: {warnings}"), "toolgate check")
        }
        Err(error) => Finding::wrong("check", error.to_string(), "correct what it reports"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_the_crates_is_that_of_the_lock_file() {
        let lock = "[[package]]\nname = \"toolgate-dynamodb\"\nversion = \"0.3.0\"\n\n[[package]]\nname = \"toolgate\"\nversion = \"0.2.0\"\n";
        assert_eq!(locked(lock), Some("0.2.0"));
        assert_eq!(locked(""), None);
    }
}
