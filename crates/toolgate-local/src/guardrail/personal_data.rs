//! The types of personal data that patterns and check digits can find. The others need AWS's models.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    ops::Range,
};

use super::{
    checksums::{aba, luhn, mod_11, mod_97, vin},
    groups::{CAPITALS, DIGITS, LABELLED, digits, has_lengths, numbers, numbers_without_id},
    pattern::Detector,
};

/// The first digits of card networks: American Express, Diners and JCB; Visa; Mastercard; Discover and UnionPay.
const NETWORKS: [char; 5] = ['2', '3', '4', '5', '6'];

/// The groups in which a card's number is printed.
const CARDS: [&[usize]; 7] =
    [&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[6, 13], &[4, 4, 4, 2], &[4, 3, 3, 3]];

/// With a country code, or in the groups of North America. What follows these may be the rest of a date or of an amount.
const PHONE: &str = concat!(
    r"\+[1-9](?:[ .()/-]{0,2}[0-9]){7,14}\b",
    r"|\(?[2-9][0-9]{2}(?:\) ?|[-. ])[2-9][0-9]{2}[-. ][0-9]{4}(?:-[0-9]{2}-[0-9]{2}|\.[0-9]{2})?\b",
);

/// The match begins and ends where a word does, so that no part of an address stays.
const EMAIL: &str = concat!(
    r"[\p{Alphabetic}\p{N}_][\p{Alphabetic}\p{N}._%+'-]*@",
    r"(?:[\p{Alphabetic}\p{N}-]+\.)+\p{L}{2,}[\p{Alphabetic}\p{N}]*",
);

/// The detector of a type; `None` if this type cannot be evaluated here.
pub(super) fn detector(kind: &str) -> Option<Detector> {
    match kind {
        "EMAIL" => Detector::new(EMAIL, whole),
        // Digits alone may be an id or an amount.
        "PHONE" => Detector::new(PHONE, phone),
        "CREDIT_DEBIT_CARD_NUMBER" => Detector::new(DIGITS, |run| numbers(run, is_card)),
        "US_SOCIAL_SECURITY_NUMBER" => Detector::new(DIGITS, |run| numbers(run, is_social_security)),
        "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER" => Detector::new(DIGITS, |run| numbers(run, is_us_taxpayer)),
        "US_BANK_ROUTING_NUMBER" => Detector::new(LABELLED, |run| {
            numbers_without_id(run, |text| {
                has_lengths(text, &[9]) && text.starts_with(['0', '1', '2', '3', '6', '7', '8']) && aba(text)
            })
        }),
        "CA_SOCIAL_INSURANCE_NUMBER" => {
            Detector::new(DIGITS, |run| numbers(run, |text| has_lengths(text, &[3, 3, 3]) && luhn(text)))
        }
        "UK_NATIONAL_HEALTH_SERVICE_NUMBER" => Detector::new(LABELLED, |run| {
            numbers_without_id(run, |text| (has_lengths(text, &[3, 3, 4]) || has_lengths(text, &[10])) && mod_11(text))
        }),
        "UK_NATIONAL_INSURANCE_NUMBER" => {
            Detector::new(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]", whole)
        }
        "INTERNATIONAL_BANK_ACCOUNT_NUMBER" => Detector::new(CAPITALS, |run| numbers(run, is_iban)),
        "VEHICLE_IDENTIFICATION_NUMBER" => Detector::new("[A-HJ-NPR-Z0-9]{17}", |text| one(text, vin(text))),
        "IP_ADDRESS" => Detector::new(r"[0-9]+(?:\.[0-9]+)+|[0-9A-Fa-f]*(?::[0-9A-Fa-f]*){2,}", ip_address),
        "MAC_ADDRESS" => Detector::new("(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}", whole),
        "URL" => Detector::new(r#"[\p{Alphabetic}\p{N}]*(?i:https?)://[^\s<>"{}|\\^`]+"#, without_punctuation),
        "AWS_ACCESS_KEY" => Detector::new("(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}", whole),
        _ => None,
    }
}

fn one(text: &str, is_match: bool) -> Vec<Range<usize>> {
    is_match.then_some(0..text.len()).into_iter().collect()
}

fn whole(text: &str) -> Vec<Range<usize>> {
    one(text, true)
}

fn is_card(text: &str) -> bool {
    let is_plain = (13..=19).contains(&text.len()) && digits(text) == text.len();
    (is_plain || CARDS.iter().any(|lengths| has_lengths(text, lengths))) && text.starts_with(NETWORKS) && luhn(text)
}

/// A number ends before an amount, so that `+12.50 2026-11-30` has none.
fn phone(text: &str) -> Vec<Range<usize>> {
    const BETWEEN: [char; 5] = [' ', '-', '/', '(', ')'];
    if !text.starts_with('+') {
        return one(text, digits(text) == 10);
    }
    let is_amount = |part: &&str| part.split_once('.').is_some_and(|(_, cents)| cents.len() == 2);
    let parts = text.split_inclusive(BETWEEN).take_while(|part| !is_amount(&part.trim_end_matches(BETWEEN)));
    let end = parts.map(str::len).sum();
    let number = text.get(..end).unwrap_or_default().trim_end_matches(|char: char| !char.is_ascii_digit());
    one(number, digits(number) >= 8)
}

/// The areas 000, 666 and 900 to 999, the group 00 and the serial number 0000 are not in use.
fn is_social_security(text: &str) -> bool {
    has_lengths(text, &[3, 2, 4])
        && !["000", "666", "9"].iter().any(|area| text.starts_with(area))
        && text.get(4..6) != Some("00")
        && !text.ends_with("0000")
}

fn is_us_taxpayer(text: &str) -> bool {
    has_lengths(text, &[3, 2, 4]) && text.starts_with('9') && text.get(4..5).is_some_and(|group| group >= "5")
}

fn is_iban(text: &str) -> bool {
    let head: Vec<char> = text.chars().take(4).collect();
    let length = text.chars().filter(char::is_ascii_alphanumeric).count();
    matches!(head.as_slice(), ['A'..='Z', 'A'..='Z', '0'..='9', '0'..='9'])
        && (15..=34).contains(&length)
        && mod_97(text)
}

/// Version 6 needs some digits: `a::b` is also the name of a Rust item.
fn ip_address(text: &str) -> Vec<Range<usize>> {
    if text.parse::<Ipv4Addr>().is_ok() {
        return whole(text);
    }
    let end = text.strip_suffix(':').filter(|rest| !rest.ends_with(':')).unwrap_or(text);
    one(end, end.parse::<Ipv6Addr>().is_ok() && end.chars().filter(char::is_ascii_hexdigit).count() >= 4)
}

fn without_punctuation(text: &str) -> Vec<Range<usize>> {
    let end = text.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'']);
    one(end, !end.ends_with("//"))
}
