//! How many calls wait for a person, and for how long. The inputs, the callers and the sessions are not even read.

use std::{collections::HashSet, time::Duration};

use crate::{
    approvals::{Approvals, ApprovalsError},
    item::{Item, Read, number, text},
    keys::{CALL, DECISION},
};

/// How many parts of the table are read at the same time. A request reads one megabyte of a part.
const SEGMENTS: i32 = 4;

/// The calls that wait for a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitingCalls {
    /// How many wait.
    pub count: u64,
    /// How long the oldest has waited. Zero if none waits.
    pub oldest: Duration,
}

impl WaitingCalls {
    /// The only attributes that [`Approvals::waiting`] names. A role can be restricted to them (`dynamodb:Attributes`).
    pub const ATTRIBUTES: [&str; 5] = ["id", "approval", "parkedAt", "expiresAt", "usedBy"];
}

impl Approvals {
    /// Counts the calls that wait for a person. A call that has expired, has run or has been decided does not count.
    ///
    /// It reads the whole table, so its time and its price grow with the table. Limit its time where that matters. A
    /// decision counts by its approval alone: a call whose content was replaced after the decision is no longer counted,
    /// although [`list`](Self::list) shows it. A call without an approval id or an expiry cannot be decided, and does not
    /// count.
    ///
    /// # Errors
    /// `Store`.
    pub async fn waiting(&self) -> Result<WaitingCalls, ApprovalsError> {
        let now = self.clock.now();
        // one list per segment
        let [first, second, third, fourth] = [0, 1, 2, 3].map(|segment| Box::pin(self.segment(segment, now)));
        let (first, second, third, fourth) = tokio::try_join!(first, second, third, fourth)?;
        let items = || [&first, &second, &third, &fourth].into_iter().flatten();
        let part = |item: &'_ Item, prefix: &str| -> Option<(String, String)> {
            Some((item.text("id")?.strip_prefix(prefix)?.to_owned(), item.text("approval")?.to_owned()))
        };
        let decided: HashSet<_> = items().filter_map(|item| part(item, DECISION)).collect();
        let mut waiting = WaitingCalls::default();
        for item in items() {
            if part(item, CALL).is_some_and(|call| !decided.contains(&call)) {
                let parked = item.number("parkedAt").unwrap_or(u64::MAX);
                let age = Duration::from_millis(self.clock.now_millis().saturating_sub(parked));
                waiting.count += 1;
                waiting.oldest = waiting.oldest.max(age);
            }
        }
        Ok(waiting)
    }

    /// The calls that have neither expired nor run, and the decisions, of one part of the table.
    async fn segment(&self, segment: i32, now: u64) -> Result<Vec<Item>, ApprovalsError> {
        let mut scan = self.client.scan().table_name(&self.table).segment(segment).total_segments(SEGMENTS);
        let names = WaitingCalls::ATTRIBUTES.map(|name| format!("#{name}"));
        for (name, attribute) in names.iter().zip(WaitingCalls::ATTRIBUTES) {
            scan = scan.expression_attribute_names(name, attribute);
        }
        let scan = scan
            .projection_expression(names.join(", "))
            .filter_expression(
                "#expiresAt >= :now AND attribute_not_exists(#usedBy) \
                 AND (begins_with(#id, :call) OR begins_with(#id, :decision))",
            )
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":call", text(CALL))
            .expression_attribute_values(":decision", text(DECISION));
        let mut pages = scan.into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|error| self.failed("Scan", &error))?);
        }
        Ok(items)
    }
}
