//! Where an agent is, and a client of the AWS SDK for it.

use std::net::IpAddr;

use aws_config::BehaviorVersion;
use aws_sdk_bedrockagentruntime::{
    Client,
    config::{Credentials, Region, StalledStreamProtectionConfig, retry::RetryConfig},
};
use aws_smithy_http_client::tls;
use serde_json::Value;

use super::Failure;

/// Where `toolgate dev` listens.
pub(crate) const LOCAL: &str = "http://127.0.0.1:8787";

/// Where an agent is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A local agent, which takes any credentials.
    Local(String),
    /// An endpoint of AWS's.
    Endpoint(String),
    /// AWS, in the configured region.
    Aws,
}

impl Place {
    /// An endpoint wins; an alias alone means AWS; neither means this machine.
    pub(crate) fn choose(endpoint: Option<&str>, alias: Option<&str>) -> Self {
        match (endpoint, alias) {
            (Some(url), _) if is_local(url) => Self::Local(url.trim_end_matches('/').to_owned()),
            (Some(url), _) => Self::Endpoint(url.to_owned()),
            (None, Some(_)) => Self::Aws,
            (None, None) => Self::Local(LOCAL.to_owned()),
        }
    }

    /// A client. A turn is never sent twice, since its tools have effects, and silence is no fault: models think.
    pub(crate) async fn connect(&self) -> Result<Client, Failure> {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        match self {
            Self::Local(url) => {
                let dummy = Credentials::new("local", "local", None, None, "toolgate");
                loader = loader.endpoint_url(url).region(Region::new("us-east-1")).credentials_provider(dummy);
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

    /// What one is talking to; above all, whether the model is scripted. Empty where that is not to be known.
    pub(crate) async fn introduce(&self, agent: &str) -> Result<String, Failure> {
        let Self::Local(url) = self else { return Ok(String::new()) };
        let client = reqwest::Client::builder().no_proxy().build()?;
        let Ok(answer) = client.get(format!("{url}/agents")).send().await else {
            return Err(format!(
                "no local agent at {url}: start one with `toolgate dev`, or name a deployed agent with --agent and --alias"
            )
            .into());
        };
        // Another server at that address may still speak InvokeAgent.
        let Ok(agents) = answer.json::<Vec<Value>>().await else { return Ok(String::new()) };
        let known = agents.iter().find(|known| known.get("agentId").and_then(Value::as_str) == Some(agent));
        let Some(known) = known else {
            let ids: Vec<&str> = agents.iter().filter_map(|known| known.get("agentId")?.as_str()).collect();
            return Err(format!("there is no agent `{agent}` at {url}; there are: {}", ids.join(", ")).into());
        };
        let model = known.get("model").and_then(Value::as_str).unwrap_or_default();
        if known.get("scripted") == Some(&Value::Bool(true)) {
            return Ok(format!(
                "The model is scripted ({model}): it follows written rules and understands nothing else."
            ));
        }
        Ok(format!("The model is {model}."))
    }
}

/// Plain http, or an address of this machine.
pub(crate) fn is_local(url: &str) -> bool {
    is_loopback(url) || url.parse::<reqwest::Url>().is_ok_and(|url| url.scheme() == "http")
}

/// An address of this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    let Ok(url) = url.parse::<reqwest::Url>() else {
        return false;
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_wins_an_alias_means_aws_and_neither_means_this_machine() {
        assert_eq!(Place::choose(None, None), Place::Local(LOCAL.to_owned()));
        assert_eq!(Place::choose(None, Some("ABCDEFGHIJ")), Place::Aws);
        assert_eq!(
            Place::choose(Some("http://127.0.0.1:9/"), Some("x")),
            Place::Local("http://127.0.0.1:9".to_owned())
        );
        assert_eq!(Place::choose(Some("https://[::1]:9"), None), Place::Local("https://[::1]:9".to_owned()));
        let aws = "https://vpce-1.bedrock-agent-runtime.eu-west-1.vpce.amazonaws.com";
        assert_eq!(Place::choose(Some(aws), None), Place::Endpoint(aws.to_owned()));
    }
}
