//! About 200 customers, 1,000 orders and 300 invoices. They are the same at every seeding.

use jiff::{SignedDuration, ToSpan, civil::Date};

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
    let mut sequence = Sequence(0x7001_6a7e);
    let people: Vec<(String, String)> =
        (1..=CUSTOMERS).map(|place| (format!("CUST-{place:05}"), name(place))).collect();
    let customers =
        people.iter().enumerate().map(|(place, (id, name))| person(id, name, place, &mut sequence)).collect();
    let orders = (0..ORDERS).map(|place| order(place, &people, clock, &mut sequence)).collect();
    let invoices = (0..INVOICES).map(|place| bill(place, &people, &mut sequence)).collect();
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

fn person(id: &str, name: &str, place: usize, sequence: &mut Sequence) -> Item {
    let number = id.trim_start_matches("CUST-");
    let mailbox = name.to_lowercase().replace(' ', ".");
    let address = format!(
        "{} {} Street, {}, OH 4{:04}",
        1 + sequence.below(240),
        sequence.pick(&STREETS),
        sequence.pick(&TOWNS),
        sequence.below(10_000)
    );
    let status = match place % 20 {
        7 => "suspended",
        13 => "closed",
        _ => "active",
    };
    let limit = (1 + i64::from(sequence.below(50))) * 10_000;
    // the numbers 555-0100 to 555-0199 are reserved for fiction
    let phone = format!("+1 555-010-01{:02}", sequence.below(100));
    customer(id, name, &format!("{mailbox}.{number}@example.org"), &phone, &address, status, limit)
}

fn order(place: u32, people: &[(String, String)], clock: &Clock, sequence: &mut Sequence) -> Item {
    let id = format!("ORD-{}", 20_000 + place * 7);
    debug_assert!(!STORY_ORDERS.contains(&id.as_str()));
    let customer_id = people.get(sequence.below(CUSTOMERS) as usize).map_or(JANE, |(id, _)| id);
    let now = clock.now();
    let back = |hours: u32| now.checked_sub(SignedDuration::from_hours(hours.into())).unwrap_or(now);
    let ordered = 24 + sequence.below(600 * 24);
    let shipped = ordered.saturating_sub(12 + sequence.below(48));
    let delivered = shipped.saturating_sub(24 + sequence.below(96));
    let (state, shipped_at, delivered_at) = match sequence.below(20) {
        0 => (OrderState::Cancelled, None, None),
        1 => (OrderState::Returned, Some(shipped), Some(delivered)),
        _ if shipped == 0 => (OrderState::Placed, None, None),
        _ if delivered == 0 => (OrderState::Shipped, Some(shipped), None),
        _ => (OrderState::Delivered, Some(shipped), Some(delivered)),
    };
    let lines = (0..1 + sequence.below(3)).map(|_| sequence.pick(&GOODS)).collect();
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

fn bill(place: u32, people: &[(String, String)], sequence: &mut Sequence) -> Item {
    let companies: Vec<_> = people.iter().enumerate().filter(|(at, _)| at % 4 == 3).map(|(_, person)| person).collect();
    let (id, name) = companies.get(sequence.below(49) as usize).map_or(ACME, |(id, name)| (id.as_str(), name.as_str()));
    let date = Date::constant(2024, 1, 1).saturating_add(i64::from(sequence.below(900)).days());
    let amount = Money::cents(5_000 + i64::from(sequence.below(2_400_000)));
    let status = sequence.pick(&["paid", "paid", "paid", "open", "overdue"]);
    invoice(&format!("INV-{}-{}", date.year(), 1_000 + place), id, name, date, amount, status)
}

/// A small random number generator (SplitMix64) with a stable output.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) % u64::from(end.max(1))).unwrap_or_default()
    }

    fn pick<T: Copy + Default>(&mut self, list: &[T]) -> T {
        let index = self.below(u32::try_from(list.len()).unwrap_or(1)) as usize;
        list.get(index).copied().unwrap_or_default()
    }
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
