//! Fills the tables with the seed program: at the start, and when the tables are reset.

use std::path::PathBuf;

use toolgate_template::SeedSpec;

use crate::{
    dynamodb::Database,
    error::LocalError,
    lambda::{Environment, Log},
    progress, seed,
};

/// The seed program with what it needs.
#[derive(Debug)]
pub(crate) struct Seeding {
    pub(crate) seed: SeedSpec,
    pub(crate) program: PathBuf,
    pub(crate) environment: Environment,
    pub(crate) log: Log,
}

impl Seeding {
    /// Fills the tables. A fill that a crash interrupts starts again from the beginning.
    pub(crate) async fn fill(&self, database: &Database) -> Result<(), LocalError> {
        let filling = seed::run(&self.seed, &self.program, &self.environment, &self.log);
        database.confirm_writes(false)?;
        let filled = progress::slow(&self.log, "still filling the tables", filling).await;
        database.confirm_writes(true)?;
        Ok(filled?)
    }
}
