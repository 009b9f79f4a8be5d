//! The gateway's authorizer and its policy engine: who the caller is, and whether the policies permit the call.
//!
//! On AWS the caller signs the request or sends a token. Here the caller sends a token whose key is in a file, or every
//! caller is the same principal. That principal is the chosen one or, by default, the first one that the template's
//! policies name.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use rmcp::model::{CallToolResult, JsonObject};
use serde_json::{Map, Value, json};
use toolgate_policy::{Actions, Caller, Mode, Policies, PolicySource, Principal, Reason, TemporalPolicy, Tool};
use toolgate_token::{Expected, TokenKeys};

use super::{
    Gateway, GatewayError,
    rpc::{INVALID_REQUEST, Refusal},
    tools::Tools,
};
use crate::{
    lambda::url::UrlCallers,
    turns::{self, SpanKind, State},
};
use toolgate_template::{ACCOUNT, GatewaySpec, PolicySpec};

/// AWS's text for a call that the policies deny.
/// <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/use-gateway-with-policy.html>
const DENIED: &str =
    "AuthorizeActionException - Tool Execution Denied: Tool call not allowed due to policy enforcement";
const IAM_ENTITY: &str = "AgentCore::IamEntity::\"";

/// The configured callers of the gateway.
#[derive(Debug, Default)]
pub(crate) enum CallerChoice {
    /// Not configured.
    #[default]
    Default,
    /// Every caller is this principal.
    One(Principal),
    /// The caller is the subject of its token.
    Tokens(Arc<TokenKeys>),
}

impl CallerChoice {
    /// The callers of the function URLs. A principal that is only a default of the gateway does not call them.
    pub(crate) fn of_urls(&self) -> UrlCallers {
        match self {
            Self::Default => UrlCallers::Anonymous,
            Self::One(principal) => UrlCallers::One(principal.clone()),
            Self::Tokens(keys) => UrlCallers::Tokens(keys.clone()),
        }
    }
}

/// How callers are identified.
#[derive(Debug)]
enum CallerAuth {
    One {
        principal: Principal,
        authorization: Option<HeaderValue>,
    },
    Tokens {
        keys: Arc<TokenKeys>,
        expected: Expected,
    },
    /// The gateway requires tokens, and no key to verify them is configured.
    Unknown,
}

/// The authorizer and the policies of a gateway.
#[derive(Debug)]
pub(super) struct Authorizer {
    who: CallerAuth,
    /// Whether the callers are configured explicitly.
    chosen: bool,
    policies: Option<Policies>,
    /// The temporal policies in effect. They are not evaluated, so the tools that they may decide about are denied.
    temporal: Vec<TemporalPolicy>,
}

impl Authorizer {
    pub(super) fn new(spec: &GatewaySpec, tools: &Tools, callers: CallerChoice) -> Result<Self, GatewayError> {
        let failed = |problem: String| GatewayError { gateway: spec.logical_id.clone(), problem };
        let kinds = Caller::of(spec.authorizer.as_deref());
        let by_token = kinds == [Caller::OAuthUser];
        let chosen = !matches!(callers, CallerChoice::Default);
        let who = match callers {
            CallerChoice::Tokens(_) if !by_token => {
                let kind = spec.authorizer.as_deref().unwrap_or("none");
                return Err(failed(format!("its authorizer is `{kind}`, which accepts no tokens; use `--principal`")));
            }
            CallerChoice::Tokens(keys) => CallerAuth::Tokens { keys, expected: expected(spec) },
            CallerChoice::One(principal) if !kinds.contains(&principal.caller()) => {
                let form = if by_token { "oauth:SUB" } else { "iam:ARN" };
                return Err(failed(format!(
                    "its authorizer does not accept this kind of principal; use `--principal {form}`"
                )));
            }
            CallerChoice::One(principal) => CallerAuth::one(principal),
            CallerChoice::Default if by_token => CallerAuth::Unknown,
            CallerChoice::Default => CallerAuth::one(Principal::IamEntity { arn: named(spec) }),
        };
        Ok(Self { who, chosen, policies: policies(spec, tools, kinds)?, temporal: temporal(spec) })
    }

    /// For the start-up screen and `/health`: who calls, and whether the policies are enforced.
    pub(super) fn report(&self) -> Value {
        let (kind, name) = match &self.who {
            CallerAuth::One { principal: Principal::IamEntity { arn }, .. } => ("iam", Some(arn)),
            CallerAuth::One { principal: Principal::OAuthUser { id, .. }, .. } => ("oauth", Some(id)),
            CallerAuth::Tokens { .. } => ("token", None),
            CallerAuth::Unknown => ("unknown", None),
        };
        let mode = self.policies.as_ref().map(|policies| match policies.mode() {
            Mode::Enforce => "ENFORCE",
            Mode::LogOnly => "LOG_ONLY",
        });
        json!({"caller": {"kind": kind, "name": name, "chosen": self.chosen}, "policies": mode})
    }

    /// Identifies the caller of a request. Afterwards interceptors can trust its `Authorization` header as far as this
    /// gateway verified it.
    pub(super) fn authenticate(&self, headers: &mut HeaderMap) -> Result<Principal, Refusal> {
        let refused = |message: &str| Refusal::new(StatusCode::UNAUTHORIZED, INVALID_REQUEST, message);
        match &self.who {
            CallerAuth::Unknown => {
                Err(refused("the gateway requires tokens; start `toolgate dev` with `--jwt-keys` or `--principal`"))
            }
            CallerAuth::Tokens { keys, expected } => {
                let mut values = headers.get_all(header::AUTHORIZATION).iter();
                let token = match (values.next(), values.next()) {
                    (Some(value), None) => value.to_str().ok().and_then(|value| value.split_once(' ')),
                    _ => None,
                };
                match token {
                    Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                        let claims =
                            keys.verify(token.trim(), expected).map_err(|error| refused(&error.to_string()))?;
                        Principal::from_claims(claims).map_err(|error| refused(&error.to_string()))
                    }
                    _ => Err(refused("send a token: `Authorization: Bearer TOKEN`")),
                }
            }
            CallerAuth::One { principal, authorization } => {
                // The header holds the client's own, unverified claims.
                headers.remove(header::AUTHORIZATION);
                if let Some(authorization) = authorization {
                    headers.insert(header::AUTHORIZATION, authorization.clone());
                }
                Ok(principal.clone())
            }
        }
    }

    /// Whether a policy engine decides calls, and denies arguments that do not fit.
    pub(super) fn enforces(&self) -> bool {
        self.policies.as_ref().is_some_and(|policies| policies.mode() == Mode::Enforce)
    }

    pub(super) fn lists(&self, principal: &Principal, tool: &str) -> bool {
        self.policies.as_ref().is_none_or(|policies| policies.lists(principal, tool))
    }
}

impl Gateway {
    /// The result for a call that is denied, `None` if the call is allowed; and the decision for the record of the turn.
    pub(super) fn judge(
        &self,
        principal: &Principal,
        tool: &str,
        arguments: &JsonObject,
    ) -> (Option<CallToolResult>, Option<Value>) {
        if self.authorizer.policies.is_none() {
            return (None, None);
        }
        let open = turns::open(SpanKind::Policy, || tool.to_owned());
        let (denied, policies, text) = self.decide(principal, tool, arguments);
        let decision = || {
            json!({
                "decision": if denied.is_some() { "deny" } else { "allow" },
                "policies": policies,
                "reasons": [text],
            })
        };
        let recorded = open.place().map(|_| decision());
        open.note("policy", decision);
        open.end(if denied.is_some() { State::Stopped } else { State::Ok }, Some(text.clone()));
        (denied, recorded)
    }

    /// The result for a call that is denied, the policies that decided, and the decision as text.
    fn decide(
        &self,
        principal: &Principal,
        tool: &str,
        arguments: &JsonObject,
    ) -> (Option<CallToolResult>, Vec<String>, String) {
        let Some(policies) = self.authorizer.policies.as_ref() else { return <_>::default() };
        if let Some(temporal) = self.authorizer.temporal.iter().find(|policy| policy.may_decide(tool)) {
            let name = temporal.name();
            let decision = format!("denied: the temporal policy `{name}` cannot be evaluated on a laptop");
            tracing::warn!(tool, mode = ?policies.mode(), "{decision}");
            if policies.mode() == Mode::Enforce {
                let denied = self.error(DENIED, &format!("{DENIED} [{decision}]"));
                return (Some(denied), vec![name.to_owned()], decision);
            }
        }
        let decision = policies.decide(principal, tool, arguments);
        if decision.permitted() {
            tracing::info!(tool, "{decision}");
        } else {
            tracing::warn!(tool, "{decision}");
        }
        let by = decision.policies().to_vec();
        if decision.allowed() {
            return (None, by, decision.to_string());
        }
        let detail = format!("{DENIED} [{decision}]");
        // A model can correct arguments that do not fit the tool. The policies themselves are not disclosed.
        let message = if matches!(decision.reason(), Reason::Unfit(_)) { &detail } else { DENIED };
        (Some(self.error(message, &detail)), by, decision.to_string())
    }
}

impl CallerAuth {
    /// An OAuth user gets an unsigned token with the user's claims, so that an interceptor that decodes the token finds
    /// them.
    fn one(principal: Principal) -> Self {
        use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
        let authorization = match &principal {
            Principal::IamEntity { .. } => None,
            Principal::OAuthUser { id, tags } => {
                let mut claims: Map<String, Value> =
                    tags.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
                claims.insert("sub".to_owned(), Value::String(id.clone()));
                let part = |value: Value| BASE64.encode(value.to_string());
                let token = format!("Bearer {}.{}.", part(json!({"alg": "none"})), part(Value::Object(claims)));
                HeaderValue::from_str(&token).ok()
            }
        };
        Self::One { principal, authorization }
    }
}

fn expected(spec: &GatewaySpec) -> Expected {
    let tokens = &spec.tokens;
    Expected {
        // The issuer comes from the discovery document, which the local agent does not fetch.
        issuer: None,
        audiences: tokens.audiences.clone(),
        clients: tokens.clients.clone(),
        scopes: tokens.scopes.clone(),
    }
}

/// The first IAM entity that a policy names. It is the default caller.
fn named(spec: &GatewaySpec) -> String {
    let policies = spec.engine.iter().flat_map(|engine| &engine.policies);
    let arns = policies.filter_map(|policy| policy.statement.split_once(IAM_ENTITY)?.1.split('"').next());
    arns.map(str::to_owned).next().unwrap_or_else(|| format!("arn:aws:iam::{ACCOUNT}:user/local"))
}

fn temporal(spec: &GatewaySpec) -> Vec<TemporalPolicy> {
    let policies = spec.engine.iter().flat_map(|engine| &engine.temporal).filter(|policy| policy.active);
    policies.map(|policy| unevaluated(spec, policy)).collect()
}

fn unevaluated(spec: &GatewaySpec, policy: &PolicySpec) -> TemporalPolicy {
    let targets: Vec<&str> = spec.targets.iter().map(|target| target.name.as_str()).collect();
    TemporalPolicy::new(&policy.name, &policy.statement, &targets)
}

/// The temporal policies of a gateway, one line for each: they are not evaluated, and what follows from that.
pub(crate) fn not_evaluated(spec: &GatewaySpec) -> Vec<String> {
    let Some(engine) = &spec.engine else { return Vec::new() };
    let line = |policy: &PolicySpec| {
        let name = &policy.name;
        let denied = match unevaluated(spec, policy).actions() {
            _ if !policy.active || !engine.enforce => {
                return format!("the temporal policy `{name}` is not evaluated here; as `LOG_ONLY` it denies nothing");
            }
            Some(actions) => format!("calls of `{}`", actions.join("`, `")),
            None => "all calls".to_owned(),
        };
        format!(
            "warning: the temporal policy `{name}` is not evaluated here, so the gateway denies {denied}. For local runs set \
             its `EnforcementMode: LOG_ONLY`. A limit that also holds here is `.budget(..)`, `.once(..)` or a hook of the \
             harness"
        )
    };
    engine.temporal.iter().map(line).collect()
}

fn policies(spec: &GatewaySpec, tools: &Tools, kinds: &[Caller]) -> Result<Option<Policies>, GatewayError> {
    let Some(engine) = &spec.engine else { return Ok(None) };
    let schema = |definition: &Value| definition.get("InputSchema").cloned().unwrap_or_default();
    let schemas: Vec<(&str, Value)> = tools.iter().map(|(name, entry)| (name, schema(&entry.definition))).collect();
    let actions = schemas.iter().map(|(name, schema)| Tool { name, input_schema: schema });
    let actions = Actions::new(kinds.iter().copied(), actions);
    let (active, idle): (Vec<_>, Vec<_>) = engine.policies.iter().partition(|policy| policy.active);
    for policy in idle {
        tracing::warn!(policy = policy.name, "its `EnforcementMode` is `LOG_ONLY`, so it neither permits nor forbids");
    }
    let sources = active.into_iter().map(|policy| PolicySource {
        id: &policy.name,
        statement: &policy.statement,
        validated: policy.validated,
    });
    let mode = if engine.enforce { Mode::Enforce } else { Mode::LogOnly };
    let policies = Policies::new(&spec.arn, &actions, sources, mode);
    let failed = |problem: String| GatewayError { gateway: spec.logical_id.clone(), problem };
    policies.map(Some).map_err(|error| failed(error.to_string()))
}
