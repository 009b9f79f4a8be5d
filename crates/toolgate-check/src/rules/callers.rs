//! A gateway's role, its tokens and its log.

use toolgate_template::{Node, references};

use super::{Rule, permissions, source};
use crate::{
    deployment::{Deployment, Resource},
    reporter::{Reporter, quoted},
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("gateway-role", source::GATEWAY, gateway_role)
        .holds(
            "the role of a gateway with a policy engine depends on no function: CreateGateway uses the role \
                immediately, and IAM needs some seconds to propagate a new role",
        )
        .fix(
            "move `lambda:InvokeFunction` to a separate `AWS::IAM::RolePolicy`, and name it in the `DependsOn` of the \
              gateway and its targets",
        ),
    Rule::error("target-order", source::GATEWAY_LAMBDA, target_order)
        .holds("a target is created after the policy by which the gateway's role may call its function")
        .fix("name the policy in the target's `DependsOn`"),
    Rule::error("gateway-tokens", source::GATEWAY_INBOUND, tokens)
        .holds(
            "a gateway that accepts tokens names their audience or client; Cognito's access tokens have no \
                audience",
        )
        .fix("add `AllowedAudience`, or `AllowedClients` for Cognito"),
    Rule::warning("gateway-log", source::GATEWAY_LOGS, log)
        .holds("a gateway with a policy engine delivers its log: Cedar's denials appear nowhere else")
        .fix("add `AWS::Logs::DeliverySource` (`LogType: APPLICATION_LOGS`), `DeliveryDestination` and `Delivery`"),
];

fn gateways<'v>(deployment: &'v Deployment<'_>) -> impl Iterator<Item = &'v Resource> {
    deployment.of_type("AWS::BedrockAgentCore::Gateway")
}

fn with_policies<'v>(deployment: &'v Deployment<'_>) -> impl Iterator<Item = &'v Resource> {
    gateways(deployment).filter(|gateway| gateway.properties().get("PolicyEngineConfiguration").is_some())
}

fn gateway_role(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for role in with_policies(deployment).filter_map(|gateway| deployment.referred_by(gateway, "RoleArn")) {
        let Some(written) = deployment.written(role, "Policies") else { continue };
        let functions = deployment.functions().map(|function| function.id.as_str());
        let named = references(written);
        let dependencies: Vec<&str> = functions.filter(|id| named.contains(*id)).collect();
        if !dependencies.is_empty() {
            let functions = quoted(dependencies);
            let message =
                format!("the role `{}` is created right before its gateway: it depends on {functions}", role.id);
            reporter.at(role.position_of("Policies"), message);
        }
    }
}

/// The ids in a resource's `DependsOn`.
fn depends(resource: &Resource) -> impl Iterator<Item = &str> {
    resource.body.get("DependsOn").map_or(&[] as &[_], Node::one_or_more).iter().filter_map(Node::text)
}

fn target_order(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for target in deployment.targets() {
        let Some(role) = target.role(deployment) else { continue };
        let reference = format!("${{{}}}", role.id);
        let apart = deployment.of_type("AWS::IAM::RolePolicy").filter(|policy| {
            let statements = policy.properties().at(&["PolicyDocument", "Statement"]);
            let mut statements = statements.map_or(&[] as &[_], Node::one_or_more).iter();
            policy.properties().text_of("RoleName") == Some(reference.as_str())
                && statements.any(|statement| permissions::allows(statement, "lambda:InvokeFunction"))
        });
        for policy in apart.filter(|policy| !depends(target.resource).any(|id| id == policy.id)) {
            let message = format!("the target `{}` does not depend on `{}`", target.name(), policy.id);
            reporter.at(&target.resource.position, message);
        }
    }
}

fn tokens(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for gateway in gateways(deployment) {
        let Some(authorizer) = gateway.properties().at(&["AuthorizerConfiguration", "CustomJWTAuthorizer"]) else {
            continue;
        };
        // Before evaluation, because a list may depend on a parameter that a rule of the template requires.
        let mut present = [false, false];
        if let Some(written) = deployment.written(gateway, "AuthorizerConfiguration") {
            written.walk(&mut |node| {
                let other = ["AllowedScopes", "CustomClaims"].iter().any(|name| node.get(name).is_some());
                present[0] |= node.get("AllowedAudience").is_some() || other;
                present[1] |= node.get("AllowedClients").is_some();
            });
        }
        let cognito = authorizer.text_of("DiscoveryUrl").is_some_and(|url| url.contains("//cognito-idp."));
        let position = gateway.position_of("AuthorizerConfiguration");
        match present {
            [_, true] => {}
            [true, false] if !cognito => {}
            [true, false] => {
                reporter.at(
                    position,
                    format!("the gateway `{}` requires an audience, which Cognito's tokens do not have", gateway.id),
                );
            }
            [false, false] => {
                reporter.at(position, format!("the gateway `{}` accepts every token of its issuer", gateway.id));
            }
        }
    }
}

fn log(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for gateway in with_policies(deployment) {
        let delivered = deployment.of_type("AWS::Logs::DeliverySource").any(|source| {
            source.properties().text_of("LogType") == Some("APPLICATION_LOGS")
                && deployment.referred_by(source, "ResourceArn").is_some_and(|it| it.id == gateway.id)
        });
        if !delivered {
            reporter.at(&gateway.position, format!("the gateway `{}` delivers no log", gateway.id));
        }
    }
}
