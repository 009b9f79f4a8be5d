//! The parked calls: what waits for a person, what was decided, and the decision of a person who has seen the call.

use std::sync::{Arc, OnceLock};

use aws_sdk_dynamodb::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region},
};
use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};
use toolgate_dynamodb::{ApprovalRecord, Approvals, ApprovalsError, Decision, UnreadableApproval};
use toolgate_template::REGION;

use super::{error::ApiError, posted::Posted};
use crate::{state::AppState, turns::Topic};

/// The longest name of a person, in characters.
const NAME_LENGTH: usize = 200;

/// The table of parked calls. Its client is made with the first request.
#[derive(Debug, Clone)]
pub(super) struct Parked {
    state: Arc<AppState>,
    approvals: Arc<OnceLock<Approvals>>,
}

/// The decision of a person.
#[derive(Deserialize)]
pub(super) struct Decided {
    by: String,
    /// Of the call as it was shown.
    digest: String,
}

impl Parked {
    pub(super) fn new(state: Arc<AppState>) -> Self {
        Self { state, approvals: Arc::default() }
    }

    /// `None` if the template does not name its table.
    fn table(&self) -> Option<&Approvals> {
        let template = &self.state.template;
        let named = |table: &&toolgate_template::TableSpec| template.approvals.as_deref() == Some(&table.logical_id);
        let table = template.tables.iter().find(named)?;
        Some(self.approvals.get_or_init(|| Approvals::new(client(&self.state.endpoint), &table.name)))
    }

    /// A record as the page shows it.
    fn shown(&self, record: &ApprovalRecord) -> Value {
        let call = &record.call;
        let mut asked_by = call.caller.clone().unwrap_or_default();
        if let Some(session) = &call.session {
            asked_by.entry("session").or_insert_with(|| session.as_str().into());
        }
        let mut shown = json!({
            "id": call.id,
            "tool": call.tool,
            "function": self.function(&call.tool),
            "input": call.input,
            "key": record.key,
            "digest": call.digest(),
            "askedBy": (!asked_by.is_empty()).then_some(asked_by),
            "parkedAt": record.parked_at,
            "expiresAt": call.expires_at,
            "unreadable": null,
        });
        if let (Some(decision), Some(members)) = (&record.decision, shown.as_object_mut()) {
            let used_at = record.used_by.as_deref().and_then(|effect| self.used_at(effect));
            let decided = [
                ("decision", json!(if decision.approved { "approved" } else { "denied" })),
                ("by", json!(decision.by)),
                ("decidedAt", json!(decision.decided_at)),
                // A tool that commits effect and record in one transaction leaves no mark here.
                ("used", json!(record.used_by.as_ref().map(|_| true))),
                ("usedAt", json!(used_at)),
            ];
            members.extend(decided.map(|(name, value)| (name.to_owned(), value)));
        }
        shown
    }

    /// The function with this tool, if only one has it.
    fn function(&self, tool: &str) -> Option<&str> {
        let has = |catalog: &Value| {
            let tools = catalog.get("tools").and_then(Value::as_array).into_iter().flatten();
            tools.into_iter().any(|one| one.get("name").and_then(Value::as_str) == Some(tool))
        };
        let mut functions = self.state.catalogs.get()?.iter().filter(|(_, catalog)| has(catalog));
        match (functions.next(), functions.next()) {
            (Some((name, _)), None) => Some(name),
            _ => None,
        }
    }

    /// The time of an effect, by its record in a ledger. The approval itself only names the record.
    fn used_at(&self, effect: &str) -> Option<String> {
        let ledgers = self.state.template.tables.iter().filter(|table| super::state::is_ledger(table));
        let seconds =
            ledgers.filter_map(|table| self.state.database.number(&table.name, effect, "createdAt")).next()?;
        Some(jiff::Timestamp::from_second(seconds).ok()?.to_string())
    }
}

pub(super) async fn list(State(parked): State<Parked>) -> Result<Json<Value>, ApiError> {
    let Some(approvals) = parked.table() else {
        return Ok(Json(json!({"waiting": [], "decided": [], "configured": false})));
    };
    let history = approvals.history().await.map_err(refusal)?;
    let (waiting, decided): (Vec<_>, Vec<_>) = history.calls.iter().partition(|record| record.decision.is_none());
    let mut waiting: Vec<Value> = waiting.into_iter().map(|record| parked.shown(record)).collect();
    waiting.extend(history.unreadable.iter().map(unreadable));
    let mut decided: Vec<(Option<&str>, Value)> = decided
        .into_iter()
        .map(|record| {
            let at = record.decision.as_ref().and_then(|decision| decision.decided_at.as_deref());
            (at, parked.shown(record))
        })
        .collect();
    decided.sort_by(|(one, _), (other, _)| other.cmp(one));
    let decided: Vec<Value> = decided.into_iter().map(|(_, shown)| shown).collect();
    Ok(Json(json!({"waiting": waiting, "decided": decided, "configured": true})))
}

pub(super) async fn decide(
    State(parked): State<Parked>,
    Path((id, decision)): Path<(String, String)>,
    Posted(decided): Posted<Decided>,
) -> Result<Json<Value>, ApiError> {
    let decision = match decision.as_str() {
        "approve" => Decision::Approve,
        "deny" => Decision::Deny,
        _ => return Err(ApiError::not_found("a parked call can be decided by `approve` or `deny`")),
    };
    let by = person(&decided.by)?;
    let missing = || ApiError::not_found("the template does not name its table of parked calls");
    let approvals = parked.table().ok_or_else(missing)?;
    let shown = approvals.find(&id).await.map_err(refusal)?;
    if !decided.digest.eq_ignore_ascii_case(&shown.digest()) {
        return Err(refusal(ApprovalsError::Changed { id }));
    }
    // Its write requires that the call is still the one with this digest.
    approvals.decide(&shown, decision, by).await.map_err(refusal)?;
    if let Some(turns) = &parked.state.turns {
        turns.touch(Topic::Approvals);
    }
    Ok(Json(json!({"id": shown.id, "decision": decision.as_str()})))
}

/// A row that never runs. It is shown, so that nobody looks for it elsewhere.
fn unreadable(row: &UnreadableApproval) -> Value {
    json!({
        "id": row.id.as_ref().unwrap_or(&row.key), "tool": null, "function": null, "input": null, "key": row.key,
        "digest": null, "askedBy": null, "parkedAt": null, "expiresAt": null, "unreadable": row.reason,
    })
}

/// The name of the person who decides, as it is recorded.
fn person(name: &str) -> Result<&str, ApiError> {
    let name = name.trim();
    match name.is_empty() || name.chars().count() > NAME_LENGTH || toolgate::sanitize::line(name) != name {
        true => Err(ApiError::invalid("`by` is the name of the person who decides: 1 to 200 visible characters")),
        false => Ok(name),
    }
}

fn refusal(error: ApprovalsError) -> ApiError {
    match error {
        ApprovalsError::NotFound { .. } => ApiError::not_found(error.to_string()),
        ApprovalsError::Store(_) => ApiError::failed(error.to_string()),
        _ => ApiError::conflict(error.to_string()),
    }
}

/// A client of this local agent's own DynamoDB, which takes any credentials.
fn client(endpoint: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("console", "local", None, None, "console"))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}
