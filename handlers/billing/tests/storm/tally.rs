//! Counts the events of a storm. A storm without faults would prove nothing.

use std::{collections::BTreeMap, fmt};

use crate::{
    audit::{Replies, error},
    books::Books,
    client::{Change, Heard},
    schedule::Schedule,
};

/// The counts of one schedule, or of several.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    counts: BTreeMap<&'static str, usize>,
    /// Faults at the proxies, by name.
    faults: BTreeMap<&'static str, usize>,
}

impl Tally {
    pub(crate) fn of(schedule: &Schedule) -> Self {
        let mut tally = Self::default();
        tally.count("schedules", 1);
        tally.count("calls", schedule.calls.len());
        tally.count("sent in the storm", schedule.sent.iter().map(Vec::len).sum());
        tally
    }

    fn count(&mut self, what: &'static str, number: usize) {
        *self.counts.entry(what).or_default() += number;
    }

    pub(crate) fn get(&self, what: &str) -> usize {
        self.counts.get(what).or(self.faults.get(what)).copied().unwrap_or_default()
    }

    /// Attempts without a reply, by the reason.
    pub(crate) fn lost(&mut self, lost: BTreeMap<&'static str, usize>) {
        lost.into_iter().for_each(|(how, number)| self.count(how, number));
    }

    pub(crate) fn proxy(&mut self, requests: usize, faults: BTreeMap<&'static str, usize>) {
        self.count("requests", requests);
        add(&mut self.faults, &faults);
    }

    pub(crate) fn started(&mut self, starts: usize) {
        self.count("processes started", starts);
    }

    pub(crate) fn ended(&mut self, books: &Books, replies: &Replies) {
        let all = || replies.iter().flatten();
        let outputs = all().filter(|received| error(&received.body).is_none()).count();
        self.count("replays in another session", all().filter(|received| received.first().1.is_some()).count());
        self.count("replies", all().count());
        self.count("refunds", books.ledger.len().saturating_sub(books.tickets.len()));
        self.count("tickets", books.tickets.len());
        let parked = books.approvals.iter().filter(|item| item["id"].as_s().is_ok_and(|id| id.starts_with("call#")));
        self.count("calls parked", parked.count());
        self.count("calls approved", books.decided.iter().filter(|heard| heard.approved).count());
        self.count("calls denied by a person", books.decided.iter().filter(|heard| !heard.approved).count());
        self.count(
            "effects over the gateway",
            books.ledger.iter().filter(|record| !record.contains_key("session")).count(),
        );
        self.count("replays", outputs.saturating_sub(books.ledger.len()));
        self.count(
            "calls refused",
            replies
                .iter()
                .filter(|received| received.last().is_some_and(|received| error(&received.body).is_some()))
                .count(),
        );
        self.clients(books);
        for received in all() {
            match error(&received.body).as_deref() {
                Some("timed out") => self.count("replies `timed out`", 1),
                Some("conflict") => self.count("replies `conflict`", 1),
                _ => {}
            }
        }
    }

    /// The answers of MCP clients.
    fn clients(&mut self, books: &Books) {
        for answered in &books.answered {
            let (answer, heard) = (&answered.answer, &answered.heard);
            self.count("answers of clients", 1);
            match (answer.change, heard) {
                (_, None) => self.count("answers without a reply", 1),
                (Change::Nothing, Some(Heard::Unknown)) => self.count("answers that came too late", 1),
                (Change::Nothing, Some(heard)) if heard.counts() => self.count("answers that counted", 1),
                (Change::Nothing, _) => {}
                (Change::Caller, Some(_)) => self.count("answers for somebody else", 1),
                (_, Some(_)) => self.count("answers with altered arguments", 1),
            }
            let declined = matches!(heard, Some(Heard::Body(body)) if body.contains("the person has declined"));
            self.count("questions declined", usize::from(declined));
        }
        let rows = books.approvals.iter().filter(|item| item["id"].as_s().is_ok_and(|id| id.starts_with("elicit#")));
        for answer in rows.filter_map(|row| row.get("answer")?.as_s().ok()) {
            match answer.as_str() {
                "accepted" => self.count("questions accepted", 1),
                "decided" => self.count("questions decided by an approver", 1),
                _ => {}
            }
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        add(&mut self.counts, &other.counts);
        add(&mut self.faults, &other.faults);
    }
}

fn add(to: &mut BTreeMap<&'static str, usize>, from: &BTreeMap<&'static str, usize>) {
    for (name, number) in from {
        *to.entry(name).or_default() += number;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, number) in &self.counts {
            writeln!(f, "{number:>8} {what}")?;
        }
        writeln!(f, "{:>8} faults at the proxy:", self.faults.values().sum::<usize>())?;
        for (name, number) in &self.faults {
            writeln!(f, "{number:>8}   {name}")?;
        }
        Ok(())
    }
}
