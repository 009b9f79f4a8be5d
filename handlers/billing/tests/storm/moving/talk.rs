//! The conversations of MCP clients on a moving clock. An answer may come after its question has expired.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use super::{Moving, audit::Reply};
use crate::{
    call::Received,
    client::{Answer, Change, Clients, Heard, way},
    schedule::Sent,
};

/// How long a question is open, in seconds (`docs/mcp.md`).
const OPEN: u64 = 10 * 60;

/// A yes of a person, with the times in seconds at which its request started and ended.
#[derive(Debug, Clone)]
pub(super) struct Yes {
    pub(super) call: usize,
    pub(super) begun: u64,
    pub(super) ended: u64,
}

/// What the clients of a schedule know.
#[derive(Default)]
pub(super) struct Talk {
    clients: Clients,
    /// When the reply with each question came.
    asked: Mutex<BTreeMap<String, u64>>,
    yes: Mutex<Vec<Yes>>,
    wrong: Mutex<Vec<String>>,
    /// Answers that came after their question had expired.
    late: Mutex<usize>,
}

impl Talk {
    /// Every yes, what must not have happened, and how many answers came too late.
    pub(super) fn into_parts(self) -> (Vec<Yes>, Vec<String>, usize) {
        (self.yes.into_inner().unwrap(), self.wrong.into_inner().unwrap(), self.late.into_inner().unwrap())
    }

    /// Notes a question to the person of `attempt`, and sends the answers to it.
    pub(super) async fn answer(&self, moving: &Moving, attempt: &Sent, state: String) -> Vec<Reply> {
        self.asked.lock().unwrap().insert(state.clone(), moving.clock.seconds());
        let Sent { call, reason, spelling, ref client, limit, .. } = *attempt;
        let answer = Answer { call, state, yes: client.yes, reason, spelling, change: Change::Nothing };
        let mut replies = Vec::new();
        for answer in self.clients.plan(client, answer) {
            replies.extend(self.say(moving, answer, limit).await);
        }
        replies
    }

    /// Sends an answer that another task sends too.
    pub(super) async fn spare(&self, moving: &Moving, limit: Duration) -> Vec<Reply> {
        match self.clients.spare() {
            Some(answer) => self.say(moving, answer, limit).await.into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// Sends what the last phase has left.
    pub(super) async fn late(&self, moving: &Moving, limit: Duration) -> Vec<Reply> {
        let mut replies = Vec::new();
        for answer in self.clients.late() {
            replies.extend(self.say(moving, answer, limit).await);
        }
        replies
    }

    /// Asks the person of a call in the calm, who agrees.
    pub(super) async fn agree(&self, moving: &Moving, call: usize, state: String, limit: Duration) -> Option<Reply> {
        self.asked.lock().unwrap().insert(state.clone(), moving.clock.seconds());
        self.say(moving, Answer::yes(call, state), limit).await
    }

    /// Sends an answer. Returns a reply to the call itself.
    async fn say(&self, moving: &Moving, answer: Answer, limit: Duration) -> Option<Reply> {
        let begun = moving.clock.seconds();
        let event = answer.event(&moving.schedule.calls[answer.call]);
        let heard = moving.invoke(&way(), &event, limit).await;
        let ended = moving.clock.seconds();
        let asked = self.asked.lock().unwrap().get(&answer.state).copied().unwrap_or_default();
        let is_late = begun > asked + OPEN + 1;
        *self.late.lock().unwrap() += usize::from(is_late);
        let is_own = answer.yes && answer.change == Change::Nothing;
        if is_own && !is_late {
            self.yes.lock().unwrap().push(Yes { call: answer.call, begun, ended });
        }
        let heard = heard?;
        if heard.counts() && (is_late || answer.change != Change::Nothing) {
            self.wrong.lock().unwrap().push(format!("an answer counted at {begun}, asked at {asked}: {answer:?}"));
        }
        match heard {
            Heard::Body(body) if is_own => {
                Some(Reply { call: answer.call, received: Received { session: None, body }, begun, ended })
            }
            _ => None,
        }
    }
}
