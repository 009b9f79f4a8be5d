//! How a harness authenticates at a gateway: `OutboundAuth`.

use crate::{evaluate::Evaluator, node::Node};

/// `OutboundAuth` of a tool of the type `agentcore_gateway`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OutboundAuth {
    /// With the harness's execution role, which is the default.
    #[default]
    AwsIam,
    /// Without authentication.
    None,
    /// With a token of a credential provider. It cannot be used on a laptop.
    OAuth {
        /// The ARN of the credential provider.
        provider_arn: String,
        /// The scopes of the token.
        scopes: Vec<String>,
    },
}

/// Reads `OutboundAuth`.
pub(crate) fn outbound_auth(evaluator: &Evaluator<'_>, node: Option<&Node>) -> OutboundAuth {
    let Some(entry) = node.and_then(|node| node.entries().first()) else { return OutboundAuth::AwsIam };
    match entry.name.to_ascii_lowercase().as_str() {
        "awsiam" => OutboundAuth::AwsIam,
        "none" => OutboundAuth::None,
        "oauth" => OutboundAuth::OAuth {
            provider_arn: entry.node.get("ProviderArn").and_then(Node::string).unwrap_or_default().to_owned(),
            scopes: {
                let scopes = entry.node.get("Scopes").map_or(&[] as &[_], Node::items).iter();
                scopes.filter_map(Node::string).map(str::to_owned).collect()
            },
        },
        _ => {
            evaluator.problem(&entry.node.position, "`OutboundAuth` must be `AwsIam`, `None` or `OAuth`");
            OutboundAuth::AwsIam
        }
    }
}
