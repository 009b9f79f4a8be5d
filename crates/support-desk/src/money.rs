//! Money: integer cents in the table, two decimal places in the output, never a float.

use std::{fmt, iter::Sum};

use rust_decimal::{Decimal, prelude::ToPrimitive};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount of US dollars, in integer cents. It is written as `"129.95"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Money(i64);

impl Money {
    /// An amount of cents.
    pub const fn cents(cents: i64) -> Self {
        Self(cents)
    }

    /// The amount in cents.
    pub const fn to_cents(self) -> i64 {
        self.0
    }

    /// The amount as a decimal number of dollars.
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, 2)
    }
}

/// The sum saturates at the largest amount. Values that a person wrote into a table may have any size, and a sum that
/// wraps around would be wrong.
impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.fold(0, |sum, amount| sum.saturating_add(amount.0)))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.to_decimal())
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Money {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Money".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "description": "An amount with two decimal places."})
    }
}

/// An amount in a request: positive, with at most two decimal places, as a number or as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(Money);

impl Amount {
    /// The largest amount in a request: a billion dollars. It is far below the range of an `i64` in cents.
    const LIMIT: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

    /// Parses the decimal text of an amount.
    ///
    /// # Errors
    /// A description of a valid amount, where the text is not one.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "an amount above 0 with at most two decimal places, such as 129.95";
        let text = text.trim();
        let decimal = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).map_err(|_| WRONG)?;
        let cents = decimal.checked_mul(Decimal::ONE_HUNDRED).filter(|cents| cents.fract().is_zero());
        if decimal <= Decimal::ZERO || decimal > Self::LIMIT {
            return Err(WRONG);
        }
        cents.and_then(|cents| cents.to_i64()).map(|cents| Self(Money(cents))).ok_or(WRONG)
    }

    /// The amount.
    pub const fn money(self) -> Money {
        self.0
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&decimal_text(deserializer)?).map_err(de::Error::custom)
    }
}

/// An amount for comparisons: as [`Amount`], but it may be 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Threshold(Money);

impl Threshold {
    /// The amount.
    pub const fn money(self) -> Money {
        self.0
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = decimal_text(deserializer)?;
        match Decimal::from_str_exact(text.trim()) {
            Ok(zero) if zero.is_zero() => Ok(Self(Money::default())),
            _ => Amount::parse(&text).map(|amount| Self(amount.0)).map_err(de::Error::custom),
        }
    }
}

/// The decimal text of a number or a text.
fn decimal_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Visitor;

    impl de::Visitor<'_> for Visitor {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an amount")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
            Ok(number.to_string())
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
            Ok(number.to_string())
        }

        /// JSON numbers arrive as floats. The shortest text of such a float is the text that the caller wrote.
        fn visit_f64<E: de::Error>(self, number: f64) -> Result<String, E> {
            Ok(number.to_string())
        }
    }

    deserializer.deserialize_any(Visitor)
}

/// A number or text, with a limit at 0. Text stays text during conversion, so that an amount in text never passes
/// through a float.
fn amount_schema(limit: &str) -> Schema {
    json_schema!({
        "type": ["number", "string"],
        limit: 0,
        "multipleOf": 0.01,
        "pattern": "^ *[0-9]+([.][0-9]{1,2}0*)? *$",
    })
}

impl JsonSchema for Amount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        amount_schema("exclusiveMinimum")
    }
}

impl JsonSchema for Threshold {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Threshold".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        amount_schema("minimum")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_exact_and_what_is_none_is_refused() {
        for (text, cents) in [("129.95", 12_995), ("500", 50_000), ("0.1", 10), (" 7.50 ", 750), ("1e3", 100_000)] {
            assert_eq!(Amount::parse(text).unwrap().money().to_cents(), cents, "{text}");
        }
        for text in ["0", "-1", "1.001", "", "NaN", "inf", "1,000", "$5", "1e30", "99999999999"] {
            assert!(Amount::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_threshold_may_be_nothing() {
        for (json, cents) in
            [("0", Some(0)), ("\"0.00\"", Some(0)), ("10000", Some(1_000_000)), ("-1", None), ("\"x\"", None)]
        {
            let threshold = serde_json::from_str::<Threshold>(json).ok();
            assert_eq!(threshold.map(|threshold| threshold.money().to_cents()), cents, "{json}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_survives_text_and_json_numbers(cents in 1_i64..100_000_000_000) {
            let text = Money::cents(cents).to_string();
            prop_assert_eq!(Amount::parse(&text).unwrap().money().to_cents(), cents);
            let number: serde_json::Value = serde_json::from_str(&text).unwrap();
            let amount: Amount = serde_json::from_value(number).unwrap();
            prop_assert_eq!(amount.money().to_cents(), cents);
        }
    }
}
