//! The formats of ids, and new ids.

use std::sync::LazyLock;

use data_encoding::BASE32_NOPAD;
use regex::Regex;

/// A customer's id: `CUST-` and 5 digits.
pub static CUSTOMER_ID: LazyLock<Regex> = LazyLock::new(|| pattern("^CUST-[0-9]{5}$"));

/// An order's number: `ORD-` and 3 to 10 digits.
pub static ORDER_ID: LazyLock<Regex> = LazyLock::new(|| pattern("^ORD-[0-9]{3,10}$"));

/// A charge's id: `CHG-`, 3 to 10 digits, and its number in the order.
pub static CHARGE_ID: LazyLock<Regex> = LazyLock::new(|| pattern("^CHG-[0-9]{3,10}-[0-9]{1,3}$"));

/// A phone number: `+` and 7 to 15 digits, with spaces, dots or hyphens between them.
pub static PHONE: LazyLock<Regex> = LazyLock::new(|| pattern("^\\+[0-9](?:[ .-]?[0-9]){6,14}$"));

#[expect(clippy::expect_used, reason = "the patterns are constants, and a test compiles each")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// A new id: the prefix and 10 upper-case base32 characters (50 random bits).
pub(crate) fn new(prefix: &str) -> String {
    let mut id = prefix.to_owned();
    id.extend(BASE32_NOPAD.encode(&rand::random::<[u8; 7]>()).chars().take(10));
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_know_what_they_name() {
        assert!(CUSTOMER_ID.is_match("CUST-12345") && !CUSTOMER_ID.is_match("CUST-1234"));
        assert!(CHARGE_ID.is_match("CHG-123-2") && !CHARGE_ID.is_match("CHG-123"));
        assert!(
            ORDER_ID.is_match("ORD-404") && !ORDER_ID.is_match("ORD-12345678901") && !ORDER_ID.is_match("xORD-404")
        );
        assert!(PHONE.is_match("+1 555-010-0199") && PHONE.is_match("+49.30.1234567"));
        assert!(!PHONE.is_match("555-0100") && !PHONE.is_match("+12345") && !PHONE.is_match("+1--5550100"));
    }

    #[test]
    fn new_ids_have_ten_characters_after_the_prefix() {
        let id = new("RET-");
        assert!(Regex::new("^RET-[A-Z2-7]{10}$").unwrap().is_match(&id), "{id}");
        assert_ne!(id, new("RET-"));
    }
}
