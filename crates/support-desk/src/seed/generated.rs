//! About 200 customers, 1,000 orders and 300 invoices. They are the same at every seeding.

use jiff::{SignedDuration, ToSpan, civil::Date};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng, seq::IndexedRandom};

use super::{
    fixtures::{ACME, JANE, STORY_ORDERS},
    records::{Line, Order, customer, invoice},
};
use crate::{clock::Clock, item::Item, money::Money, order::OrderState};

const CUSTOMERS: u32 = 198;
const ORDERS: u32 = 997;
const INVOICES: u32 = 253;

const FIRST: [&str; 20] = [
    "Ada", "Ben", "Carla", "David", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kira", "Liam", "Mona", "Nils",
    "Olga", "Pedro", "Rosa", "Samir", "Tara", "Viktor",
];
const LAST: [&str; 20] = [
    "Abbott", "Brandt", "Castro", "Dreyer", "Evans", "Fischer", "Garcia", "Hansen", "Ivanova", "Jensen", "Keller",
    "Lopez", "Meyer", "Novak", "Okafor", "Petrov", "Quinn", "Rossi", "Silva", "Turner",
];
const TRADES: [&str; 8] = ["Tools", "Foods", "Textiles", "Logistics", "Optics", "Paper", "Gardens", "Motors"];
const STREETS: [&str; 8] = ["Main", "Oak", "Lake", "Hill", "Park", "Mill", "River", "Station"];
const TOWNS: [&str; 8] = ["Dayton", "Salem", "Bristol", "Milton", "Auburn", "Clayton", "Oxford", "Newport"];
const GOODS: [Line<'static>; 12] = [
    ("Desk lamp", 1, 12_995),
    ("Wool blanket", 1, 6_450),
    ("Coffee grinder", 1, 8_900),
    ("Notebook, pack of 5", 2, 1_790),
    ("Backpack", 1, 7_995),
    ("Water bottle", 3, 1_495),
    ("Office chair", 1, 42_500),
    ("Headphones", 1, 14_900),
    ("Garden hose", 1, 3_280),
    ("Tea set", 1, 5_600),
    ("Bicycle light", 2, 2_490),
    ("Umbrella", 1, 2_150),
];

pub(super) struct Crowd {
    pub(super) customers: Vec<Item>,
    pub(super) orders: Vec<Item>,
    pub(super) invoices: Vec<Item>,
}

pub(super) fn make(clock: &Clock) -> Crowd {
    // ChaCha has the same output on every platform; the standard generator of the library may change.
    let mut rng = ChaCha8Rng::seed_from_u64(0x7001_6a7e);
    let people: Vec<(String, String)> =
        (1..=CUSTOMERS).map(|place| (format!("CUST-{place:05}"), name(place))).collect();
    let customers = people.iter().enumerate().map(|(place, (id, name))| person(id, name, place, &mut rng)).collect();
    let orders = (0..ORDERS).map(|place| order(place, &people, clock, &mut rng)).collect();
    let invoices = (0..INVOICES).map(|place| bill(place, &people, &mut rng)).collect();
    Crowd { customers, orders, invoices }
}

/// A unique name. Every fourth customer is a company.
fn name(place: u32) -> String {
    let at = |list: &[&'static str], index: u32| -> &'static str {
        list.get(index as usize % list.len()).copied().unwrap_or_default()
    };
    match place % 4 {
        0 => format!("{} {}", at(&LAST, place / 4), at(&TRADES, place / 80 + place / 4)),
        _ => format!("{} {}", at(&FIRST, place), at(&LAST, place / 20 + place * 7)),
    }
}

fn person(id: &str, name: &str, place: usize, rng: &mut ChaCha8Rng) -> Item {
    let number = id.trim_start_matches("CUST-");
    let mailbox = name.to_lowercase().replace(' ', ".");
    let address = format!(
        "{} {} Street, {}, OH 4{:04}",
        1 + rng.random_range(0..240),
        pick(&STREETS, rng),
        pick(&TOWNS, rng),
        rng.random_range(0..10_000)
    );
    let status = match place % 20 {
        7 => "suspended",
        13 => "closed",
        _ => "active",
    };
    let limit = (1 + rng.random_range(0..50_i64)) * 10_000;
    // the numbers 555-0100 to 555-0199 are reserved for fiction
    let phone = format!("+1 555-010-01{:02}", rng.random_range(0..100));
    customer(id, name, &format!("{mailbox}.{number}@example.org"), &phone, &address, status, limit)
}

fn order(place: u32, people: &[(String, String)], clock: &Clock, rng: &mut ChaCha8Rng) -> Item {
    let id = format!("ORD-{}", 20_000 + place * 7);
    debug_assert!(!STORY_ORDERS.contains(&id.as_str()));
    let customer_id = people.get(rng.random_range(0..CUSTOMERS) as usize).map_or(JANE, |(id, _)| id);
    let now = clock.now();
    let back = |hours: u32| now.checked_sub(SignedDuration::from_hours(hours.into())).unwrap_or(now);
    let ordered = 24 + rng.random_range(0..600 * 24_u32);
    let shipped = ordered.saturating_sub(12 + rng.random_range(0..48));
    let delivered = shipped.saturating_sub(24 + rng.random_range(0..96));
    let (state, shipped_at, delivered_at) = match rng.random_range(0..20) {
        0 => (OrderState::Cancelled, None, None),
        1 => (OrderState::Returned, Some(shipped), Some(delivered)),
        _ if shipped == 0 => (OrderState::Placed, None, None),
        _ if delivered == 0 => (OrderState::Shipped, Some(shipped), None),
        _ => (OrderState::Delivered, Some(shipped), Some(delivered)),
    };
    let lines = (0..1 + rng.random_range(0..3)).map(|_| pick(&GOODS, rng)).collect();
    Order {
        id,
        customer_id,
        state,
        ordered_at: back(ordered),
        shipped_at: shipped_at.map(back),
        delivered_at: delivered_at.map(back),
        lines,
        duplicates: vec![],
    }
    .item()
}

fn bill(place: u32, people: &[(String, String)], rng: &mut ChaCha8Rng) -> Item {
    let companies: Vec<_> = people.iter().enumerate().filter(|(at, _)| at % 4 == 3).map(|(_, person)| person).collect();
    let (id, name) =
        companies.get(rng.random_range(0..49_usize)).map_or(ACME, |(id, name)| (id.as_str(), name.as_str()));
    let date = Date::constant(2024, 1, 1).saturating_add(rng.random_range(0..900_i64).days());
    let amount = Money::cents(5_000 + rng.random_range(0..2_400_000_i64));
    let status = pick(&["paid", "paid", "paid", "open", "overdue"], rng);
    invoice(&format!("INV-{}-{}", date.year(), 1_000 + place), id, name, date, amount, status)
}

/// One of a list.
fn pick<T: Copy + Default>(list: &[T], rng: &mut ChaCha8Rng) -> T {
    list.choose(rng).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_generated_data_is_reproducible_and_its_names_differ() {
        let clock = Clock::fixed("2026-11-20T12:00:00Z".parse().unwrap());
        let (one, other) = (make(&clock), make(&clock));
        assert_eq!(one.customers, other.customers);
        assert_eq!(one.orders, other.orders);
        assert_eq!(one.invoices, other.invoices);
        let names: HashSet<_> = one.customers.iter().map(|item| item["name"].as_s().unwrap().to_lowercase()).collect();
        assert_eq!(names.len(), one.customers.len());
    }
}
