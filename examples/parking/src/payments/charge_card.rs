//! Charge card: has its effect once, in another system.

use toolgate::prelude::*;

use crate::app::App;

// The model reads the doc comments of this type: say what the tool does, when to use it, and the form of each field.
/// Charge card, with a note.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChargeCardInput {
    /// The id, such as A-1.
    #[validate(length(min = 1, max = 20))]
    id: String,
    /// What to write down about it.
    #[validate(length(min = 1, max = 200))]
    note: String,
}

/// What the tool returns. Only the fields in `.expose([..])` reach the model.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChargeCardOutput {
    reference: String,
    id: String,
    note: String,
}

/// What makes two calls the same effect.
pub(super) fn effect(input: &ChargeCardInput) -> Key {
    key((&input.id, &input.note))
}

/// Runs under a lease, one call at a time. After a crash, a repeat runs again, with the same idempotency key.
pub(super) async fn charge_card(cx: Cx<App>, input: ChargeCardInput) -> Result<ChargeCardOutput, ToolError> {
    let key = cx.once_key().ok_or_else(|| ToolError::internal("`charge_card` needs `.once(..)`"))?;
    // Your own effect goes here: a request to the other system, with the idempotency key `key.id()`. Return `refused`,
    // `not_found` or `conflict` only if nothing has happened, and `timed_out` if you do not know. Until then, nothing
    // happens.
    Ok(ChargeCardOutput { reference: key.id().to_owned(), id: input.id, note: input.note })
}
