//! The flags of hostile mode, which `dev` and `play` share.

/// Whether calls reach the functions the hostile way, and by which seed.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Hostile {
    /// Call the functions as Bedrock really does: values in odd spellings, calls late, twice, or to a cold instance
    #[arg(long)]
    hostile: bool,
    /// The seed of `--hostile`: the same one makes the same trouble (a new one each time unless set)
    #[arg(long, value_name = "N", requires = "hostile")]
    seed: Option<u64>,
}

impl Hostile {
    /// The seed, where hostile mode is wanted.
    pub(crate) fn seed(&self) -> Option<u64> {
        // short enough to be typed again
        let new = || uuid::Uuid::new_v4().as_u64_pair().0 % 1_000_000;
        self.hostile.then(|| self.seed.unwrap_or_else(new))
    }
}
