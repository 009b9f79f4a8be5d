//! A queue with the rules of SQS: at least once, in any order, and to the dead-letter queue after too many receives.
//!
//! The visibility timeout has no clock. A message that failed is visible again at once, at a random place.

use rand::{Rng, RngExt, seq::SliceRandom};
use serde_json::{Value, json};

/// `maxReceiveCount` of the queue, as in the template.
pub(crate) const RECEIVES: u32 = 10;
/// `BatchSize` of the event source mapping, as in the template.
const BATCH: usize = 4;

/// The queue and its dead-letter queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    messages: Vec<Message>,
    /// The messages of the dead-letter queue.
    pub(crate) dead: Vec<Message>,
    sent: usize,
    /// How many of 100 deliveries leave the message visible, so that it is delivered again.
    pub(crate) duplicates: u32,
}

/// One message.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    id: String,
    pub(crate) body: String,
    receives: u32,
    is_hidden: bool,
}

impl Queue {
    pub(crate) fn send(&mut self, body: &str) {
        self.sent += 1;
        let id = format!("message-{}", self.sent);
        self.messages.push(Message { id, body: body.to_owned(), receives: 0, is_hidden: false });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Whether a message with this property has only one try left, or none.
    pub(crate) fn is_last_try(&self, of: impl Fn(&str) -> bool) -> bool {
        self.messages.iter().any(|message| message.receives >= RECEIVES - 1 && of(&message.body))
    }

    /// A batch of visible messages as Lambda delivers it, of any size. `None` if nothing is visible.
    pub(crate) fn receive(&mut self, random: &mut impl Rng) -> Option<Value> {
        self.messages.shuffle(random);
        let size = random.random_range(1..=BATCH);
        let mut records = Vec::new();
        for message in self.messages.iter_mut().filter(|message| !message.is_hidden).take(size) {
            message.receives += 1;
            message.is_hidden = random.random_range(0..100) >= self.duplicates;
            records.push(json!({
                "messageId": message.id, "receiptHandle": "handle", "body": message.body,
                "attributes": {"ApproximateReceiveCount": message.receives.to_string(), "SentTimestamp": "1796000000000"},
                "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:digest",
            }));
        }
        (!records.is_empty()).then(|| json!({"Records": records}))
    }

    /// Deletes the messages of a batch that did not fail, and returns the others to the queue.
    pub(crate) fn settle(&mut self, batch: &Value, reply: Option<&str>) {
        let ids: Vec<_> =
            batch["Records"].as_array().unwrap().iter().map(|one| one["messageId"].as_str().unwrap()).collect();
        let failed = match reply {
            // the whole batch fails with the function
            None => ids.iter().map(|id| (*id).to_owned()).collect(),
            Some(reply) => failed(reply),
        };
        assert!(failed.iter().all(|id| ids.contains(&id.as_str())), "a message that was not delivered: {failed:?}");
        for id in ids {
            let Some(at) = self.messages.iter().position(|message| message.id == id) else { continue };
            if !failed.iter().any(|failed| failed == id) {
                self.messages.swap_remove(at);
            } else if self.messages[at].receives >= RECEIVES {
                self.dead.push(self.messages.swap_remove(at));
            } else {
                self.messages[at].is_hidden = false;
            }
        }
    }
}

/// The ids of a reply. Lambda delivers the whole batch again for any other shape.
fn failed(reply: &str) -> Vec<String> {
    let reply: Value = serde_json::from_str(reply).unwrap();
    let members: Vec<_> = reply.as_object().unwrap().keys().collect();
    assert_eq!(members, ["batchItemFailures"], "{reply}");
    let item = |item: &Value| {
        assert_eq!(item.as_object().unwrap().len(), 1, "{reply}");
        item["itemIdentifier"].as_str().unwrap().to_owned()
    };
    reply["batchItemFailures"].as_array().unwrap().iter().map(item).collect()
}
