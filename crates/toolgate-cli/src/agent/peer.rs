//! The other side of a conversation: an agent or a harness.

use std::{collections::BTreeMap, env, time::Duration};

use aws_sdk_bedrockagentruntime::Client;
use serde_json::Value;
use toolgate::Usd;

use super::{
    client::AgentEndpoint,
    deployed::DeployedArgs,
    harness::Harness,
    turn::{self, Target, TurnObserver},
};
use crate::{endpoint, failure::Failure};

const TEST_ALIAS: &str = "TSTALIASID";

/// An agent or a harness.
#[derive(Debug, Clone)]
pub(crate) enum Peer {
    Agent { client: Client, agent: String, alias: String, attributes: BTreeMap<String, String> },
    Harness(Harness),
}

/// What the user named.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) agent: Option<&'a str>,
    pub(crate) alias: Option<&'a str>,
    pub(crate) harness: Option<&'a str>,
    /// A harness by its ARN.
    pub(crate) deployed: Option<&'a DeployedArgs>,
}

impl Wanted<'_> {
    /// Whether a harness was named.
    pub(crate) fn is_harness(&self) -> bool {
        self.harness.is_some() || self.deployed.is_some_and(|args| args.harness_arn.is_some())
    }
}

impl Peer {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Agent { agent, .. } => agent,
            Self::Harness(harness) => harness.id(),
        }
    }

    pub(crate) fn is_harness(&self) -> bool {
        matches!(self, Self::Harness(_))
    }

    /// Sets the attributes of its sessions, such as the identity of the user.
    ///
    /// # Errors
    /// It is a harness: its sessions have no attributes.
    pub(crate) fn with_attributes(mut self, wanted: BTreeMap<String, String>) -> Result<Self, Failure> {
        match &mut self {
            Self::Agent { attributes, .. } => *attributes = wanted,
            Self::Harness(_) if wanted.is_empty() => {}
            Self::Harness(_) => {
                return Err("the sessions of a harness have no attributes; its callers are named by --principal".into());
            }
        }
        Ok(self)
    }

    /// Runs a turn to its end.
    pub(crate) async fn take<O: TurnObserver>(
        &self,
        session: &str,
        text: &str,
        observer: &mut O,
    ) -> Result<(), Failure> {
        match self {
            Self::Agent { client, agent, alias, attributes } => {
                let (agent, alias, session) = (agent.clone(), alias.clone(), session.to_owned());
                let target = Target { agent, alias, session, attributes: attributes.clone() };
                turn::take(client, &target, text, observer).await
            }
            Self::Harness(harness) => harness.take(session, text, observer).await,
        }
    }
}

/// Finds the agent or the harness, with a sentence about its model. Without a name it is the entry agent or, if the local
/// agent serves no agents, its only harness.
///
/// # Errors
/// It cannot be found, or the choice is not clear.
pub(crate) async fn find(endpoint: Option<&str>, wanted: &Wanted<'_>) -> Result<(Peer, String), Failure> {
    if let Some(args) = wanted.deployed
        && let Some(arn) = &args.harness_arn
    {
        let endpoint = endpoint.map(str::to_owned).or_else(agentcore_endpoint);
        let harness = Harness::deployed(endpoint::checked(endpoint)?.as_deref(), arn, args).await?;
        return Ok((Peer::Harness(harness), String::new()));
    }
    let place = AgentEndpoint::choose(endpoint, wanted.alias);
    if wanted.agent.is_none()
        && let Some(found) = harness(&place, wanted.harness).await?
    {
        return Ok(found);
    }
    let info = place.find_agent(wanted.agent).await?;
    let alias = wanted.alias.unwrap_or(TEST_ALIAS).to_owned();
    let client = place.connect().await?;
    Ok((Peer::Agent { client, agent: info.agent, alias, attributes: BTreeMap::new() }, info.note))
}

/// The agent of a conversation; where the local agent serves no agents, its only harness, or the harness of that name.
///
/// # Errors
/// As [`find`].
pub(crate) async fn of_conversation(url: &str, name: &str) -> Result<(Peer, String), Failure> {
    let place = AgentEndpoint::choose(Some(url), None);
    match harness(&place, None).await? {
        Some(found) => Ok(found),
        None if is_harness(url, name).await => {
            find(Some(url), &Wanted { harness: Some(name), ..Wanted::default() }).await
        }
        None => find(Some(url), &Wanted { agent: Some(name), ..Wanted::default() }).await,
    }
}

/// What a session may cost, as the template of a local agent says; `None` where it says nothing, or on AWS.
pub(crate) async fn session_limit(endpoint: Option<&str>, alias: Option<&str>) -> Option<Usd> {
    let AgentEndpoint::Local(url) = AgentEndpoint::choose(endpoint, alias) else { return None };
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().ok()?;
    let health: Value = client.get(format!("{url}/health")).send().await.ok()?.json().await.ok()?;
    health.get("sessionUsd")?.as_str()?.parse().ok()
}

/// The endpoint of AgentCore in the environment, as SDKs read it.
fn agentcore_endpoint() -> Option<String> {
    let variables = ["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", "AWS_ENDPOINT_URL"];
    variables.into_iter().filter_map(|name| env::var(name).ok()).find(|url| !url.trim().is_empty())
}

/// Whether the local agent serves a harness of this name.
async fn is_harness(url: &str, name: &str) -> bool {
    let place = AgentEndpoint::choose(Some(url), None);
    matches!(harness(&place, Some(name)).await, Ok(Some(_)))
}

/// The harness with this name; without a name the only one, if there are no agents.
async fn harness(place: &AgentEndpoint, name: Option<&str>) -> Result<Option<(Peer, String)>, Failure> {
    let AgentEndpoint::Local(url) = place else {
        return match name {
            Some(_) => Err("--harness names a harness on this machine; name one on AWS with --harness-arn".into()),
            None => Ok(None),
        };
    };
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
    let health = match client.get(format!("{url}/health")).send().await {
        Ok(answer) => answer.json::<Value>().await.unwrap_or_default(),
        // The search for agents reports it.
        Err(_) if name.is_none() => return Ok(None),
        Err(_) => return Err(format!("no local agent at {url}: start one with `toolgate dev`").into()),
    };
    let list = |name: &str| health.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let harnesses = list("harnesses");
    let id = |harness: &Value| harness.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let found = match (name, harnesses) {
        (None, [only]) if list("agents").is_empty() => only,
        (None, _) => return Ok(None),
        (Some(name), all) => all.iter().find(|harness| id(harness) == name).ok_or_else(|| {
            let ids: Vec<String> = all.iter().map(id).collect();
            match ids.is_empty() {
                true => format!("there are no harnesses at {url}"),
                false => format!("there is no harness `{name}` at {url}; the harnesses are: {}", ids.join(", ")),
            }
        })?,
    };
    let harness = Harness::of_local(url, found).await?;
    let note = harness.note();
    Ok(Some((Peer::Harness(harness), note)))
}
