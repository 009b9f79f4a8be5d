//! The people who decide on parked calls: two of them, independent of each other, each with an unreliable connection.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use support_desk::tables::Tables;
use toolgate_dynamodb::{Approvals, ApprovalsError, Decision, PendingApproval};

use crate::{kit, proxy::Proxy};

/// One person.
pub(crate) struct Approver {
    name: &'static str,
    pub(crate) proxy: Proxy,
}

/// A valid decision, as the approver received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) approval: String,
    pub(crate) approved: bool,
    pub(crate) by: String,
}

impl Approver {
    pub(crate) async fn of(name: &'static str) -> Self {
        Self { name, proxy: Proxy::start().await }
    }

    /// Lists the waiting calls and approves `rate` of a hundred, until `stop` is set. Returns the approver's valid
    /// decisions, and the responses of the table that must never occur.
    pub(crate) async fn work(&self, seed: u64, rate: u32, stop: &AtomicBool) -> (Vec<Heard>, Vec<String>) {
        let mut rng = StdRng::seed_from_u64(seed);
        let approvals = Approvals::new(kit::client_at(self.proxy.address), Tables::named_as_in_template().approvals);
        let (mut heard, mut wrong) = (Vec::new(), Vec::new());
        while !stop.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(rng.random_range(1..25))).await;
            let pending = match approvals.list().await {
                Ok(list) => {
                    wrong.extend(list.unreadable.iter().map(|call| format!("a parked call is unreadable: {call:?}")));
                    list.pending
                }
                Err(ApprovalsError::Store(_)) => continue,
                Err(error) => {
                    wrong.push(format!("{}: {error}", self.name));
                    continue;
                }
            };
            for call in pending {
                // some calls wait longer
                if rng.random_range(0..3) > 0 {
                    match self.decide(&approvals, &call, rng.random_range(0..100) < rate).await {
                        Ok(own) => heard.extend(own),
                        Err(error) => wrong.push(format!("{} decided about {}: {error}", self.name, call.id)),
                    }
                }
            }
        }
        (heard, wrong)
    }

    /// Decides, and checks the result where no response arrives. Returns nothing where the other approver was first.
    async fn decide(
        &self,
        approvals: &Approvals,
        call: &PendingApproval,
        approved: bool,
    ) -> Result<Option<Heard>, ApprovalsError> {
        let decision = if approved { Decision::Approve } else { Decision::Deny };
        let mut answer = approvals.decide(call, decision, self.name).await;
        loop {
            answer = match answer {
                Ok(()) => return Ok(Some(self.heard(call, approved))),
                Err(ApprovalsError::Decided { by, decision, .. }) => {
                    return Ok((by == self.name).then(|| self.heard(call, decision == "approved")));
                }
                Err(ApprovalsError::Store(_)) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    match approvals.find(&call.id).await {
                        // the decision has not been stored, or not yet
                        Ok(call) => approvals.decide(&call, decision, self.name).await,
                        Err(error) => Err(error),
                    }
                }
                Err(error) => return Err(error),
            };
        }
    }

    fn heard(&self, call: &PendingApproval, approved: bool) -> Heard {
        Heard { approval: call.id.clone(), approved, by: self.name.to_owned() }
    }
}
