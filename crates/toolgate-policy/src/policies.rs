//! The policies of a gateway, and their decisions on calls.

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

/// The policies of a gateway's engine. They decide calls.
#[derive(Debug)]
pub struct Policies {
    gateway: EntityUid,
    actions: Actions,
    schema: Schema,
    policies: PolicySet,
    /// The same policies, each in its own set.
    alone: Vec<PolicySet>,
    /// The gateway and the actions with their groups. A call adds its principal.
    entities: Entities,
    mode: Mode,
}

impl Policies {
    /// Creates the policies of the gateway with this ARN, for the tools that it offers.
    ///
    /// # Errors
    ///
    /// All problems together: a text that is not one Cedar policy or is too long, a duplicate id, and, if a policy is
    /// [validated](PolicySource::validated), a tool that does not exist or any other finding.
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

    /// The mode of the gateway.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Decides whether this caller may call this tool (`target___tool`) with these arguments now.
    ///
    /// Arguments that do not match the tool's schema are denied in all cases, because a policy cannot check them. A
    /// caller of a kind that the gateway does not accept is denied as well.
    #[must_use]
    pub fn decide(&self, principal: &Principal, tool: &str, arguments: &Map<String, Value>) -> Decision {
        self.decide_at(principal, tool, arguments, SystemTime::now())
    }

    /// As [`Policies::decide`], at another time. Policies see the time as `context.system.now`.
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

    /// Whether a listing contains this tool for this caller. A tool is left out only if no arguments could make a call
    /// of it pass. A listed tool may still be denied. In [`Mode::LogOnly`] every tool is listed.
    /// <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/use-gateway-with-policy.html>
    #[must_use]
    pub fn lists(&self, principal: &Principal, tool: &str) -> bool {
        let known = self.actions.input(tool).is_some();
        let reached = || self.actions.is_called_by(principal.caller()) && !self.denies_all(principal, tool);
        known && (self.mode == Mode::LogOnly || reached())
    }

    /// Whether the policies deny a call with any arguments: one always forbids it, or none ever permits it. Each policy
    /// is evaluated alone. A policy that does not validate cannot be evaluated in this way and counts as one that may
    /// permit.
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

    /// A call with unknown arguments.
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
        // The request's validation has already checked the type.
        let entities = self.entities.clone().add_entities([caller], None);
        let entities = entities.map_err(|_| unusable(Unusable))?;
        Ok(Authorizer::new().is_authorized(&request, &self.policies, &entities))
    }

    fn decision(&self, response: &Response) -> Decision {
        let mut ids: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        ids.sort();
        let mut errors: Vec<String> = response.diagnostics().errors().map(evaluation::error_text).collect();
        errors.sort();
        let reason = match response.decision() {
            Effect::Allow => Reason::Permitted(ids),
            Effect::Deny if ids.is_empty() => Reason::NothingPermits,
            Effect::Deny => Reason::Forbidden(ids),
        };
        Decision { reason, errors, mode: self.mode }
    }
}
