//! The settings of the deployed function, from its environment.

use toolgate::{Error, Usd, prices::Prices};
use toolgate_dynamodb::DynamoLedger;
use toolgate_token::Expected;

use crate::{
    caller::Authorization,
    keys::KeySource,
    money::{Limits, Money},
};

/// Reads a variable. An empty one counts as unset.
pub type Variables<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The service that runs the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Served {
    /// Bedrock Agents: `AGENT_ID` and `AGENT_ALIAS_ID`.
    Agent {
        /// The agent's id.
        agent: String,
        /// Its alias.
        alias: String,
    },
    /// AgentCore: `HARNESS_ARN`, `HARNESS_ENDPOINT` and `GATEWAY_URL`.
    Harness {
        /// The harness's ARN.
        arn: String,
        /// Its endpoint.
        endpoint: Option<String>,
        /// The gateway that takes customers' tokens.
        gateway: Option<String>,
    },
}

/// Reads how callers are verified: `CHAT_AUTH` is `iam`, or `jwt` with `JWT_DISCOVERY_URL`, `JWT_AUDIENCE` or `JWT_CLIENT`,
/// and `JWT_CUSTOMER_CLAIM`.
///
/// # Errors
/// A variable is missing or not valid.
pub fn authorization(variables: &Variables<'_>) -> Result<Authorization, Error> {
    match required(variables, "CHAT_AUTH")?.as_str() {
        "iam" => Ok(Authorization::Iam),
        "jwt" => {
            let list = |name: &str| set(variables, name).into_iter().collect::<Vec<_>>();
            let (audiences, clients) = (list("JWT_AUDIENCE"), list("JWT_CLIENT"));
            if audiences.is_empty() && clients.is_empty() {
                return Err(
                    "JWT_AUDIENCE or JWT_CLIENT is needed: without them every application's tokens would do".into()
                );
            }
            Ok(Authorization::Jwt {
                keys: Box::new(KeySource::new(&required(variables, "JWT_DISCOVERY_URL")?)?),
                expected: Expected { audiences, clients, ..Expected::default() },
                claim: required(variables, "JWT_CUSTOMER_CLAIM")?,
            })
        }
        other => Err(format!("CHAT_AUTH is `{other}`: set it to `iam` or `jwt`").into()),
    }
}

/// Reads the service: the harness where `HARNESS_ARN` is set, else the agent.
///
/// # Errors
/// Neither is named.
pub fn served(variables: &Variables<'_>) -> Result<Served, Error> {
    if let Some(arn) = set(variables, "HARNESS_ARN") {
        let (endpoint, gateway) = (set(variables, "HARNESS_ENDPOINT"), set(variables, "GATEWAY_URL"));
        return Ok(Served::Harness { arn, endpoint, gateway });
    }
    let named = |name| required(variables, name).map_err(|_| "set HARNESS_ARN, or AGENT_ID and AGENT_ALIAS_ID");
    Ok(Served::Agent { agent: named("AGENT_ID")?, alias: named("AGENT_ALIAS_ID")? })
}

/// Reads the budgets: `SESSION_USD`, `DAILY_USD` and `TURN_USD`, the `MODELS` that a turn may use (separated by commas), the
/// `OUTPUT_TOKENS` that one of their turns may write, and `PRICES`, a table of prices that replaces the known one.
///
/// # Errors
/// A variable is missing or not valid, or [`Money::new`] fails.
pub fn money(variables: &Variables<'_>, ledger: DynamoLedger) -> Result<Money, Error> {
    let usd = |name: &str| -> Result<Usd, Error> {
        required(variables, name)?.parse().map_err(|error| format!("{name}: {error}").into())
    };
    let limits = Limits { session: usd("SESSION_USD")?, day: usd("DAILY_USD")?, turn: usd("TURN_USD")? };
    let models = required(variables, "MODELS")?.split(',').map(|model| model.trim().to_owned()).collect();
    let tokens: u32 = number(variables, "OUTPUT_TOKENS")?;
    let prices = match set(variables, "PRICES") {
        Some(table) => Prices::parse(&table).map_err(|error| format!("PRICES is no table of prices: {error}"))?,
        None => Prices::known(),
    };
    Ok(Money::new(ledger, prices, limits, models, tokens.into())?)
}

/// A variable that is a whole number.
///
/// # Errors
/// It is not set, or is something else.
pub fn number(variables: &Variables<'_>, name: &str) -> Result<u32, Error> {
    let text = required(variables, name)?;
    text.parse().map_err(|_| format!("{name} is `{text}`, which is no whole number").into())
}

fn set(variables: &Variables<'_>, name: &str) -> Option<String> {
    variables(name).filter(|value| !value.is_empty())
}

/// A variable that must be set.
///
/// # Errors
/// It is not.
pub fn required(variables: &Variables<'_>, name: &str) -> Result<String, Error> {
    set(variables, name).ok_or_else(|| format!("{name} is not set").into())
}
