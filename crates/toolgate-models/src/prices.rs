//! The cost of a model turn, from a dated table of list prices.
//!
//! A model that is not in the table has no price, which is better than a wrong one. `claude-sonnet-4` therefore does
//! not match `claude-sonnet-4-5`, and a custom name never matches the model behind it.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use crate::message::Usage;

/// The table of this version.
const KNOWN: &str = include_str!("prices.json");

/// The prefixes of regional inference profiles.
const REGIONAL: [&str; 7] = ["us.", "eu.", "apac.", "jp.", "au.", "ca.", "us-gov."];
const GLOBAL: &str = "global.";

const TOKENS_PER_PRICE: f64 = 1e6;

/// A table of prices.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The date of the prices.
    dated: String,
    /// Only for display; the table has one currency.
    #[serde(default = "dollars")]
    currency: String,
    /// The source of the prices.
    #[serde(default, rename = "source")]
    _source: String,
    models: Vec<Price>,
}

fn dollars() -> String {
    "USD".to_owned()
}

/// The price of a model per million tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    /// The model's id, without date and version.
    id: String,
    input: f64,
    output: f64,
    /// The price factor for a regional inference profile.
    #[serde(default = "same")]
    regional: f64,
    /// Prices for longer prompts.
    #[serde(default)]
    above: Vec<Above>,
}

/// The price of a prompt with more tokens than this.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Above {
    tokens: u64,
    input: f64,
    output: f64,
}

fn same() -> f64 {
    1.0
}

/// Why a table of prices is not valid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PricesError {
    /// It cannot be read.
    #[error("cannot read the prices `{path}`: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
    /// It is not a valid table of prices.
    #[error("`{path}` is not a valid table of prices: {reason}; docs/models.md shows one")]
    Invalid {
        /// The file.
        path: String,
        /// The reason.
        reason: String,
    },
}

impl Prices {
    /// The table of this version.
    #[must_use]
    pub fn known() -> Self {
        // The table is compiled in, and a test parses it.
        Self::parse(KNOWN).unwrap_or_else(|_| Self {
            dated: String::new(),
            currency: dollars(),
            _source: String::new(),
            models: Vec::new(),
        })
    }

    /// The prices of a file, which replace those of this version.
    ///
    /// # Errors
    /// [`PricesError`] if the file cannot be read or is not a valid table of prices.
    pub fn read(file: &Path) -> Result<Self, PricesError> {
        let path = file.display().to_string();
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(&text).map_err(|reason| PricesError::Invalid { path, reason }),
            Err(source) => Err(PricesError::Unreadable { path, source }),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let prices: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut seen = BTreeMap::new();
        for price in &prices.models {
            let amounts = price.above.iter().flat_map(|above| [above.input, above.output]);
            if amounts.chain([price.input, price.output, price.regional]).any(|amount| amount < 0.0) {
                return Err(format!("a price of `{}` is below zero", price.id));
            }
            if seen.insert(&price.id, ()).is_some() {
                return Err(format!("`{}` occurs twice", price.id));
            }
        }
        Ok(prices)
    }

    /// The date of the prices.
    #[must_use]
    pub fn dated(&self) -> &str {
        &self.dated
    }

    /// The cost of a model turn, if the table has the model. The model may be named as in a template, as an ARN, or as
    /// in the local agent's traces (`bedrock:…`).
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "no model turn has 2^52 tokens")]
    pub fn cost(&self, model: &str, usage: Usage) -> Option<f64> {
        let (id, regional) = plain(model);
        let price = self.models.iter().filter(|price| is_of(id, &price.id)).max_by_key(|price| price.id.len())?;
        let above =
            price.above.iter().filter(|above| usage.input_tokens > above.tokens).max_by_key(|above| above.tokens);
        let (input, output) = above.map_or((price.input, price.output), |above| (above.input, above.output));
        let sum = usage.input_tokens as f64 * input + usage.output_tokens as f64 * output;
        Some(sum * if regional { price.regional } else { 1.0 } / TOKENS_PER_PRICE)
    }

    /// An amount for display: four decimal places, because a model turn costs fractions of a cent.
    #[must_use]
    pub fn amount(&self, cost: f64) -> String {
        if self.currency == "USD" { format!("${cost:.4}") } else { format!("{cost:.4} {}", self.currency) }
    }
}

/// A model's id without prefixes, and whether it uses a regional profile.
fn plain(model: &str) -> (&str, bool) {
    let model = model.strip_prefix("bedrock:").unwrap_or(model);
    let id = if model.starts_with("arn:") { model.rsplit('/').next().unwrap_or(model) } else { model };
    if let Some(id) = id.strip_prefix(GLOBAL) {
        return (id, false);
    }
    REGIONAL.iter().find_map(|prefix| id.strip_prefix(prefix)).map_or((id, false), |id| (id, true))
}

/// Whether an id names the model, followed by nothing but a date and versions: `…-20250929-v1:0`, `…-v1`, `…:0`.
fn is_of(id: &str, model: &str) -> bool {
    let Some(rest) = id.strip_prefix(model) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let date = |text: &str| text.len() == 8 && digits(text);
    let version = |text: &str| text.strip_prefix('v').is_some_and(digits);
    let (rest, revision) = rest.split_once(':').map_or((rest, None), |(rest, revision)| (rest, Some(revision)));
    let mut marks = rest.split('-');
    marks.next() == Some("") && marks.all(|mark| date(mark) || version(mark)) && revision.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLION: Usage = Usage { input_tokens: 1_000_000, output_tokens: 1_000_000 };

    fn cost(model: &str) -> Option<String> {
        let prices = Prices::known();
        prices.cost(model, MILLION).map(|cost| prices.amount(cost))
    }

    #[test]
    fn a_model_is_known_by_any_of_its_names() {
        for name in [
            "anthropic.claude-haiku-4-5",
            "anthropic.claude-haiku-4-5-20251001-v1:0",
            "global.anthropic.claude-haiku-4-5-20251001-v1:0",
            "bedrock:global.anthropic.claude-haiku-4-5-20251001-v1:0",
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
        ] {
            assert_eq!(cost(name).as_deref(), Some("$6.0000"), "{name}");
        }
        let regional =
            "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0";
        assert_eq!(cost(regional).as_deref(), Some("$6.6000"));
        assert_eq!(cost("us.anthropic.claude-3-5-haiku-20241022-v1:0").as_deref(), Some("$4.8000"));
    }

    #[test]
    fn a_model_that_is_not_known_has_no_price() {
        for name in [
            "",
            "anthropic.claude-sonnet-4-20250514-v1:0",
            "anthropic.claude-haiku-4",
            "anthropic.claude-haiku-4-55",
            "anthropic.claude-haiku-4-5-fast",
            "amazon.nova-pro-v1:0",
            "openai:http://127.0.0.1:1/v1#anthropic.claude-haiku-4-5",
            "script:scenarios/shop.yaml",
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl",
        ] {
            assert_eq!(cost(name), None, "{name}");
        }
    }

    #[test]
    fn a_table_of_ones_own_is_read_with_prices_for_long_prompts() {
        let table = r#"{"dated": "2026-11-20", "currency": "EUR", "models": [
            {"id": "my.model", "input": 1, "output": 2, "above": [{"tokens": 100, "input": 10, "output": 20}]}]}"#;
        let prices = Prices::parse(table).unwrap();
        let cost = |input_tokens| prices.cost("my.model-v1:0", Usage { input_tokens, output_tokens: 100 }).unwrap();
        assert_eq!((prices.dated(), prices.amount(cost(100)).as_str()), ("2026-11-20", "0.0003 EUR"));
        assert_eq!(prices.amount(cost(101)), "0.0030 EUR");
    }

    #[test]
    fn mistakes_in_a_table_are_reported() {
        for (table, expected) in [
            ("{}", "dated"),
            (r#"{"dated": "", "models": [{"id": "a", "input": 1}]}"#, "output"),
            (r#"{"dated": "", "models": [{"id": "a", "input": 1, "output": 1, "cache": 1}]}"#, "cache"),
            (r#"{"dated": "", "models": [{"id": "a", "input": -1, "output": 1}]}"#, "below zero"),
            (
                r#"{"dated": "", "models": [{"id": "a", "input": 1, "output": 1}, {"id": "a", "input": 1, "output": 1}]}"#,
                "twice",
            ),
        ] {
            assert!(Prices::parse(table).unwrap_err().contains(expected), "{table}");
        }
        assert!(!Prices::known().models.is_empty());
    }
}
