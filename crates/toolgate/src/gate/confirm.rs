//! Gate 8, confirm: a person said yes. Bedrock Agents asks the person before it calls, so there the call passes. On the
//! other wires nobody has asked: the call is parked as an approval, and what runs later is the input that was approved.

use super::{Passage, key, once, rules};
use crate::{
    error::ToolError,
    store::{Approval, ApprovalRequest},
};

pub(super) async fn enter<S>(passage: &mut Passage<S>) -> Result<(), ToolError> {
    if !passage.entry.confirm || passage.cx.wire().is_agents() {
        return Ok(());
    }
    passage.cx.caller().refuse_blank()?;
    let (router, cx, request) = (passage.router.clone(), passage.cx.clone(), request(passage));
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
            match passage.cx.once_key() {
                Some(_) => Ok(()),
                None => once::name(passage, Some(&id)),
            }
        }
    }
}

fn nobody() -> ToolError {
    ToolError::refused(
        "a person must confirm this call first, and this channel has nobody to ask; hand the request over to a person",
    )
}

/// The call as a person is asked about it. Its key holds whose call it is: nobody's approval serves another.
fn request<S>(passage: &Passage<S>) -> ApprovalRequest {
    let (entry, cx) = (&passage.entry, &passage.cx);
    let own = passage.ready.as_ref().and_then(|ready| ready.once_by(cx));
    let effect = own.unwrap_or_else(|| key::effect(entry.key.as_deref(), &passage.arguments, &entry.shape));
    // where nobody is known, at least the way in is
    let scope = key::scope(cx).unwrap_or_else(|| format!("nobody {}", cx.wire()));
    let mut request = ApprovalRequest::new(
        format!("{}#{}", entry.name, key::digest(&["approval", &scope, &effect])),
        &entry.name,
        passage.arguments.clone(),
        entry.approval_ttl,
    );
    request.session = cx.session_id().map(str::to_owned);
    request.caller = cx.caller().all().clone();
    request.function.clone_from(&passage.router.group);
    request.remaining = cx.remaining();
    request
}
