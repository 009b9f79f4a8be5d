//! The parts of the function, from its environment.

use std::time::Duration;

use aws_sdk_bedrockruntime::{config::timeout::TimeoutConfig, types::GuardrailConfiguration};
use toolgate::{Error, Usd, prices::Prices};
use toolgate_dynamodb::DynamoLedger;

use crate::{
    bedrock::Bedrock,
    http::Signed,
    message,
    metrics::DigestMetrics,
    money::Money,
    notes::Notes,
    prompt::{REQUESTS, instructions},
    queue::Queue,
    requests::Requests,
    store::Store,
};

/// How long the model may take, with its retries. A batch has more time.
const MODEL_WITHIN: Duration = Duration::from_secs(80);

/// Reads a variable. An empty one counts as unset.
type Variables<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// What the function works with.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) requests: Requests,
    pub(crate) bedrock: Bedrock,
    pub(crate) money: Money,
    pub(crate) store: Store,
    pub(crate) notes: Notes,
    pub(crate) queue: Queue,
    pub(crate) metrics: DigestMetrics,
}

impl Parts {
    pub(crate) async fn from_env(variables: &Variables<'_>) -> Result<Self, Error> {
        let required = |name: &str| set(variables, name).ok_or_else(|| format!("{name} is not set"));
        let config = toolgate_dynamodb::config().await;
        let dynamodb = toolgate_dynamodb::client_with(&config);
        let model = required("MODEL")?;
        let text = required("OUTPUT_TOKENS")?;
        let output_tokens: u32 =
            text.parse().map_err(|_| format!("OUTPUT_TOKENS is `{text}`, which is not a whole number"))?;
        let limit: Usd = required("DIGEST_USD")?.parse().map_err(|error| format!("DIGEST_USD: {error}"))?;
        let ledger = DynamoLedger::new(dynamodb.clone(), required("LEDGER_TABLE")?);
        let largest = u64::try_from(instructions().len() + REQUESTS * message::LARGEST).unwrap_or(u64::MAX);
        let money = Money::new(ledger, Prices::known(), model.clone(), output_tokens.into(), limit, largest)?;
        let guardrail = GuardrailConfiguration::builder()
            .guardrail_identifier(required("GUARDRAIL_ID")?)
            .guardrail_version(required("GUARDRAIL_VERSION")?)
            .build();
        let timeouts = TimeoutConfig::builder().operation_timeout(MODEL_WITHIN).build();
        let bedrock = aws_sdk_bedrockruntime::config::Builder::from(&config).timeout_config(timeouts).build();
        let client = aws_sdk_bedrockruntime::Client::from_conf(bedrock);
        let signed = Signed::new(&config)?;
        // as the SDK's clients read it
        let endpoint = |service: &str| {
            set(variables, &format!("AWS_ENDPOINT_URL_{service}")).or_else(|| set(variables, "AWS_ENDPOINT_URL"))
        };
        let bucket = required("DIGEST_BUCKET")?;
        Ok(Self {
            requests: Requests { client: dynamodb, table: required("DIGEST_TABLE")? },
            bedrock: Bedrock { client, model, output_tokens, guardrail },
            money,
            store: Store { signed: signed.clone(), bucket: bucket.clone(), endpoint: endpoint("S3") },
            notes: Notes {
                signed: signed.clone(),
                topic: required("DIGEST_TOPIC")?,
                bucket,
                endpoint: endpoint("SNS"),
            },
            queue: Queue { signed, url: required("DIGEST_QUEUE")?, endpoint: endpoint("SQS") },
            metrics: DigestMetrics(toolgate::Metrics::from_env()?),
        })
    }
}

fn set(variables: &Variables<'_>, name: &str) -> Option<String> {
    variables(name).filter(|value| !value.is_empty())
}
