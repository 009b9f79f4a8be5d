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

    /// Whether the prices are in US dollars, so that they can be compared with a budget.
    #[must_use]
    pub fn are_in_dollars(&self) -> bool {
        self.currency == "USD"
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
        if self.are_in_dollars() { format!("${number}") } else { format!("{number} {}", self.currency) }
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
mod tests;
