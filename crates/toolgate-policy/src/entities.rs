//! A call in Cedar's terms: caller, action, gateway and context, as the gateway passes them to its engine.
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-authorization-flow.html>

use std::{collections::BTreeMap, str::FromStr, time::SystemTime};

use cedar_policy::{Context, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use jiff::Timestamp;

use crate::principal::Principal;

/// Cedar rejected a part of a request. Cedar's own message is dropped, because it could contain values of the call.
#[derive(Debug, thiserror::Error)]
#[error("a part of a request is not valid in Cedar")]
pub(crate) struct Unusable;

pub(crate) fn uid(kind: &str, id: &str) -> Result<EntityUid, Unusable> {
    let kind = EntityTypeName::from_str(&format!("AgentCore::{kind}")).map_err(|_| Unusable)?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

/// The caller as an entity. A role's session becomes the entity of the role, without the session; its `id` has both.
pub(crate) fn principal(principal: &Principal) -> Result<Entity, Unusable> {
    let none = BTreeMap::new();
    let (entity, id, tags) = match principal {
        Principal::OAuthUser { id, tags } => (id.as_str(), id, tags),
        Principal::IamEntity { arn } => (role(arn), arn, &none),
    };
    let text = RestrictedExpression::new_string;
    let id = [("id".to_owned(), text(id.clone()))];
    let tags = tags.iter().map(|(name, value)| (name.clone(), text(value.clone())));
    Entity::new_with_tags(uid(principal.caller().name(), entity)?, id, [], tags).map_err(|_| Unusable)
}

/// `arn:aws:sts::ACCOUNT:assumed-role/ROLE` of `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`. A session's name
/// contains no `/`, and the ARN of an assumed role omits the role's path.
fn role(arn: &str) -> &str {
    match arn.split_once(":assumed-role/") {
        Some((_, session)) if session.contains('/') => arn.rsplit_once('/').map_or(arn, |(role, _)| role),
        _ => arn,
    }
}

/// The context of a request: `context.input` and `context.system.now`.
pub(crate) fn context(input: RestrictedExpression, now: SystemTime) -> Result<Context, Unusable> {
    let now = Timestamp::try_from(now).map_err(|_| Unusable)?.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let now = RestrictedExpression::new_datetime(now);
    let system = RestrictedExpression::new_record([("now".to_owned(), now)]).map_err(|_| Unusable)?;
    Context::from_pairs([("input".to_owned(), input), ("system".to_owned(), system)]).map_err(|_| Unusable)
}
