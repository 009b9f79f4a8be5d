//! Keys of effects: typed values in one canonical spelling.
//!
//! A key is made from typed values, not from their text, so that every spelling of one input has the same key: members
//! in any order, `null` or absent, a default or left out. A number has one spelling, in every numeric type: `10`,
//! `10.00` and `1e1` are equal. Decimal types serialise as text and keep their scale. Therefore plain decimal digits
//! count as a number, unless the type is a text type: the `String` `"1.10"` is not equal to `"1.1"`.

mod encode;

use std::fmt;

use serde::Serialize;

/// The values that identify an effect, made by [`key`].
#[derive(Clone)]
pub struct Key(Result<Vec<u8>, String>);

/// Makes the key of an effect from a value, or from a tuple of values.
///
/// ```
/// use toolgate::key;
///
/// struct RequestRefund { order_id: String, amount: f64 }
///
/// let by = |refund: &RequestRefund| key((&refund.order_id, refund.amount));
/// let one = by(&RequestRefund { order_id: "ORD-123".into(), amount: 10.0 });
/// assert_eq!(one, key(("ORD-123", 10)));
/// assert_ne!(one, key(("ORD-123", 10.01)));
/// ```
pub fn key(values: impl Serialize) -> Key {
    let mut bytes = Vec::new();
    let encoded = encode::Encoder::of(&mut bytes, &values);
    Key(encoded.map(|()| bytes).map_err(|error| error.to_string()))
}

impl Key {
    /// The encoded values.
    ///
    /// # Errors
    /// A value cannot be serialised.
    pub(crate) fn bytes(&self) -> Result<&[u8], &str> {
        self.0.as_deref().map_err(String::as_str)
    }
}

/// Two keys are equal if their values are equal. A value that cannot be serialised is equal to no other.
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        matches!((&self.0, &other.0), (Ok(one), Ok(two)) if one == two)
    }
}

/// Shows nothing of the values, because a person may have written them.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        borrow::Cow,
        collections::{BTreeMap, HashMap},
    };

    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;

    /// Serialises as `rust_decimal::Decimal` does: text, with its scale.
    struct Decimal(&'static str);

    impl Serialize for Decimal {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(self.0)
        }
    }

    #[derive(Serialize)]
    struct Line<'a> {
        sku: &'a str,
        count: Option<u8>,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    enum CompiledSchema {
        Unit,
        New(u8),
        Pair(u8, u8),
        Named { side: u8 },
    }

    fn hex(key: &Key) -> String {
        key.bytes().unwrap().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_number_has_one_spelling() {
        let ten = key(10);
        for other in
            [key(10u64), key(10.0), key(10f32), key(1e1), key(10i128), key(Decimal("10")), key(Decimal("10.00"))]
        {
            assert_eq!(other, ten);
        }
        assert_eq!(key(-0.0), key(0));
        assert_eq!(key(Decimal("-0.00")), key(0));
        assert_eq!(key(Decimal("129.950")), key(129.95));
        assert_eq!(key(Some(Decimal("0.50"))), key(0.5));
        assert_ne!(key(Decimal("10.01")), ten);
        // too long for a float, but still exact
        assert_ne!(key(Decimal("12345678901234567890.12")), key(Decimal("12345678901234567890.13")));
    }

    #[test]
    fn text_is_as_it_is_written() {
        for (one, two) in [("1.10", "1.1"), ("007", "7"), ("10", "10.0"), ("1e1", "10"), ("a", "A"), ("", " ")] {
            assert_ne!(key(one), key(two));
            assert_ne!(key(one.to_owned()), key(two.to_owned()));
            assert_ne!(key((&&Some(Cow::Borrowed(one)),)), key((&&Some(Cow::Borrowed(two)),)));
            assert_ne!(key([one]), key([two]));
            assert_ne!(key(Line { sku: one, count: None }), key(Line { sku: two, count: None }));
            assert_ne!(key(HashMap::from([(one, 1)])), key(HashMap::from([(two, 1)])));
        }
        assert_eq!(key("a"), key(String::from("a")));
        assert_ne!(key("10"), key(10));
    }

    #[test]
    fn absent_is_null_and_order_does_not_matter() {
        assert_eq!(key(None::<u8>), key(()));
        let line = key(Line { sku: "x", count: None });
        assert_eq!(line, key(BTreeMap::from([("sku", "x")])));
        assert_ne!(line, key(Line { sku: "x", count: Some(0) }));
        let forth = serde_json::json!({"a": 1, "b": {"c": 2, "d": [1, 2]}, "e": null});
        let back: serde_json::Value = serde_json::from_str(r#"{"b":{"d":[1,2.0],"c":2e0},"a":1.0}"#).unwrap();
        assert_eq!(key(&forth), key(&back));
        assert_ne!(key([1, 2]), key([2, 1]));
    }

    #[test]
    fn no_two_values_run_together() {
        assert_ne!(key(("ab", "c")), key(("a", "bc")));
        assert_ne!(key(("a",)), key(("a", "")));
        assert_ne!(key([["a"], ["b"]]), key([["a", "b"]]));
        assert_ne!(key((1, 23)), key((12, 3)));
    }

    #[test]
    fn a_value_that_does_not_serialise_is_no_key() {
        struct Broken;
        impl Serialize for Broken {
            fn serialize<S: serde::Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("no"))
            }
        }
        assert_eq!(key(("a", Broken)).bytes(), Err("no"));
        assert_ne!(key(Broken), key(Broken));
    }

    /// Stored keys outlive a deployment, so the encoding must never change.
    #[test]
    fn the_encoding_is_pinned() {
        assert_eq!(
            hex(&key(("ORD-123", Decimal("129.950"), None::<u8>, true))),
            "6c00000000000000047300000000000000074f52442d3132336e00000000000000063132392e39357a74"
        );
        let shapes = key((
            CompiledSchema::Unit,
            CompiledSchema::New(1),
            CompiledSchema::Pair(1, 2),
            CompiledSchema::Named { side: 3 },
        ));
        assert_eq!(
            hex(&shapes),
            "6c0000000000000004730000000000000004756e69746d00000000000000017300000000000000036e65776e0000000000000001316d0000000000000001730000000000000004706169726c00000000000000026e0000000000000001316e0000000000000001326d00000000000000017300000000000000056e616d65646d0000000000000001730000000000000004736964656e000000000000000133"
        );
        assert_eq!(
            hex(&key(Line { sku: "x-1", count: Some(2) })),
            "6d0000000000000002730000000000000003736b75730000000000000003782d31730000000000000005636f756e746e000000000000000132"
        );
    }

    proptest! {
        #[test]
        fn every_spelling_of_a_number_is_one_key(cents in -1_000_000_000_i64..1_000_000_000, zeros in 0_usize..6) {
            let (sign, whole, places) = (if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100);
            let text = format!("{sign}{whole}.{places:02}{}", "0".repeat(zeros));
            let float: f64 = text.parse().unwrap();
            let json: serde_json::Value = serde_json::from_str(&format!("{cents}e-2")).unwrap();
            prop_assert_eq!(key(Decimal(Box::leak(text.into_boxed_str()))), key(float));
            prop_assert_eq!(key(json), key(float));
        }

        #[test]
        fn different_texts_are_different_keys(one in ".{0,12}", two in ".{0,12}") {
            prop_assert_eq!(key((&one, &two)) == key((&two, &one)), one == two);
        }
    }
}
