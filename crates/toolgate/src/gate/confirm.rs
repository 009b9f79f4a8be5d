//! Gate 8, confirm: a person has approved the call. Bedrock Agents asks the person before it calls the function, so
//! there the call passes. An MCP client asks it where the deployment trusts its clients. On the other wires the call is
//! parked as an approval. The input that runs later is the approved input.

use std::time::Duration;

use super::{
    elicit::{self, Way},
    key, once, rules,
};
use crate::{
    call_context::CallContext,
    digest::{Digest, digest},
    effect::UsedApproval,
    error::ToolError,
    ledger::{Approval, ApprovalRequest},
};

pub(crate) async fn enter<S>(call: &mut CallContext<S>) -> Result<(), ToolError> {
    let Some(within) = call.approval_ttl() else { return call.cx.shared().metadata.elicitation.refuse_state() };
    let (ledger, cx, request) = (call.ledger.clone(), call.cx.clone(), request(call, within)?);
    let Ok(ledger) = ledger.of(cx.state()) else { return Err(no_approver()) };
    let approval = match elicit::enter(call, ledger, &request).await? {
        Way::Agreed => return Ok(()),
        Way::Decided(approval) => approval,
        Way::Park => ledger.approval(&request, cx.once_key()).await?,
    };
    match approval {
        Approval::Waiting { id } => Err(ToolError::waiting_for_approval(format!(
            "a person has to approve this call first; it is parked as `{id}`; repeat the same call when they have"
        ))),
        Approval::Denied { id } => {
            // an effect that a yes has allowed before, on another wire or to a client, is not denied any more
            once::set_key_of(call, &UsedApproval::new(&request.key, &id))?;
            if let Some(key) = call.cx.once_key() {
                ledger.find(key).await?;
            }
            Err(ToolError::refused(format!("a person has denied this call (`{id}`)")))
        }
        Approval::Approved { id, input } => {
            // a call with a reworded reason is the same call, and the approved input runs
            call.prepared = Some(call.tool.erased.prepare(input.clone(), &call.tool.shape).map_err(|_| {
                ToolError::conflict("the tool has changed since this call was approved; request it again")
            })?);
            call.arguments = input;
            rules::enter(call)?;
            once::run_under(call, UsedApproval::new(request.key, id))
        }
    }
}

fn no_approver() -> ToolError {
    ToolError::refused(
        "a person must confirm this call first, and this channel cannot ask one; hand the request over to a person",
    )
}

/// The approval request for a call. Its key includes the caller's scope, so that an approval serves only the caller who
/// requested it.
fn request<S>(call: &CallContext<S>, within: Duration) -> Result<ApprovalRequest, ToolError> {
    let (tool, cx) = (&call.tool, &call.cx);
    // without a scope, the wire at least separates the calls
    let scope = key::scope(cx)?.unwrap_or_else(|| digest(&["nobody", &cx.wire().to_string()]));
    let name = Digest::default().part("approval").part(scope);
    let name = match call.prepared.as_ref().and_then(|prepared| prepared.approval_key()) {
        Some(key) => name.part(
            key.bytes()
                .map_err(|why| ToolError::internal(format!("the key of this call cannot be serialised: {why}")))?,
        ),
        None => name.part(key::canonical(&call.arguments, &tool.shape)),
    };
    let key = format!("{}#{}", tool.name, name.hex());
    let mut request = ApprovalRequest::new(key, &tool.name, call.arguments.clone(), within);
    request.session = cx.session_id().map(str::to_owned);
    request.caller = cx.caller().all().clone();
    request.function = call.group.to_string();
    request.remaining = cx.remaining();
    Ok(request)
}
