//! The cargo package of a project.

use std::{collections::BTreeSet, path::Path};

use toolgate_template::Workspace;

use crate::failure::Failure;

/// The package of the current folder.
#[derive(Debug)]
pub(super) struct Package {
    /// The name of its library in code.
    pub(super) library: String,
    /// Its programs.
    pub(super) programs: BTreeSet<String>,
    dependencies: BTreeSet<String>,
}

impl Package {
    /// Reads the package of the current folder.
    ///
    /// # Errors
    /// Cargo cannot read it, or it has no library.
    pub(super) fn here() -> Result<Self, Failure> {
        let workspace = Workspace::read(Workspace::command(Path::new(".")).output())?;
        let manifest = std::fs::canonicalize("Cargo.toml")?;
        let is_here = |package: &&toolgate_template::Package| {
            std::fs::canonicalize(&package.manifest).is_ok_and(|path| path == manifest)
        };
        let package = workspace.packages.iter().find(is_here);
        let package = package.ok_or("`Cargo.toml` has no package: run this in the folder of a project's package")?;
        let library = package.library().ok_or("the package has no library, `src/lib.rs`")?;
        Ok(Self {
            library: library.replace('-', "_"),
            programs: package.programs(),
            dependencies: package.dependencies(),
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
