//! The policies of a gateway, and what they say of a call.

use std::{collections::BTreeSet, time::SystemTime};

use cedar_policy::{
    Authorizer, Decision as Effect, Entities, Entity, EntityUid, PartialEntities, PartialEntityUid, PartialRequest,
    PolicySet, Request, Response,
};
use serde_json::{Map, Value};

use crate::{
    Actions, Decision, Mistake, Mode, PolicyError, Principal, Reason, Schema, Statement,
    entities::{self, Unusable},
    evaluation, input,
};

/// A policy as it is deployed.
#[derive(Debug, Clone, Copy)]
pub struct PolicySource<'a> {
    /// Its id or name, by which decisions tell of it.
    pub id: &'a str,
    /// One Cedar policy.
    pub statement: &'a str,
    /// Whether a policy that does not validate against the tools is a mistake, as with `ValidationMode:
    /// FAIL_ON_ANY_FINDINGS`.
    pub validated: bool,
}

impl<'a> From<(&'a str, &'a str)> for PolicySource<'a> {
    fn from((id, statement): (&'a str, &'a str)) -> Self {
        Self { id, statement, validated: true }
    }
}

/// The policies of a gateway's engine, which decide calls.
#[derive(Debug)]
pub struct Policies {
    gateway: EntityUid,
    actions: Actions,
    schema: Schema,
    policies: PolicySet,
    /// The same, each alone.
    alone: Vec<PolicySet>,
    /// The gateway and the actions with their groups; a call adds its principal.
    entities: Entities,
    mode: Mode,
}

impl Policies {
    /// Of the gateway with this ARN, by the tools that it offers.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, at once: a text that is not one Cedar policy or too long, an id that is there twice,
    /// and where a policy is [validated](PolicySource::validated), a tool that does not exist or any other finding.
    pub fn new<'p, P: Into<PolicySource<'p>>>(
        gateway_arn: &str,
        actions: &Actions,
        policies: impl IntoIterator<Item = P>,
        mode: Mode,
    ) -> Result<Self, PolicyError> {
        let mut mistakes = Vec::new();
        let schema = actions.schema();
        if let Err(error) = &schema {
            let message = format!("no Cedar schema can be derived from the tools: {error}");
            mistakes.push(Mistake { policy: None, message });
        }
        let mut set = PolicySet::new();
        let mut ids = BTreeSet::new();
        for policy in policies.into_iter().map(Into::into) {
            let mut mistake = |message| mistakes.push(Mistake { policy: Some(policy.id.to_owned()), message });
            if !ids.insert(policy.id) {
                mistake("there are two policies with this name".to_owned());
                continue;
            }
            let characters = policy.statement.chars().count();
            if !Statement::fits(characters) {
                mistake(format!("its statement has {characters} characters, and AWS takes 35 to 10,000"));
            }
            let statement = match Statement::parse(policy.statement) {
                Ok(statement) => statement,
                Err(error) => {
                    mistake(format!("it is not one Cedar policy: {error}"));
                    continue;
                }
            };
            if policy.validated {
                let unknown = actions.unknown(&statement);
                for name in &unknown {
                    mistake(format!("it names `{name}`, and the gateway has no such tool; a tool is `TARGET___TOOL`"));
                }
                // an unknown action would be told again
                if let (Ok(schema), true) = (&schema, unknown.is_empty()) {
                    schema
                        .findings(&statement)
                        .into_iter()
                        .for_each(|it| mistake(format!("it does not validate: {it}")));
                }
            }
            if let Err(error) = set.add(statement.named(policy.id)) {
                mistake(error.to_string());
            }
        }
        let gateway = entities::uid("Gateway", gateway_arn);
        let base = |schema: &Schema, gateway: &EntityUid| {
            Entities::from_entities([Entity::with_uid(gateway.clone())], Some(&schema.0))
                .map_err(|error| error.to_string())
        };
        match (schema, gateway) {
            (Ok(schema), Ok(gateway)) if mistakes.is_empty() => match base(&schema, &gateway) {
                Ok(entities) => {
                    let alone = set.policies().filter_map(|policy| PolicySet::from_policies([policy.clone()]).ok());
                    let alone = alone.collect();
                    Ok(Self { gateway, actions: actions.clone(), schema, policies: set, alone, entities, mode })
                }
                Err(message) => Err(PolicyError(vec![Mistake { policy: None, message }])),
            },
            (_, Err(Unusable)) => {
                let message = "the gateway's ARN cannot be part of a request".to_owned();
                mistakes.push(Mistake { policy: None, message });
                Err(PolicyError(mistakes))
            }
            _ => Err(PolicyError(mistakes)),
        }
    }

    /// What the gateway does with decisions.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// May this caller call this tool (`target___tool`) with these arguments, now?
    ///
    /// Arguments that do not fit the tool's schema are denied, whatever the policies say: a policy cannot see them. So
    /// is a caller of a kind that the gateway does not let in.
    #[must_use]
    pub fn decide(&self, principal: &Principal, tool: &str, arguments: &Map<String, Value>) -> Decision {
        self.decide_at(principal, tool, arguments, SystemTime::now())
    }

    /// As [`Policies::decide`], at another time, which policies see as `context.system.now`.
    #[must_use]
    pub fn decide_at(
        &self,
        principal: &Principal,
        tool: &str,
        arguments: &Map<String, Value>,
        now: SystemTime,
    ) -> Decision {
        match self.response(principal, tool, arguments, now) {
            Ok(response) => self.decision(&response),
            Err(reason) => Decision { reason, errors: Vec::new(), mode: self.mode },
        }
    }

    /// Whether a listing shows this tool to this caller: unless no arguments at all could make a call of it pass. That a
    /// tool is listed permits nothing. Every tool is listed in [`Mode::LogOnly`].
    /// <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/use-gateway-with-policy.html>
    #[must_use]
    pub fn lists(&self, principal: &Principal, tool: &str) -> bool {
        let known = self.actions.input(tool).is_some();
        let reached = || self.actions.is_called_by(principal.caller()) && !self.denies_all(principal, tool);
        known && (self.mode == Mode::LogOnly || reached())
    }

    /// Whether the policies deny a call whatever its arguments are: one always forbids it, or none ever permits it. Each is
    /// asked alone, since one that does not validate cannot be judged like this; it might permit.
    fn denies_all(&self, principal: &Principal, tool: &str) -> bool {
        let Ok((request, entities)) = self.any_call(principal, tool) else { return false };
        let judged = |policy: &PolicySet| {
            let response = policy.tpe(&request, &entities, &self.schema.0).ok()?;
            let forbids = response.true_forbids().next().is_some();
            Some((forbids, response.decision() != Some(Effect::Deny)))
        };
        let judged: Vec<_> = self.alone.iter().map(|policy| judged(policy).unwrap_or((false, true))).collect();
        judged.iter().any(|(forbids, _)| *forbids) || !judged.iter().any(|(_, might_permit)| *might_permit)
    }

    /// A call with any arguments.
    fn any_call(&self, principal: &Principal, tool: &str) -> Result<(PartialRequest, PartialEntities), Unusable> {
        let caller = entities::principal(principal)?;
        let action = entities::uid("Action", tool)?;
        let (known, gateway, schema) = (PartialEntityUid::from_concrete, self.gateway.clone(), &self.schema.0);
        let request = PartialRequest::new(known(caller.uid()), action, known(gateway), None, schema);
        let entities = self.entities.clone().add_entities([caller], Some(schema)).map_err(|_| Unusable)?;
        let entities = PartialEntities::from_concrete(entities, schema).map_err(|_| Unusable)?;
        Ok((request.map_err(|_| Unusable)?, entities))
    }

    fn response(
        &self,
        principal: &Principal,
        tool: &str,
        arguments: &Map<String, Value>,
        now: SystemTime,
    ) -> Result<Response, Reason> {
        let unusable = |Unusable| Reason::Unfit(vec!["they cannot be part of a request".to_owned()]);
        let kind = self.actions.input(tool).ok_or(Reason::UnknownTool)?;
        if !self.actions.is_called_by(principal.caller()) {
            return Err(Reason::UnknownCaller);
        }
        let input = input::input(kind, arguments).map_err(Reason::Unfit)?;
        let context = entities::context(input, now).map_err(unusable)?;
        let caller = entities::principal(principal).map_err(unusable)?;
        let action = entities::uid("Action", tool).map_err(unusable)?;
        let request = Request::new(caller.uid(), action, self.gateway.clone(), context, Some(&self.schema.0));
        let request = request.map_err(|_| unusable(Unusable))?;
        let entities = self.entities.clone().add_entities([caller], Some(&self.schema.0));
        let entities = entities.map_err(|_| unusable(Unusable))?;
        Ok(Authorizer::new().is_authorized(&request, &self.policies, &entities))
    }

    fn decision(&self, response: &Response) -> Decision {
        let mut ids: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        ids.sort();
        let mut errors: Vec<String> = response.diagnostics().errors().map(evaluation::told).collect();
        errors.sort();
        let reason = match response.decision() {
            Effect::Allow => Reason::Permitted(ids),
            Effect::Deny if ids.is_empty() => Reason::NothingPermits,
            Effect::Deny => Reason::Forbidden(ids),
        };
        Decision { reason, errors, mode: self.mode }
    }
}
