//! The table of parked calls and its endpoint. The local agent reports its own table; a deployed one has to be named.

use std::{io::Write, time::Duration};

use aws_config::{
    BehaviorVersion,
    ecs::EcsCredentialsProvider,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    meta::{credentials::CredentialsProviderChain, region::RegionProviderChain},
    profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider},
    provider_config::ProviderConfig,
    web_identity_token::WebIdentityTokenCredentialsProvider,
};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::{
    Client,
    config::{Credentials, ProvideCredentials, Region, SharedCredentialsProvider, SharedHttpClient},
    error::DisplayErrorContext,
};
use aws_smithy_http_client::tls;
use serde_json::Value;
use toolgate_dynamodb::Approvals;

use super::Deployed;
use crate::{
    endpoint::{self, LOCAL, is_local, is_loopback},
    failure::Failure,
};

/// The table of parked calls and its endpoint.
#[derive(Debug, clap::Args)]
pub(super) struct TableArgs {
    /// The table of parked calls; the default is the one of the local agent
    #[arg(long, value_name = "T", global = true)]
    table: Option<String>,
    /// The endpoint of DynamoDB. Your AWS credentials are used; without any, http:// and loopback addresses get dummy ones
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL_DYNAMODB", global = true)]
    endpoint_url: Option<String>,
    /// The table's region on AWS; the default is the one of your AWS configuration
    #[arg(long, value_name = "REGION", global = true)]
    region: Option<String>,
}

impl TableArgs {
    /// The table that the local agent at this address reports.
    pub(super) fn local(url: &str) -> Self {
        Self { table: None, endpoint_url: Some(url.to_owned()), region: None }
    }

    /// A table that the user named. The variables for endpoints apply, as for `toolgate approvals`.
    pub(super) fn deployed(deployed: &Deployed) -> Self {
        let endpoint = deployed.endpoint.clone().or_else(|| std::env::var("AWS_ENDPOINT_URL_DYNAMODB").ok());
        Self { table: Some(deployed.table.clone()), endpoint_url: endpoint, region: Some(deployed.region.clone()) }
    }

    pub(super) async fn approvals(&self) -> Result<Approvals, Failure> {
        // the variable for all clients of the local agent
        let general = || std::env::var("AWS_ENDPOINT_URL").ok();
        let endpoint = match (endpoint::checked(self.endpoint_url.clone().or_else(general))?, &self.table) {
            (None, None) => Some(LOCAL.to_owned()),
            (endpoint, _) => endpoint,
        };
        let (table, is_agent) = match (&self.table, &endpoint) {
            (Some(table), _) => (table.clone(), false),
            (None, Some(url)) if is_loopback(url) => (local_table(url).await?, true),
            (None, _) => return Err("name the table of parked calls with --table".into()),
        };
        Ok(Approvals::new(self.client(endpoint, is_agent).await?, table))
    }

    /// `is_agent`: the endpoint is the local agent, which ignores credentials.
    async fn client(&self, endpoint: Option<String>, is_agent: bool) -> Result<Client, Failure> {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http.clone());
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let local = endpoint.as_ref().filter(|url| is_local(url)).cloned();
        if let Some(url) = &local {
            loader = loader.region(local_region(self.region.as_deref()).await);
            loader = loader.credentials_provider(local_credentials(url, is_agent, http.clone()).await?);
        }
        if let Some(url) = endpoint {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        if config.region().is_none_or(|region| region.as_ref().is_empty()) {
            return Err("no AWS region is set: use --region, or set AWS_REGION or `region` in your AWS profile".into());
        }
        if let Some(provider) = config.credentials_provider() {
            provider.provide_credentials().await.map_err(|error| format!("no AWS credentials found: {error}"))?;
        }
        Ok(Client::new(&config))
    }
}

/// The region that is named or configured, else `us-east-1`.
async fn local_region(named: Option<&str>) -> Region {
    let configured = RegionProviderChain::first_try(named.map(|name| Region::new(name.to_owned())))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new());
    let region = configured.region().await.filter(|region| !region.as_ref().is_empty());
    region.unwrap_or(Region::from_static("us-east-1"))
}

/// The configured credentials, for an emulator that checks permissions, else dummy ones. The role of an EC2 instance is not
/// looked up, since that takes seconds on other machines.
async fn local_credentials(
    url: &str,
    is_agent: bool,
    http: SharedHttpClient,
) -> Result<SharedCredentialsProvider, Failure> {
    let config = ProviderConfig::without_region().with_http_client(http);
    let configured = CredentialsProviderChain::first_try("environment", EnvironmentVariableCredentialsProvider::new())
        .or_else("profile", ProfileFileCredentialsProvider::builder().configure(&config).build())
        .or_else("web identity", WebIdentityTokenCredentialsProvider::builder().configure(&config).build())
        .or_else("container", EcsCredentialsProvider::builder().configure(&config).build());
    match configured.provide_credentials().await {
        Ok(_) => Ok(SharedCredentialsProvider::new(configured)),
        Err(CredentialsError::CredentialsNotLoaded(_)) => {
            if !is_agent {
                writeln!(std::io::stderr().lock(), "no AWS credentials are configured: using dummy ones for {url}")?;
            }
            Ok(SharedCredentialsProvider::new(Credentials::new("local", "local", None, None, "toolgate")))
        }
        Err(error) => Err(format!("your AWS credentials cannot be used: {}", DisplayErrorContext(error)).into()),
    }
}

/// The name of the table that the local agent reports.
async fn local_table(url: &str) -> Result<String, Failure> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
    let unreachable =
        |_| format!("no local agent at {url}: start one with `toolgate dev`, or name a table on AWS with --table");
    let answer = client.get(format!("{url}/health")).send().await.map_err(unreachable)?;
    let health = answer.json::<Value>().await.unwrap_or_default();
    if health.get("status").and_then(Value::as_str) == Some("starting") {
        return Err(format!("the local agent at {url} is still starting: try again in a moment").into());
    }
    let tables = health.get("tables").and_then(Value::as_array);
    let Some(tables) = tables else {
        return Err(
            format!("the server at {url} is not `toolgate dev`: name the table of parked calls with --table").into()
        );
    };
    let is_approvals = |table: &&Value| table.get("role").and_then(Value::as_str) == Some("approvals");
    let name = tables.iter().find(is_approvals).and_then(|table| table.get("name")?.as_str());
    name.map(str::to_owned).ok_or_else(|| {
        format!(
            "the template of the local agent at {url} does not name its table of parked calls: set `Metadata: Toolgate: \
             {{Approvals: LOGICAL_ID}}` there, or use --table"
        )
        .into()
    })
}
