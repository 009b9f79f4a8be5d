//! The endpoint of an agent, and a client of the AWS SDK for it.

use aws_config::BehaviorVersion;
use aws_sdk_bedrockagentruntime::{
    Client,
    config::{Credentials, Region, SharedHttpClient, StalledStreamProtectionConfig, retry::RetryConfig},
};
use aws_smithy_http_client::tls;
use serde_json::Value;

use crate::{
    endpoint::{LOCAL, is_local},
    failure::Failure,
    project,
};

/// There are no credentials for AWS, or they cannot be read.
pub(super) const NO_CREDENTIALS: &str =
    "no usable AWS credentials: run `aws configure` or `aws sso login`, or use --endpoint-url for a local agent";

/// The region of a local agent.
pub(super) const LOCAL_REGION: &str = "us-east-1";

/// The HTTP client for AWS.
pub(super) fn https() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https()
}

/// The endpoint of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AgentEndpoint {
    /// A local agent, which accepts any credentials.
    Local(String),
    /// Another endpoint, with your credentials.
    Endpoint(String),
    /// AWS, in the configured region.
    Aws,
}

impl AgentEndpoint {
    /// An endpoint has precedence; an alias alone means AWS; neither means this machine.
    pub(crate) fn choose(endpoint: Option<&str>, alias: Option<&str>) -> Self {
        match (endpoint, alias) {
            (Some(url), _) if is_local(url) => Self::Local(url.trim_end_matches('/').to_owned()),
            (Some(url), _) => Self::Endpoint(url.to_owned()),
            (None, Some(_)) => Self::Aws,
            (None, None) => Self::Local(LOCAL.to_owned()),
        }
    }

    /// Creates a client. It never retries, since the tools of a turn have effects, and it accepts a stream that stalls,
    /// since models take their time.
    pub(crate) async fn connect(&self) -> Result<Client, Failure> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(https())
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        match self {
            Self::Local(url) => {
                let dummy = Credentials::new("local", "local", None, None, "toolgate");
                loader = loader.endpoint_url(url).region(Region::from_static(LOCAL_REGION)).credentials_provider(dummy);
            }
            Self::Endpoint(url) => loader = loader.endpoint_url(url),
            Self::Aws => {}
        }
        let config = loader.load().await;
        if config.region().is_none() {
            return Err("no AWS region is set: set AWS_REGION or `region` in your AWS profile, or use --endpoint-url for a local agent".into());
        }
        Ok(Client::new(&config))
    }

    /// Looks up an agent and its model. Without a name it is the only agent that is not a collaborator of another.
    ///
    /// # Errors
    /// The local agent cannot be reached, or does not have this agent; or the name is missing and cannot be inferred.
    pub(crate) async fn find_agent(&self, agent: Option<&str>) -> Result<AgentInfo, Failure> {
        let unnamed = || "name the agent, with --agent ID".into();
        let unknown = |agent: Option<&str>| match agent {
            Some(agent) => Ok(AgentInfo { agent: agent.to_owned(), note: String::new() }),
            None => Err(unnamed()),
        };
        let Self::Local(url) = self else { return unknown(agent) };
        let client = reqwest::Client::builder().no_proxy().build()?;
        let Ok(answer) = client.get(format!("{url}/agents")).send().await else {
            return Err(format!(
                "no local agent at {url}: start one with `toolgate dev`, or name a deployed agent with --agent and --alias"
            )
            .into());
        };
        // Another server at that address may still serve InvokeAgent.
        let Ok(agents) = answer.json::<Vec<Value>>().await else { return unknown(agent) };
        let text = |known: &Value, name: &str| known.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let others = |known: &Value| {
            let others = known.get("collaborators").and_then(Value::as_array).into_iter().flatten();
            others.filter_map(|other| other.as_str().map(str::to_owned)).collect()
        };
        let ids: Vec<(String, Vec<String>)> =
            agents.iter().map(|known| (text(known, "agentId"), others(known))).collect();
        let names = || ids.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>().join(", ");
        let Some(agent) = agent.or_else(|| project::entry_agent(&ids)) else {
            return Err(match ids.is_empty() {
                true => format!("there are no agents at {url}").into(),
                false => format!("choose an agent at {url} with --agent; the agents are: {}", names()).into(),
            });
        };
        let Some(known) = agents.iter().find(|known| text(known, "agentId") == agent) else {
            return Err(format!("there is no agent `{agent}` at {url}; the agents are: {}", names()).into());
        };
        let model = text(known, "model");
        let note = match known.get("scripted") == Some(&Value::Bool(true)) {
            true => format!("The model is scripted ({model}): it follows written rules and is not a language model."),
            false => format!("The model is {model}."),
        };
        Ok(AgentInfo { agent: agent.to_owned(), note })
    }
}

/// An agent, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AgentInfo {
    /// The agent's id.
    pub(crate) agent: String,
    /// A sentence about its model; empty if the model is not known.
    pub(crate) note: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_wins_an_alias_means_aws_and_neither_means_this_machine() {
        assert_eq!(AgentEndpoint::choose(None, None), AgentEndpoint::Local(LOCAL.to_owned()));
        assert_eq!(AgentEndpoint::choose(None, Some("ABCDEFGHIJ")), AgentEndpoint::Aws);
        assert_eq!(
            AgentEndpoint::choose(Some("http://127.0.0.1:9/"), Some("x")),
            AgentEndpoint::Local("http://127.0.0.1:9".to_owned())
        );
        assert_eq!(
            AgentEndpoint::choose(Some("https://[::1]:9"), None),
            AgentEndpoint::Local("https://[::1]:9".to_owned())
        );
        let aws = "https://vpce-1.bedrock-agent-runtime.eu-west-1.vpce.amazonaws.com";
        assert_eq!(AgentEndpoint::choose(Some(aws), None), AgentEndpoint::Endpoint(aws.to_owned()));
    }
}
