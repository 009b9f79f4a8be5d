//! One request to a model, recorded in its turn.

use serde_json::json;
use toolgate_models::{Model, ModelError, ModelReply, ModelRequest, Write};

use crate::turns::{self, SpanKind, State};

/// Asks a model.
pub(crate) async fn converse(
    model: &dyn Model,
    request: ModelRequest<'_>,
    write: Option<Write<'_>>,
) -> Result<ModelReply, ModelError> {
    let label = || model.label(request.foundation_model);
    let open = turns::open(SpanKind::Model, label);
    open.note("model", || label().into());
    open.note("system", || request.system.into());
    open.note("messages", || json!(request.messages));
    let reply = turns::within(open.place(), model.converse(request, write)).await;
    match &reply {
        Ok(reply) => {
            open.used(label, reply.usage);
            open.note("reply", || json!({"role": "assistant", "content": reply.content}));
            open.note("stopReason", || json!(reply.stop));
            open.end(State::Ok, None);
        }
        Err(error) => open.end(State::Failed, Some(error.message.clone())),
    }
    reply
}
