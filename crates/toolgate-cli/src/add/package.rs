//! The cargo package of a project.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{cargo::cargo, failure::Failure};

/// The package of the current folder.
#[derive(Debug)]
pub(super) struct Package {
    /// The name of its library in code.
    pub(super) library: String,
    /// Its programs.
    pub(super) programs: BTreeSet<String>,
    dependencies: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    manifest_path: PathBuf,
    targets: Vec<Target>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
}

impl Package {
    /// Reads the package of the current folder.
    ///
    /// # Errors
    /// Cargo cannot read it, or it has no library.
    pub(super) fn here() -> Result<Self, Failure> {
        let arguments = ["metadata", "--no-deps", "--format-version", "1", "--quiet"];
        let output = cargo(Path::new(".")).args(arguments).output();
        let output = output.map_err(|error| format!("cannot run `cargo`: {error}"))?;
        if !output.status.success() {
            let problem = String::from_utf8_lossy(&output.stderr);
            return Err(format!("cargo cannot read the project: {}", problem.trim()).into());
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
        let manifest = std::fs::canonicalize("Cargo.toml")?;
        let is_here = |listed: &Listed| std::fs::canonicalize(&listed.manifest_path).is_ok_and(|path| path == manifest);
        let package = metadata.packages.into_iter().find(is_here);
        let package = package.ok_or("`Cargo.toml` has no package: run this in the folder of a project's package")?;
        let of_kind = |kind: &str| {
            let targets = package.targets.iter().filter(move |target| target.kind.iter().any(|it| it == kind));
            targets.map(|target| target.name.clone()).collect::<BTreeSet<String>>()
        };
        let library = of_kind("lib").pop_first().ok_or("the package has no library, `src/lib.rs`")?;
        Ok(Self {
            library: library.replace('-', "_"),
            programs: of_kind("bin"),
            dependencies: package.dependencies.into_iter().map(|dependency| dependency.name).collect(),
        })
    }

    /// Checks that the package depends on all crates that new code refers to.
    ///
    /// # Errors
    /// Those that are missing.
    pub(super) fn require(&self, crates: &[&str]) -> Result<(), Failure> {
        let missing: Vec<&str> = crates.iter().copied().filter(|name| !self.dependencies.contains(*name)).collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(format!("the code of the tool needs these dependencies: {}", missing.join(", ")).into()),
        }
    }
}
