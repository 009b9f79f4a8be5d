//! Gate 8, confirm: a person said yes. Bedrock Agents asks the person before it calls, so there the call passes. On the
//! other wires nobody has asked: the call is parked as an approval, and what runs later is the input that was approved.

use std::time::Duration;

use super::{Passage, key, once, rules};
use crate::{
    digest::{Digest, digest},
    effect::UsedApproval,
    error::ToolError,
    store::{Approval, ApprovalRequest},
};

pub(super) async fn enter<S>(passage: &mut Passage<S>) -> Result<(), ToolError> {
    let Some(within) = passage.asks() else { return Ok(()) };
    let (router, cx, request) = (passage.router.clone(), passage.cx.clone(), request(passage, within)?);
    let Ok(store) = router.store(cx.state()) else { return Err(nobody()) };
    let approval = store.approval(&request, cx.once_key()).await?;
    match approval {
        Approval::Waiting { id } => Err(ToolError::waiting_for_approval(format!(
            "a person has to approve this call first; it is parked as `{id}`; repeat the same call when they have"
        ))),
        Approval::Denied { id } => Err(ToolError::refused(format!("a person has denied this call (`{id}`)"))),
        Approval::Approved { id, input } => {
            // a reworded reason is the same call, and what was approved is what runs
            passage.ready = Some(passage.entry.exec.prepare(input.clone(), &passage.entry.shape).map_err(|_| {
                ToolError::conflict("the tool has changed since this call was approved; ask for it anew")
            })?);
            passage.arguments = input;
            rules::enter(passage)?;
            let used = UsedApproval::new(request.key, id);
            if passage.cx.once_key().is_none() {
                once::name(passage, Some(&used))?;
            }
            if let Some(key) = passage.cx.once_key() {
                key.set_approval(used);
            }
            Ok(())
        }
    }
}

fn nobody() -> ToolError {
    ToolError::refused(
        "a person must confirm this call first, and this channel has nobody to ask; hand the request over to a person",
    )
}

/// The call as a person is asked about it. Its key holds whose call it is: nobody's approval serves another.
fn request<S>(passage: &Passage<S>, within: Duration) -> Result<ApprovalRequest, ToolError> {
    let (entry, cx) = (&passage.entry, &passage.cx);
    // where nobody is known, at least the way in is
    let scope = key::scope(cx)?.unwrap_or_else(|| digest(&["nobody", &cx.wire().to_string()]));
    let name = Digest::default().part("approval").part(scope);
    let name = match passage.ready.as_ref().and_then(|ready| ready.question_key()) {
        Some(key) => name.part(
            key.bytes()
                .map_err(|why| ToolError::internal(format!("the key of this call does not serialise: {why}")))?,
        ),
        None => name.part(key::canonical(&passage.arguments, &entry.shape)),
    };
    let key = format!("{}#{}", entry.name, name.hex());
    let mut request = ApprovalRequest::new(key, &entry.name, passage.arguments.clone(), within);
    request.session = cx.session_id().map(str::to_owned);
    request.caller = cx.caller().all().clone();
    request.function.clone_from(&passage.router.group);
    request.remaining = cx.remaining();
    Ok(request)
}
