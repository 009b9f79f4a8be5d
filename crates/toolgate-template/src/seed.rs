//! `Metadata: Toolgate: Seed: {Binary, Environment}`: the program that fills new tables.

use crate::{evaluate::Evaluator, functions::variables, types::SeedSpec};

pub(crate) fn seed(evaluator: &Evaluator<'_>) -> Option<SeedSpec> {
    let seed = evaluator.source.at(&["Metadata", "Toolgate", "Seed"])?;
    let Some(binary) = evaluator.text_member(seed, "Binary") else {
        evaluator.problem(&seed.position, "name the seed program as `Binary`");
        return None;
    };
    Some(SeedSpec { binary, environment: variables(evaluator, seed.get("Environment")) })
}
