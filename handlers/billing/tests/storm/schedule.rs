//! A random schedule: the refunds, the callers, the repeats, their times and places, and the faults. All of it comes
//! from one seed. The interleaving of the processes does not, so a seed may need several runs to reproduce a failure.

use std::{collections::HashSet, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use crate::{
    call::{Call, REASONS, SPELLINGS, Way, Who, Wire},
    client::{self, Client, Trick},
    faults::Faults,
};

/// All decisions that are made in advance.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) seed: u64,
    pub(crate) orders: Vec<Order>,
    pub(crate) sessions: Vec<String>,
    pub(crate) calls: Vec<Call>,
    /// The channel of each call.
    pub(crate) channels: Vec<Channel>,
    /// For each process, the attempts that are sent to it, in order.
    pub(crate) sent: Vec<Vec<Sent>>,
    /// How many of a hundred requests fail.
    pub(crate) fault_rate: u32,
    /// How many of a hundred parked calls are approved.
    pub(crate) approval_rate: u32,
}

/// The wires that a call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// The wires of Bedrock Agents, which has asked a person.
    Agents,
    /// The gateway, where each call waits for a person.
    Gateway,
    /// Both of these.
    Both,
    /// An MCP client that asks its person, and the gateway, where the same call waits for an approver.
    Client,
}

/// An order before the first refund.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) customer: String,
    pub(crate) charges: Vec<i64>,
    /// The amount of the first charge before a person corrected it by hand. The order's stored figure still counts the
    /// old amount, until a refund updates it.
    pub(crate) corrected_from: Option<i64>,
    /// The order was stored before orders kept the rest of each charge.
    pub(crate) old: bool,
}

impl Order {
    pub(crate) fn paid(&self) -> i64 {
        self.charges.iter().sum()
    }

    /// The id of the charge with this index.
    pub(crate) fn charge(&self, place: usize) -> String {
        format!("CHG-{}-{place}", self.id.trim_start_matches("ORD-"))
    }

    /// The amount of this charge, if it exists.
    pub(crate) fn charged(&self, charge: &str) -> Option<i64> {
        let place = (0..self.charges.len()).find(|place| self.charge(*place) == charge)?;
        self.charges.get(place).copied()
    }

    /// The charges that the stored figure counts.
    pub(crate) fn counted(&self) -> Vec<i64> {
        let (first, rest) = self.charges.split_first().unwrap();
        std::iter::once(self.corrected_from.unwrap_or(*first)).chain(rest.iter().copied()).collect()
    }
}

/// One attempt at a call.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// The index of the call in the schedule.
    pub(crate) call: usize,
    pub(crate) way: Way,
    pub(crate) reason: usize,
    pub(crate) spelling: usize,
    /// The delay before the attempt.
    pub(crate) pause: Duration,
    /// The function's timeout.
    pub(crate) limit: Duration,
    pub(crate) fate: Fate,
    /// What the client does, where it has to ask its person.
    pub(crate) client: Client,
}

/// The fate of an attempt, in addition to the proxy's faults.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    Nothing,
    /// The process is killed this long after the call was sent, at whatever point it is then.
    Killed(Duration),
    /// The reply does not reach the agent.
    ReplyLost,
}

/// The maximum automatic refund per order.
pub(crate) const AUTOMATIC: i64 = 50_000;

/// An order that never exists.
pub(crate) const NO_ORDER: &str = "ORD-404";

impl Schedule {
    pub(crate) fn random(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let orders: Vec<Order> = (0..rng.random_range(1..=3)).map(|place| order(&mut rng, place)).collect();
        let sessions: Vec<String> = (0..rng.random_range(2..=4)).map(|place| format!("s-{seed:x}-{place}")).collect();
        let mut calls = Vec::new();
        let mut known = HashSet::new();
        for _ in 0..rng.random_range(3..=9) {
            let call = call(&mut rng, &orders, &sessions);
            // an equal call would be a repeat, and repeats are sent on purpose
            if known.insert(call.clone()) {
                calls.push(call);
            }
        }
        let channels: Vec<Channel> = calls.iter().map(|call| channel(&mut rng, &call.who)).collect();
        let mut sent = vec![Vec::new(); rng.random_range(2..=4)];
        for call in 0..calls.len() {
            for _ in 0..rng.random_range(1..=4) {
                let process = rng.random_range(0..sent.len());
                let place = rng.random_range(0..=sent[process].len());
                let way = way(&mut rng, &calls[call].who, channels[call], &sessions);
                sent[process].insert(place, attempt(&mut rng, call, way));
            }
        }
        let fault_rate = *[0, 10, 25, 40, 60].choose(&mut rng).unwrap();
        let approval_rate = *[40, 75, 95].choose(&mut rng).unwrap();
        Self { seed, orders, sessions, calls, channels, sent, fault_rate, approval_rate }
    }

    /// The wire and session of the next attempt at a call: another wire and another session each time, if the call has
    /// several.
    pub(crate) fn way(&self, call: usize, nth: usize) -> Way {
        let wire = if nth.is_multiple_of(2) { Wire::Function } else { Wire::Api };
        match (&self.calls[call].who, self.channels[call]) {
            (_, Channel::Gateway) | (Who::Gateway, _) => Way::gateway(),
            (_, Channel::Both | Channel::Client) if nth % 2 == 1 => Way::gateway(),
            (_, Channel::Client) => client::way(),
            (Who::Customer(_), _) => Way::on(wire, &self.sessions[(call + nth) % self.sessions.len()]),
            (Who::Desk { session }, _) => Way::on(wire, session),
        }
    }

    /// The faults between process `process` and the database.
    pub(crate) fn faults(&self, process: usize) -> Faults {
        let process = u64::try_from(process).unwrap();
        Faults::new(self.seed ^ (process + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15), self.fault_rate)
    }
}

fn order(rng: &mut StdRng, place: usize) -> Order {
    let charges = match rng.random_range(0..4) {
        // a duplicate charge
        0 => vec![rng.random_range(100..30_000); 2],
        // refunded in a few steps that never need a person
        1 => vec![rng.random_range(1..20_000)],
        // here the limit of automatic refunds decides
        2 => vec![rng.random_range(40_000..150_000)],
        _ => (0..rng.random_range(1..=3)).map(|_| rng.random_range(1..60_000)).collect(),
    };
    let corrected_from = (rng.random_range(0..4) == 0).then(|| rng.random_range(1..=charges[0] * 2));
    Order {
        id: format!("ORD-{}", 700 + place),
        customer: format!("CUST-{}", 70_000 + place % 2),
        charges,
        corrected_from,
        old: rng.random_range(0..5) == 0,
    }
}

fn call(rng: &mut StdRng, orders: &[Order], sessions: &[String]) -> Call {
    let order = orders.choose(rng).unwrap();
    let paid = order.paid();
    let cents = match rng.random_range(0..16) {
        0..=2 => *order.charges.choose(rng).unwrap(),
        3 => (paid / 2).max(1),
        4 => paid,
        // brings a figure that was corrected upwards back to its old value
        13..=15 if order.corrected_from.is_some_and(|from| from < order.charges[0]) => {
            order.charges[0] - order.corrected_from.unwrap()
        }
        5 => paid + rng.random_range(1..1_000),
        6 if paid >= AUTOMATIC => AUTOMATIC,
        7..=8 if paid > AUTOMATIC => rng.random_range(AUTOMATIC + 1..=paid),
        // round amounts, which several sessions may request
        9..=10 => (rng.random_range(1..=5) * 1_000).min(paid),
        _ => rng.random_range(1..=(paid / 4).clamp(1, 25_000)),
    };
    let who = match rng.random_range(0..10) {
        0 => Who::Gateway,
        1..=3 => Who::Desk { session: sessions.choose(rng).unwrap().clone() },
        4..=8 => Who::Customer(order.customer.clone()),
        // another customer, in a session of their own or with a session id that others use too
        _ => Who::Customer("CUST-79999".to_owned()),
    };
    let charge = match rng.random_range(0..20) {
        0..=8 => Some(order.charge(rng.random_range(0..order.charges.len()))),
        // a charge that does not exist
        9 => Some(order.charge(order.charges.len())),
        _ => None,
    };
    let order = match rng.random_range(0..25) {
        0 => NO_ORDER.to_owned(),
        _ => order.id.clone(),
    };
    Call { who, order, cents, charge }
}

fn channel(rng: &mut StdRng, who: &Who) -> Channel {
    match who {
        Who::Gateway => Channel::Gateway,
        Who::Desk { .. } => Channel::Agents,
        Who::Customer(_) => {
            let all = [Channel::Agents, Channel::Gateway, Channel::Both, Channel::Client, Channel::Client];
            *all.choose(rng).unwrap()
        }
    }
}

fn way(rng: &mut StdRng, who: &Who, channel: Channel, sessions: &[String]) -> Way {
    let session = match who {
        Who::Desk { session } => session,
        _ => sessions.choose(rng).unwrap(),
    };
    let over_gateway = match channel {
        Channel::Agents => false,
        Channel::Gateway => true,
        Channel::Both => rng.random_range(0..3) == 0,
        Channel::Client if rng.random() => return client::way(),
        Channel::Client => true,
    };
    match over_gateway {
        true => Way::gateway(),
        false => Way::on(if rng.random() { Wire::Function } else { Wire::Api }, session),
    }
}

fn attempt(rng: &mut StdRng, call: usize, way: Way) -> Sent {
    let fate = fate(rng);
    let tricks = [Trick::Honest, Trick::Twice, Trick::Altered, Trick::Foreign, Trick::Late, Trick::Late, Trick::Never];
    let trick = *tricks.choose(rng).unwrap();
    let client = Client { yes: rng.random_range(0..4) > 0, trick, fate: self::fate(rng) };
    Sent {
        call,
        way,
        reason: rng.random_range(0..REASONS.len()),
        spelling: rng.random_range(0..SPELLINGS),
        pause: Duration::from_millis([0, 0, 0, rng.random_range(1..30)].choose(rng).copied().unwrap()),
        limit: Duration::from_millis(*[500, 900, 3_000].choose(rng).unwrap()),
        fate,
        client,
    }
}

fn fate(rng: &mut StdRng) -> Fate {
    match rng.random_range(0..20) {
        0 => Fate::Killed(Duration::from_micros(rng.random_range(0..25_000))),
        1 => Fate::ReplyLost,
        _ => Fate::Nothing,
    }
}
