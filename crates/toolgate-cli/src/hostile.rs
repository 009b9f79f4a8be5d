//! The flags of hostile mode, which `dev` and `play` share.

/// Hostile mode and its seed.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct HostileArgs {
    /// Call the functions as Bedrock may: with values in odd spellings, late, twice, or on a cold instance
    #[arg(long)]
    hostile: bool,
    /// The seed of `--hostile`: the same seed repeats the same faults (the default is random)
    #[arg(long, value_name = "N", requires = "hostile")]
    seed: Option<u64>,
}

impl HostileArgs {
    /// The seed, if hostile mode is on.
    pub(crate) fn seed(&self) -> Option<u64> {
        // short enough to type
        let new = || uuid::Uuid::new_v4().as_u64_pair().0 % 1_000_000;
        self.hostile.then(|| self.seed.unwrap_or_else(new))
    }
}
