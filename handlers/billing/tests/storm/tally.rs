//! What happened, in figures: a storm in which nothing went wrong would prove nothing.

use std::{collections::BTreeMap, fmt};

use crate::{
    audit::{Replies, error},
    books::Books,
    schedule::Schedule,
};

/// Figures of one schedule, or of many.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(BTreeMap<&'static str, usize>, BTreeMap<&'static str, usize>);

impl Tally {
    pub(crate) fn of(schedule: &Schedule) -> Self {
        let mut tally = Self::default();
        tally.count("schedules", 1);
        tally.count("calls", schedule.calls.len());
        tally.count("sent in the storm", schedule.sent.iter().map(Vec::len).sum());
        tally
    }

    fn count(&mut self, what: &'static str, number: usize) {
        *self.0.entry(what).or_default() += number;
    }

    pub(crate) fn get(&self, what: &str) -> usize {
        self.0.get(what).or(self.1.get(what)).copied().unwrap_or_default()
    }

    /// Attempts without a reply, by how it got lost.
    pub(crate) fn lost(&mut self, lost: BTreeMap<&'static str, usize>) {
        lost.into_iter().for_each(|(how, number)| self.count(how, number));
    }

    pub(crate) fn proxy(&mut self, requests: usize, faults: BTreeMap<&'static str, usize>) {
        self.count("requests", requests);
        for (name, number) in faults {
            *self.1.entry(name).or_default() += number;
        }
    }

    pub(crate) fn ended(&mut self, books: &Books, replies: &Replies, starts: usize) {
        let all = || replies.iter().flatten();
        let outputs = all().filter(|body| error(body).is_none()).count();
        self.count("processes started", starts);
        self.count("replies", all().count());
        self.count("refunds", books.ledger.len() - books.tickets.len());
        self.count("tickets", books.tickets.len());
        self.count("replays", outputs.saturating_sub(books.ledger.len()));
        self.count(
            "calls refused",
            replies.iter().filter(|told| told.last().is_some_and(|body| error(body).is_some())).count(),
        );
        for body in all() {
            match error(body).as_deref() {
                Some("timed out") => self.count("replies `timed out`", 1),
                Some("conflict") => self.count("replies `conflict`", 1),
                _ => {}
            }
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (what, number) in &other.0 {
            *self.0.entry(what).or_default() += number;
        }
        for (what, number) in &other.1 {
            *self.1.entry(what).or_default() += number;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, number) in &self.0 {
            writeln!(f, "{number:>8} {what}")?;
        }
        writeln!(f, "{:>8} faults at the proxy:", self.1.values().sum::<usize>())?;
        for (name, number) in &self.1 {
            writeln!(f, "{number:>8}   {name}")?;
        }
        Ok(())
    }
}
