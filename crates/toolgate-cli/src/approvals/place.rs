//! Which table, and where. A laptop's table is known to its local agent; a deployed one has to be named.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::{
    Client,
    config::{Credentials, ProvideCredentials, Region},
};
use aws_smithy_http_client::tls;
use serde_json::Value;
use toolgate_dynamodb::Approvals;

use crate::{
    Failure,
    chat::client::{LOCAL, is_local, is_loopback},
};

/// Where the table of parked calls is.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The table of parked calls; on this machine the local agent knows it
    #[arg(long, value_name = "T", global = true)]
    table: Option<String>,
    /// Where DynamoDB is. http:// and loopback addresses get dummy credentials, others yours
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL_DYNAMODB", global = true)]
    endpoint_url: Option<String>,
    /// The table's region on AWS; without it the one of your AWS configuration
    #[arg(long, value_name = "REGION", global = true)]
    region: Option<String>,
}

impl Place {
    pub(super) async fn approvals(&self) -> Result<Approvals, Failure> {
        // the one variable that serves every client of the local agent
        let general = || std::env::var("AWS_ENDPOINT_URL").ok();
        let endpoint = self.endpoint_url.clone().or_else(general).filter(|url| !url.is_empty());
        let endpoint = match (endpoint, &self.table) {
            (None, None) => Some(LOCAL.to_owned()),
            (endpoint, _) => endpoint.map(|url| url.trim_end_matches('/').to_owned()),
        };
        if let Some(url) = endpoint.as_ref().filter(|url| url.parse::<reqwest::Url>().is_err()) {
            return Err(format!("`{url}` is no URL, such as {LOCAL}").into());
        }
        let table = match (&self.table, &endpoint) {
            (Some(table), _) => table.clone(),
            (None, Some(url)) if is_loopback(url) => ask(url).await?,
            (None, _) => return Err("name the table of parked calls, with --table".into()),
        };
        Ok(Approvals::new(self.client(endpoint).await?, table))
    }

    async fn client(&self, endpoint: Option<String>) -> Result<Client, Failure> {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = endpoint {
            if is_local(&url) {
                let dummy = Credentials::new("local", "local", None, None, "toolgate");
                loader = loader.region(Region::new("us-east-1")).credentials_provider(dummy);
            }
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        if config.region().is_none_or(|region| region.as_ref().is_empty()) {
            return Err("no AWS region is set: use --region, or set AWS_REGION or `region` in your AWS profile".into());
        }
        if let Some(provider) = config.credentials_provider() {
            provider.provide_credentials().await.map_err(|error| format!("there are no AWS credentials: {error}"))?;
        }
        Ok(Client::new(&config))
    }
}

/// The name of the table, from the local agent.
async fn ask(url: &str) -> Result<String, Failure> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
    let absent =
        |_| format!("no local agent at {url}: start one with `toolgate dev`, or name a table on AWS with --table");
    let answer = client.get(format!("{url}/health")).send().await.map_err(absent)?;
    let health = answer.json::<Value>().await.unwrap_or_default();
    if health.get("status").and_then(Value::as_str) == Some("starting") {
        return Err(format!("the local agent at {url} is still starting: try again in a moment").into());
    }
    let tables = health.get("tables").and_then(Value::as_array);
    let Some(tables) = tables else {
        return Err(
            format!("what answers at {url} is no local agent: name the table of parked calls, with --table").into()
        );
    };
    let is_it = |table: &&Value| table.get("role").and_then(Value::as_str) == Some("approvals");
    let name = tables.iter().find(is_it).and_then(|table| table.get("name")?.as_str());
    name.map(str::to_owned).ok_or_else(|| {
        format!("the template behind {url} has no table whose logical id starts with `Approvals`: name it with --table")
            .into()
    })
}
