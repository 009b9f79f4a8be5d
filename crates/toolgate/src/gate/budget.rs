//! Gates 6 and 7, replay and budget, in one request. A finished `.once(..)` call gets its first reply and is not
//! charged. Every other call is charged to its session's budget.
//!
//! Without a budget, this gate makes no request. The commit itself, or the approval, finds the record.

use crate::{
    budget::{Budget, BudgetCharge},
    cx::Cx,
    error::ToolError,
    ledger::LedgerOf,
};

pub(crate) async fn enter<S>(ledger: &LedgerOf<S>, cx: &Cx<S>, budget: Option<Budget>) -> Result<(), ToolError> {
    let Some(budget) = budget else { return Ok(()) };
    cx.caller().refuse_blank()?;
    let id = BudgetCharge::id_of(cx.session_id(), cx.caller().all()).ok_or_else(|| {
        ToolError::refused(
            "calls are counted per session or identity; a call without a session or an identity is refused",
        )
    })?;
    let charge = BudgetCharge::new(id, budget, cx.remaining());
    ledger.of(cx.state())?.charge(&charge, cx.once_key()).await
}
