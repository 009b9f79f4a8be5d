//! The policies of a gateway, and what they say of a call.

use std::time::SystemTime;

use cedar_policy::{
    Authorizer, Decision as Effect, Entities, Entity, EntityUid, PartialEntities, PartialEntityUid, PartialRequest,
    PolicySet, Request, Response,
};
use serde_json::{Map, Value};

use crate::{
    actions::{Actions, Schema},
    decision::{Decision, Mode, Reason},
    entities::{self, Unusable},
    error::{Mistake, PolicyError},
    evaluation, input,
    principal::Principal,
    source::{self, PolicySource},
};

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
        let schema = actions.schema();
        let mut mistakes: Vec<Mistake> = schema.as_ref().err().map(Mistake::of_tools).into_iter().collect();
        let policies = source::read(policies.into_iter().map(Into::into), actions, schema.as_ref().ok(), &mut mistakes);
        let schema = match schema {
            Ok(schema) if mistakes.is_empty() => schema,
            _ => return Err(PolicyError(mistakes)),
        };
        let fault = |error: &dyn ToString| PolicyError(vec![Mistake::of_tools(error)]);
        let gateway = entities::uid("Gateway", gateway_arn).map_err(|error| fault(&error))?;
        let entities = Entities::from_entities([Entity::with_uid(gateway.clone())], Some(&schema.0));
        let entities = entities.map_err(|error| fault(&error))?;
        let alone = policies.policies().map(|policy| {
            let mut alone = PolicySet::new();
            alone.add(policy.clone()).map(|()| alone).map_err(|error| fault(&error))
        });
        let alone = alone.collect::<Result<_, _>>()?;
        Ok(Self { gateway, actions: actions.clone(), schema, policies, alone, entities, mode })
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

    /// Whether a listing shows this tool to this caller: unless no arguments at all could make a call of it pass.
    /// That a tool is listed permits nothing. Every tool is listed in [`Mode::LogOnly`].
    /// <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/use-gateway-with-policy.html>
    #[must_use]
    pub fn lists(&self, principal: &Principal, tool: &str) -> bool {
        let known = self.actions.input(tool).is_some();
        let reached = || self.actions.is_called_by(principal.caller()) && !self.denies_all(principal, tool);
        known && (self.mode == Mode::LogOnly || reached())
    }

    /// Whether the policies deny a call whatever its arguments are: one always forbids it, or none ever permits it.
    /// Each is asked alone, since one that does not validate cannot be judged like this; it might permit.
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
        // of a kind that the request's own validation has just seen
        let entities = self.entities.clone().add_entities([caller], None);
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
