//! Gate 8 on the mcp wire, where the deployment trusts its clients to ask a person: the client shows the stored input,
//! and its yes counts one time, for this caller, this tool and this input. It is never a decision of an approver.

use std::time::Duration;

use serde_json::{Map, Value};

use super::once;
use crate::{
    call::Answer,
    call_context::CallContext,
    effect::UsedApproval,
    error::{Elicited, ToolError},
    ledger::{Answered, Approval, ApprovalRequest, Ledger, Question},
    registered::RegisteredTool,
    sanitize,
};

/// The longest time between a question and its answer. A person who needs longer is asked again.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// The longest question. What is longer cannot be read at a glance, so it is parked as an approval.
const LONGEST_QUESTION: usize = 4 * 1024;

/// How a call is confirmed.
pub(super) enum Way {
    /// The person has agreed, and the key of the effect is set.
    Agreed,
    /// A person has decided about the parked call.
    Decided(Approval),
    /// The client cannot ask, so the call is parked.
    Park,
}

/// Takes the client's answer, or stops the call with a question.
pub(super) async fn enter<S>(
    call: &mut CallContext<S>,
    ledger: &dyn Ledger,
    request: &ApprovalRequest,
) -> Result<Way, ToolError> {
    let cx = call.cx.clone();
    let elicitation = &cx.shared().metadata.elicitation;
    let message = elicitation.is_possible.then(|| question(&call.tool, &request.input)).flatten();
    let Some(message) = message else {
        return elicitation.refuse_state().map(|()| Way::Park);
    };
    let mut request = request.clone();
    request.ttl = request.ttl.min(LONGEST);
    let (Some(state), Some(answer)) = (&elicitation.state, elicitation.answer) else {
        return match ledger.elicit(&request, cx.once_key()).await? {
            Question::Asked { id } => Err(ToolError::elicit(Elicited::Question { state: id, message })),
            Question::Decided(approval) => Ok(Way::Decided(approval)),
            Question::TooMany => Ok(Way::Park),
        };
    };
    let answered = ledger.answer(&request, state, answer == Answer::Yes).await?;
    match (answered, answer) {
        (Answered::Unknown, _) => Err(ToolError::elicit(Elicited::UnknownState)),
        (_, Answer::No) => Err(ToolError::refused("the person has declined this call")),
        (Answered::Decided(approval), Answer::Yes) => Ok(Way::Decided(approval)),
        (Answered::Recorded { parked }, Answer::Yes) => {
            let used = |id: &str| UsedApproval::new(&request.key, id);
            match &parked {
                Some(approval) => once::run_under(call, used(approval))?,
                // the answer itself allows one effect
                None => once::set_key_of(call, &used(state))?,
            }
            Ok(Way::Agreed)
        }
    }
}

/// The question for a person: the tool, and each argument on a line of its own. `None` where it is too long.
fn question<S>(tool: &RegisteredTool<S>, input: &Map<String, Value>) -> Option<String> {
    let mut text = format!("Allow `{}` with exactly this input?", tool.name);
    for (name, value) in input {
        text.push('\n');
        text.push_str(&visible(name));
        text.push_str(": ");
        text.push_str(&visible(&value.to_string()));
    }
    (text.len() <= LONGEST_QUESTION).then_some(text)
}

/// Text in which characters that a person does not see are escaped, as in JSON.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let mut bytes = [0; 4];
        if c != '\n' && c != '\t' && !sanitize::text(c.encode_utf8(&mut bytes)).is_empty() {
            shown.push(c);
            continue;
        }
        let mut units = [0; 2];
        shown.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn a_person_sees_every_character_of_a_question() {
        assert_eq!(visible("\"Elm\u{200b} Street\u{202e}\""), "\"Elm\\u200b Street\\u202e\"");
        assert_eq!(visible("a\nb\tc\u{e0041}é漢"), "a\\u000ab\\u0009c\\udb40\\udc41é漢");
    }
}
