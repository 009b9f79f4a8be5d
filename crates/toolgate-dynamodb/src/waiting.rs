//! Limits how many calls may wait for a person at once: each scope has a fixed number of slots. The scope is an
//! identity, or else a session, or else the function.
//!
//! A slot is an item `waiting#<scope>#<number>` of the approvals table, `{id, call, approval, expiresAt}`. The
//! transaction that parks a call also takes a slot, so that concurrent calls cannot exceed the limit. A slot is free
//! again when its call has expired or has been decided. The next call that needs a slot detects this.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{Put, TransactWriteItem},
};
use rand::seq::IndexedRandom;
use toolgate::{ApprovalRequest, ToolError};

use crate::{
    batch,
    item::{Item, Read, number, text},
    keys::{CALL, DECISION},
    table::DynamoLedger,
};

/// The key prefix of a slot.
const WAITING: &str = "waiting#";

/// Maximum number of waiting calls per scope. The tables in `docs/gates.md` contain the same number.
const SLOTS: usize = 20;

/// A slot for one waiting call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    id: String,
    /// A decided approval that still occupies the slot.
    over: Option<String>,
}

impl Slot {
    /// The slot that a call tries first, chosen by the call's key without a read.
    pub(crate) fn first(request: &ApprovalRequest) -> Self {
        let sum = request.key.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        Self { id: id(request, sum % SLOTS), over: None }
    }

    /// The write that takes the slot. It fails where the slot is not free.
    pub(crate) fn taken_by(
        &self,
        ledger: &DynamoLedger,
        table: &str,
        request: &ApprovalRequest,
        approval: &str,
    ) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder()
            .table_name(table)
            .item("id", text(&self.id))
            .item("call", text(&request.key))
            .item("approval", text(approval))
            .item("expiresAt", number(ledger.clock.end_of(request.ttl)));
        let put = match &self.over {
            None => put
                .condition_expression("attribute_not_exists(id) OR expiresAt < :now")
                .expression_attribute_values(":now", number(ledger.clock.now())),
            Some(decided) => {
                put.condition_expression("approval = :decided").expression_attribute_values(":decided", text(decided))
            }
        };
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }
}

/// Finds a free slot.
///
/// # Errors
/// `refused`, where no slot is free. The table's own failure.
pub(crate) async fn free(ledger: &DynamoLedger, table: &str, request: &ApprovalRequest) -> Result<Slot, ToolError> {
    let remaining = || -> Option<Duration> { request.remaining };
    let ids: Vec<String> = (0..SLOTS).map(|number| id(request, number)).collect();
    let slots = batch::get(ledger, table, &ids, &[], remaining).await?;
    let free: Vec<&String> = ids.iter().filter(|id| slots.get(id).is_none()).collect();
    if let Some(id) = free.choose(&mut rand::rng()) {
        return Ok(Slot { id: (*id).clone(), over: None });
    }
    let taken: Vec<&Item> = ids.iter().filter_map(|id| slots.get(id)).collect();
    let parts = |slot: &&Item| [CALL, DECISION].map(|part| format!("{part}{}", slot.text("call").unwrap_or_default()));
    let asked: Vec<String> = taken.iter().flat_map(parts).collect();
    let known = batch::get(ledger, table, &asked, &["id", "approval", "expiresAt"], remaining).await?;
    let is_over = |slot: &&&Item| {
        let approval = slot.text("approval");
        let [call, decision] = parts(slot).map(|id| known.get(&id).and_then(|item| item.text("approval")));
        call != approval || decision == approval
    };
    let over: Vec<&&Item> = taken.iter().filter(is_over).collect();
    let slot = over
        .choose(&mut rand::rng())
        .and_then(|slot| Some(Slot { id: slot.text("id")?.to_owned(), over: Some(slot.text("approval")?.to_owned()) }));
    slot.ok_or_else(full)
}

fn full() -> ToolError {
    ToolError::refused(format!(
        "{SLOTS} calls wait for a person already, which is the limit; repeat this call when some have been decided"
    ))
}

fn id(request: &ApprovalRequest, number: usize) -> String {
    format!("{WAITING}{}#{number}", request.waiting_scope())
}
