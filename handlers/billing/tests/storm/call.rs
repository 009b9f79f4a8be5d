//! One logical refund call: what an agent wants to have happened once, and the events it may send for that.

use serde_json::{Value, json};

/// What an agent wants to have happened once. Session, customer, order and amount make it; the reason does not.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) session: String,
    /// Whom the session is bound to; the desk itself where nobody.
    pub(crate) customer: Option<String>,
    pub(crate) order: String,
    pub(crate) cents: i64,
}

/// The wire that a call comes on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wire {
    Function,
    Api,
}

/// The reasons that an agent may give for one and the same refund.
pub(crate) const REASONS: [&str; 3] =
    ["charged twice", "The customer was charged two times.", "duplicate charge, the customer asks for it back"];

/// How often an amount can be written in another way.
pub(crate) const SPELLINGS: usize = 6;

impl Call {
    /// The event, with one of the reasons and one of the spellings of the amount.
    pub(crate) fn event(&self, wire: Wire, reason: usize, spelling: usize) -> String {
        let parameters = json!([
            {"name": "orderId", "type": "string", "value": self.order},
            {"name": "amount", "type": "number", "value": spelled(self.cents, spelling)},
            {"name": "reason", "type": "string", "value": REASONS[reason]},
        ]);
        let mut event = json!({
            "messageVersion": "1.0",
            "agent": {"name": "billing", "id": "Billing", "alias": "TSTALIASID", "version": "DRAFT"},
            "inputText": "(the customer's words)",
            "sessionId": self.session,
            "actionGroup": "billing",
            "sessionAttributes": {},
            "promptSessionAttributes": {},
        });
        if let Some(customer) = &self.customer {
            event["sessionAttributes"]["customerId"] = json!(customer);
        }
        match wire {
            Wire::Function => {
                event["function"] = json!("request_refund");
                event["parameters"] = parameters;
            }
            Wire::Api => {
                event["apiPath"] = json!("/request_refund");
                event["httpMethod"] = json!("POST");
                event["requestBody"] = json!({"content": {"application/json": {"properties": parameters}}});
            }
        }
        event.to_string()
    }

    /// As [`event`](Self::event), for a first try.
    pub(crate) fn plain(&self, wire: Wire) -> String {
        self.event(wire, 0, 0)
    }
}

/// Whole cents as the desk writes them.
pub(crate) fn dollars(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// One amount, as text with spaces or zeros around it, or as a JSON number with a zero at its end.
fn spelled(cents: i64, spelling: usize) -> Value {
    let text = dollars(cents);
    // no float is exact, but the shortest text of the nearest one is
    let number = || serde_json::from_str::<Value>(&format!("{text}0")).unwrap();
    match spelling {
        0 => json!(text),
        1 => number(),
        2 => json!(format!(" {text} ")),
        3 => json!(format!("0{text}0")),
        4 => json!(text.strip_suffix(".00").or(text.strip_suffix('0')).unwrap_or(&text)),
        _ if cents % 100 == 0 => json!(cents / 100),
        _ => number(),
    }
}
