//! An MCP client that puts questions to its person, and what a careless or hostile one does with them: it answers twice
//! at once, with other arguments, for somebody else, late, or never.

use std::sync::Mutex;

use serde_json::{Value, json};
use support_desk::identity_claim;

use crate::{
    call::{Call, Event, REASONS, Way, Who, Wire},
    instance::body,
    schedule::Fate,
};

/// What a client does with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trick {
    Honest,
    /// Another process gets the same answer, at about the same time.
    Twice,
    /// The first answer is about another amount or another reason.
    Altered,
    /// The first answer is another customer's.
    Foreign,
    /// The answer comes after the storm, on all processes at once.
    Late,
    /// There is no answer.
    Never,
}

/// What a client does with the question of an attempt, and what happens to its answer.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) yes: bool,
    pub(crate) trick: Trick,
    pub(crate) fate: Fate,
}

/// An answer to a question.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) call: usize,
    pub(crate) state: String,
    pub(crate) yes: bool,
    pub(crate) reason: usize,
    pub(crate) spelling: usize,
    pub(crate) change: Change,
}

/// The part of a question that its answer changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Nothing,
    Amount,
    Reason,
    Caller,
}

/// An answer that was sent, and its reply. `None` where it is lost.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) answer: Answer,
    pub(crate) heard: Option<Heard>,
}

/// The content of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The person has to be asked, under this state.
    Question(String),
    /// The answer belongs to no open question about this call.
    Unknown,
    /// An output or an error, byte for byte.
    Body(String),
}

impl Heard {
    /// Reads the reply to a call on this wire.
    pub(crate) fn read(wire: Wire, reply: &str) -> Self {
        if !matches!(wire, Wire::Mcp) {
            return Self::Body(body(reply));
        }
        let reply: Value = serde_json::from_str(reply).unwrap();
        let message: Value = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
        let result = &message["result"];
        if let Some(state) = result["requestState"].as_str() {
            return Self::Question(state.to_owned());
        }
        if message["error"]["code"] == -32602 && message["error"]["data"]["error"]["kind"] == "refused" {
            return Self::Unknown;
        }
        match result["content"][0]["text"].as_str() {
            Some(text) => Self::Body(text.to_owned()),
            None => Self::Body(message["error"]["data"].to_string()),
        }
    }

    /// Whether it shows that an answer counted: an output, or an error after which the call cannot run. After a
    /// transient error it may have counted, or not.
    pub(crate) fn counts(&self) -> bool {
        matches!(self, Self::Body(body) if crate::audit::is_final(body))
    }
}

/// All clients of a schedule: the answers that were sent, and those that another process still sends.
#[derive(Default)]
pub(crate) struct Clients {
    sent: Mutex<Vec<Answered>>,
    spare: Mutex<Vec<Answer>>,
    late: Mutex<Vec<Answer>>,
}

impl Clients {
    /// The answers to a question that this process sends now, in order.
    pub(crate) fn plan(&self, client: &Client, answer: Answer) -> Vec<Answer> {
        let changed = |change| Answer { change, ..answer.clone() };
        match client.trick {
            Trick::Honest => vec![answer],
            Trick::Twice => {
                self.spare.lock().unwrap().push(answer.clone());
                vec![answer]
            }
            Trick::Altered => {
                let change = if answer.spelling.is_multiple_of(2) { Change::Amount } else { Change::Reason };
                vec![changed(change), answer]
            }
            Trick::Foreign => vec![changed(Change::Caller), answer],
            Trick::Late => {
                self.late.lock().unwrap().push(answer);
                Vec::new()
            }
            Trick::Never => Vec::new(),
        }
    }

    /// An answer that another process sends too.
    pub(crate) fn spare(&self) -> Option<Answer> {
        self.spare.lock().unwrap().pop()
    }

    /// The answers that are sent after the storm.
    pub(crate) fn late(&self) -> Vec<Answer> {
        let mut late = std::mem::take(&mut *self.late.lock().unwrap());
        late.append(&mut self.spare.lock().unwrap());
        late
    }

    /// The answers that were sent.
    pub(crate) fn into_sent(self) -> Vec<Answered> {
        self.sent.into_inner().unwrap()
    }

    pub(crate) fn sent(&self, answer: Answer, heard: Option<Heard>) {
        self.sent.lock().unwrap().push(Answered { answer, heard });
    }
}

impl Answer {
    /// The yes of a person in the calm.
    pub(crate) fn yes(call: usize, state: String) -> Self {
        Self { call, state, yes: true, reason: 0, spelling: 0, change: Change::Nothing }
    }

    /// The event that answers the question about `call`.
    pub(crate) fn event(&self, call: &Call) -> Event {
        let mut asked = call.clone();
        let mut reason = self.reason;
        match self.change {
            Change::Nothing => {}
            Change::Amount => asked.cents += 1,
            Change::Reason => reason = (reason + 1) % REASONS.len(),
            Change::Caller => asked.who = Who::Customer("CUST-70999".to_owned()),
        }
        let response = match self.yes {
            true => json!({"action": "accept", "content": {"ok": true}}),
            false => json!({"action": "decline"}),
        };
        event(&asked, reason, self.spelling, Some((&self.state, response)))
    }
}

/// The event of a call, as a function URL sends it behind an authorizer.
pub(crate) fn event(call: &Call, reason: usize, spelling: usize, answer: Option<(&str, Value)>) -> Event {
    const TOOL: &str = "request_refund";
    const VERSION: &str = "2026-07-28";
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
    });
    let mut params = json!({"name": TOOL, "arguments": call.input(reason, spelling), "_meta": meta});
    if let Some((state, response)) = answer {
        params["requestState"] = state.into();
        params["inputResponses"] = json!({"confirm": response});
    }
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let event = json!({
        "version": "2.0", "rawPath": "/mcp", "body": message.to_string(), "isBase64Encoded": false,
        "headers": {
            "content-type": "application/json", "mcp-protocol-version": VERSION, "mcp-method": "tools/call",
            "mcp-name": TOOL,
        },
        "requestContext": {
            "http": {"method": "POST", "path": "/mcp"},
            "authorizer": {"jwt": {"claims": {identity_claim(): call.who.customer()}}},
        },
    });
    Event { body: event.to_string(), client_context: None }
}

/// The way of a call that a client asks its person about.
pub(crate) const fn way() -> Way {
    Way { wire: Wire::Mcp, session: None }
}
