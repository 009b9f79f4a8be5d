//! Decides which request fails, and how: at random, from a seed.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{http::Answer, proxy::Fault};

/// The faults of one process, for each request.
pub(crate) struct Faults {
    rng: StdRng,
    rate: u32,
}

impl Faults {
    /// `rate` of a hundred requests fail.
    pub(crate) fn new(seed: u64, rate: u32) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), rate }
    }

    /// The fault for a request of this operation. Only a transaction can be cancelled or already in progress.
    pub(crate) fn next(&mut self, operation: &str) -> Option<(&'static str, Fault)> {
        let rng = &mut self.rng;
        if rng.random_range(0..100) >= self.rate {
            return None;
        }
        let wait = Duration::from_millis(rng.random_range(50..1_200));
        let inside = Answer::error(500, "InternalServerError");
        let kind = match rng.random_range(0..100) {
            39..57 if operation != "TransactWriteItems" => 24,
            kind => kind,
        };
        Some(match kind {
            0..10 => ("500 before", Fault::Answered(inside)),
            10..15 => ("503 before", Fault::Answered(Answer::error(503, "ServiceUnavailable"))),
            15..24 => ("500 after commit", Fault::AnsweredAfter(inside)),
            24..32 => ("throttled", Fault::Answered(Answer::error(400, "ThrottlingException"))),
            32..39 => ("throughput", Fault::Answered(Answer::error(400, "ProvisionedThroughputExceededException"))),
            39..43 => ("in progress", Fault::Answered(Answer::error(400, "TransactionInProgressException"))),
            43..53 => ("conflict", Fault::Answered(canceled(rng, "TransactionConflict"))),
            53..57 => ("item throttled", Fault::Answered(canceled(rng, "ThrottlingError"))),
            57..64 => ("cut before", Fault::CutBefore),
            64..76 => ("cut after commit", Fault::CutAfter),
            76..82 => ("held back", Fault::Held(wait)),
            82..88 => ("answered late", Fault::Late(wait)),
            88..93 => ("kill before", Fault::KilledBefore),
            _ => ("kill after commit", Fault::KilledAfter),
        })
    }
}

/// A cancellation because of one of the items. One of them is the ledger's record.
fn canceled(rng: &mut StdRng, code: &'static str) -> Answer {
    let codes = match rng.random_range(0..4) {
        0 => vec!["None", code],
        1 => vec![code, "None"],
        2 => vec!["None", "None", code],
        _ => vec![code, code],
    };
    Answer::canceled(&codes)
}
