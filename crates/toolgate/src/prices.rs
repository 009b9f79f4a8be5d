//! What model turns cost, from a dated table of list prices, in whole millionths of a dollar.
//!
//! ```
//! use toolgate::prices::{Prices, Tokens};
//!
//! let tokens = Tokens { input: 1_000, output: 200, ..Tokens::default() };
//! let cost = Prices::known().cost("us.anthropic.claude-haiku-4-5-20251001-v1:0", tokens);
//! assert_eq!(cost.map(|cost| cost.to_micros()), Some(2_200));
//! assert_eq!(Prices::known().cost("a-model-of-mine", tokens), None);
//! ```
//!
//! A model that is not in the table has no price, which is better than a wrong one. `claude-sonnet-4` therefore does
//! not match `claude-sonnet-4-5`, and a custom name never matches the model behind it.

use std::{collections::BTreeSet, path::Path};

use serde::{Deserialize, Deserializer};

use crate::budget::Usd;

/// The table of this version.
const KNOWN: &str = include_str!("prices.json");

/// The prefixes of regional inference profiles.
const REGIONAL: [&str; 7] = ["us.", "eu.", "apac.", "jp.", "au.", "ca.", "us-gov."];
const GLOBAL: &str = "global.";

/// Prices are kept per token, in millionths of a millionth of a dollar, and factors in thousandths.
const PER_MICRO: u128 = 1_000_000;
const PER_FACTOR: u128 = 1_000;

/// The input of a model with no other limit in the table: 200,000 tokens.
const CONTEXT: u64 = 200_000;

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
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Price {
    /// The model's id, without date and version.
    id: String,
    input: PerToken,
    output: PerToken,
    /// Input that is read from the prompt cache. Without a price it costs what other input costs.
    cache_read: Option<PerToken>,
    /// Input that is written to the prompt cache. Without a price it costs twice what other input costs.
    cache_write: Option<PerToken>,
    /// The price factor for a regional inference profile.
    #[serde(default)]
    regional: Factor,
    /// The most input tokens of one model turn.
    #[serde(default = "context")]
    context: u64,
    /// Prices for longer prompts.
    #[serde(default)]
    above: Vec<Above>,
}

fn context() -> u64 {
    CONTEXT
}

/// The price of a prompt with more tokens than this.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Above {
    tokens: u64,
    input: PerToken,
    output: PerToken,
}

#[derive(Debug, Clone, Copy)]
struct PerToken(u128);

#[derive(Debug, Clone, Copy)]
struct Factor(u128);

impl Default for Factor {
    fn default() -> Self {
        Self(PER_FACTOR)
    }
}

impl<'de> Deserialize<'de> for PerToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole(f64::deserialize(deserializer)?, 6).map(Self).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole(f64::deserialize(deserializer)?, 3).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A number with at most so many decimal places, as a whole number of the smallest of them.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked before")]
fn whole(number: f64, places: i32) -> Result<u128, String> {
    // beyond this a floating-point number cannot hold six decimal places
    const MOST: f64 = 1e6;
    if !(0.0..=MOST).contains(&number) {
        return Err(format!("{number} is below zero or above {MOST}"));
    }
    let scaled = number * 10_f64.powi(places);
    match (scaled - scaled.round()).abs() < 1e-3 {
        true => Ok(scaled.round() as u128),
        false => Err(format!("{number} has more than {places} decimal places")),
    }
}

/// The tokens of one model turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Input, without what the prompt cache read or wrote.
    pub input: u64,
    /// Output.
    pub output: u64,
    /// Input that was read from the prompt cache.
    pub cache_read: u64,
    /// Input that was written to the prompt cache.
    pub cache_write: u64,
}

/// Why a table of prices is not valid.
#[derive(Debug)]
#[non_exhaustive]
pub enum PricesError {
    /// It cannot be read.
    Unreadable {
        /// The file.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
    /// It is not a valid table of prices.
    Invalid {
        /// The file.
        path: String,
        /// The reason.
        reason: String,
    },
}

impl std::fmt::Display for PricesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable { path, source } => write!(f, "cannot read the prices `{path}`: {source}"),
            Self::Invalid { path, reason } => {
                write!(f, "`{path}` is not a valid table of prices: {reason}; docs/models.md shows one")
            }
        }
    }
}

impl std::error::Error for PricesError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { source, .. } => Some(source),
            Self::Invalid { .. } => None,
        }
    }
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

    /// The prices of a text in JSON, which replace those of this version.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let prices: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut seen = BTreeSet::new();
        for price in &prices.models {
            if !seen.insert(&price.id) {
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

    /// The cost of a model turn, rounded up, if the table has the model. The model may be named as in a template, as an
    /// ARN, or as in the local agent's traces (`bedrock:…`).
    #[must_use]
    pub fn cost(&self, model: &str, tokens: Tokens) -> Option<Usd> {
        let (id, is_regional) = plain(model);
        let price = self.price(id)?;
        let prompt = tokens.input.saturating_add(tokens.cache_read).saturating_add(tokens.cache_write);
        let above = price.above.iter().filter(|above| prompt > above.tokens).max_by_key(|above| above.tokens);
        let (input, output) = above.map_or((price.input, price.output), |above| (above.input, above.output));
        // the prices of the cache follow those of the input, in a longer prompt too
        let like_input = |cache: Option<PerToken>, otherwise: u128| match cache {
            Some(cache) if above.is_none() => cache.0,
            _ => otherwise,
        };
        let parts = [
            (tokens.input, input.0),
            (tokens.output, output.0),
            (tokens.cache_read, like_input(price.cache_read, input.0)),
            (tokens.cache_write, like_input(price.cache_write, 2 * input.0)),
        ];
        let sum: u128 = parts.iter().map(|(tokens, price)| u128::from(*tokens) * price).sum();
        let factor = if is_regional { price.regional.0 } else { PER_FACTOR };
        let micros = sum.saturating_mul(factor).div_ceil(PER_MICRO * PER_FACTOR);
        Some(Usd::micros(u64::try_from(micros).unwrap_or(u64::MAX)))
    }

    /// The most that one model turn with so many output tokens can cost: the longest input at its price. It holds
    /// where nothing is written to the prompt cache, which agents do only if they are told to.
    #[must_use]
    pub fn dearest_turn(&self, model: &str, output: u64) -> Option<Usd> {
        let input = self.price(plain(model).0)?.context;
        self.cost(model, Tokens { input, output, ..Tokens::default() })
    }

    fn price(&self, id: &str) -> Option<&Price> {
        self.models.iter().filter(|price| is_of(id, &price.id)).max_by_key(|price| price.id.len())
    }

    /// An amount for display: four decimal places, because a model turn costs fractions of a cent.
    #[must_use]
    pub fn amount(&self, cost: Usd) -> String {
        // half a hundredth of a cent is rounded up
        let rounded = cost.to_micros().saturating_add(50) / 100;
        let number = format!("{}.{:04}", rounded / 10_000, rounded % 10_000);
        if self.currency == "USD" { format!("${number}") } else { format!("{number} {}", self.currency) }
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

    const MILLION: Tokens = Tokens { input: 1_000_000, output: 1_000_000, cache_read: 0, cache_write: 0 };

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
        let tokens = |input| Tokens { input, output: 100, ..Tokens::default() };
        let cost = |input| prices.cost("my.model-v1:0", tokens(input)).unwrap();
        assert_eq!((prices.dated(), prices.amount(cost(100)).as_str()), ("2026-11-20", "0.0003 EUR"));
        assert_eq!(prices.amount(cost(101)), "0.0030 EUR");
    }

    #[test]
    fn mistakes_in_a_table_are_reported() {
        for (table, expected) in [
            ("{}", "dated"),
            (r#"{"dated": "", "models": [{"id": "a", "input": 1}]}"#, "output"),
            (r#"{"dated": "", "models": [{"id": "a", "input": 1, "output": 1, "cache": 1}]}"#, "cache"),
            (
                r#"{"dated": "", "models": [{"id": "a", "input": 1.0000001, "output": 1}]}"#,
                "more than 6 decimal places",
            ),
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

    #[test]
    fn a_cost_is_rounded_up_and_the_cache_never_costs_less_than_it_may() {
        let table = r#"{"dated": "2026-11-20", "models": [
            {"id": "known", "input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75, "regional": 1.1},
            {"id": "other", "input": 3, "output": 15, "context": 1000}]}"#;
        let prices = Prices::parse(table).unwrap();
        let micros = |model, input, output, cache_read, cache_write| {
            let tokens = Tokens { input, output, cache_read, cache_write };
            prices.cost(model, tokens).unwrap().to_micros()
        };
        assert_eq!(micros("known", 1, 0, 0, 0), 3);
        assert_eq!(micros("us.known", 1, 0, 0, 0), 4, "3.3 is rounded up");
        assert_eq!(micros("known", 0, 0, 1_000, 1_000), 300 + 3_750);
        assert_eq!(micros("other", 0, 0, 1_000, 1_000), 3_000 + 6_000, "without a price of the cache");
        assert_eq!(micros("known", 0, 0, 0, 0), 0);
        assert_eq!(micros("known", u64::MAX, u64::MAX, u64::MAX, u64::MAX), u64::MAX, "a sum saturates");
        let highest = r#"{"dated": "2026-11-20", "models": [
            {"id": "highest", "input": 1000000, "output": 1000000, "regional": 1000000}]}"#;
        let tokens = Tokens { input: u64::MAX, output: u64::MAX, cache_read: u64::MAX, cache_write: u64::MAX };
        let cost = Prices::parse(highest).unwrap().cost("us.highest", tokens);
        assert_eq!(cost.map(Usd::to_micros), Some(u64::MAX), "so does the highest price that a table may have");
        let dearest = |model, output| prices.dearest_turn(model, output).map(Usd::to_micros);
        assert_eq!(dearest("known", 4_000), Some(600_000 + 60_000));
        assert_eq!(dearest("other", 0), Some(3_000), "its input is limited by the table");
        assert_eq!(dearest("unknown", 0), None);
    }
}
