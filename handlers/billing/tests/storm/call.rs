//! One logical refund call: an effect that an agent wants once, and the events that it may send for it.

use serde_json::{Value, json};
use support_desk::{IDENTITY_HEADER, Item};

use crate::{audit::string, client};

/// An effect that an agent wants once. Caller, order, amount and charge identify it. The reason does not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    pub(crate) who: Who,
    pub(crate) order: String,
    pub(crate) cents: i64,
    /// The charge to refund, where the call is about one charge.
    pub(crate) charge: Option<String>,
}

/// The scope of a call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// A customer, in any session.
    Customer(String),
    /// The desk itself, in this session.
    Desk { session: String },
    /// The desk itself, over the gateway. Only a person's approval identifies a repeat.
    Gateway,
}

impl Who {
    pub(crate) fn customer(&self) -> Option<&str> {
        match self {
            Self::Customer(customer) => Some(customer),
            Self::Desk { .. } | Self::Gateway => None,
        }
    }
}

/// The wire of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wire {
    Function,
    Api,
    Gateway,
    /// An MCP client that asks its person.
    Mcp,
}

/// The wire and the session of an attempt.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) wire: Wire,
    /// The session, on the wires that have one.
    pub(crate) session: Option<String>,
}

/// The input of a Lambda function.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) body: String,
    pub(crate) client_context: Option<String>,
}

/// A reply, and the session of its call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) session: Option<String>,
    pub(crate) body: String,
}

/// The reasons that an agent may give for the same refund.
pub(crate) const REASONS: [&str; 3] =
    ["charged twice", "The customer was charged two times.", "duplicate charge, the customer asks for it back"];

/// The number of spellings of an amount.
pub(crate) const SPELLINGS: usize = 6;

impl Call {
    /// The event, with one of the reasons and one of the spellings of the amount.
    pub(crate) fn event(&self, way: &Way, reason: usize, spelling: usize) -> Event {
        match way.wire {
            Wire::Gateway => return self.gateway(reason, spelling),
            Wire::Mcp => return client::event(self, reason, spelling, None),
            Wire::Function | Wire::Api => {}
        }
        let mut parameters = vec![
            json!({"name": "orderId", "type": "string", "value": self.order}),
            json!({"name": "amount", "type": "number", "value": spelled(self.cents, spelling)}),
            json!({"name": "reason", "type": "string", "value": REASONS[reason]}),
        ];
        parameters
            .extend(self.charge.iter().map(|charge| json!({"name": "chargeId", "type": "string", "value": charge})));
        let mut event = json!({
            "messageVersion": "1.0",
            "agent": {"name": "billing", "id": "Billing", "alias": "TSTALIASID", "version": "DRAFT"},
            "inputText": "(the customer's words)",
            "sessionId": way.session,
            "actionGroup": "billing",
            "sessionAttributes": {},
            "promptSessionAttributes": {},
        });
        if let Some(customer) = self.who.customer() {
            event["sessionAttributes"]["customerId"] = json!(customer);
        }
        match way.wire {
            Wire::Function => {
                event["function"] = json!("request_refund");
                event["parameters"] = json!(parameters);
            }
            Wire::Api | Wire::Gateway | Wire::Mcp => {
                event["apiPath"] = json!("/request_refund");
                event["httpMethod"] = json!("POST");
                event["requestBody"] = json!({"content": {"application/json": {"properties": parameters}}});
            }
        }
        Event { body: event.to_string(), client_context: None }
    }

    /// The event as AgentCore Gateway sends it: the event contains the arguments, and the client context contains the
    /// rest.
    fn gateway(&self, reason: usize, spelling: usize) -> Event {
        let input = self.input(reason, spelling);
        let mut custom = json!({"bedrockAgentCoreToolName": "billing___request_refund"});
        if let Some(customer) = self.who.customer() {
            custom["bedrockAgentCorePropagatedHeaders"] = json!({IDENTITY_HEADER: customer});
        }
        Event { body: input.to_string(), client_context: Some(json!({"custom": custom}).to_string()) }
    }

    /// The arguments.
    pub(crate) fn input(&self, reason: usize, spelling: usize) -> Value {
        let mut input =
            json!({"orderId": self.order, "amount": spelled(self.cents, spelling), "reason": REASONS[reason]});
        if let Some(charge) = &self.charge {
            input["chargeId"] = json!(charge);
        }
        input
    }

    /// As [`event`](Self::event), for a first attempt.
    pub(crate) fn plain(&self, way: &Way) -> Event {
        self.event(way, 0, 0)
    }
}

impl Way {
    pub(crate) fn on(wire: Wire, session: impl Into<String>) -> Self {
        Self { wire, session: Some(session.into()) }
    }

    pub(crate) const fn gateway() -> Self {
        Self { wire: Wire::Gateway, session: None }
    }
}

impl Received {
    /// The reply as the first caller received it. Also the time of the first effect, where this call came later and
    /// from another session.
    pub(crate) fn first(&self) -> (String, Option<String>) {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        let Some(first_at) = body["repeated"]["firstAt"].as_str() else { return (self.body.clone(), None) };
        let member = format!(",\"repeated\":{}", json!({"firstAt": first_at}));
        (self.body.replacen(&member, "", 1), Some(first_at.to_owned()))
    }
}

/// Cents as the desk writes an amount.
pub(crate) fn dollars(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// One amount, as text with spaces or zeros around it, or as a JSON number with a trailing zero.
fn spelled(cents: i64, spelling: usize) -> Value {
    let text = dollars(cents);
    // a float is not exact, but its shortest text is
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

/// Whether a parked call belongs to this call.
pub(crate) fn is_for(item: &Item, call: &Call) -> bool {
    let input: Value = serde_json::from_str(&string(item, "input").unwrap_or_default()).unwrap_or_default();
    let caller = string(item, "caller").map(|caller| serde_json::from_str::<Value>(&caller).unwrap_or_default());
    caller.as_ref().and_then(|caller| caller["customerId"].as_str()) == call.who.customer()
        && string(item, "tool").as_deref() == Some("request_refund")
        && input["orderId"].as_str() == Some(&call.order)
        && input["chargeId"].as_str() == call.charge.as_deref()
        && same_amount(&input["amount"], call.cents)
}

/// Whether an amount, in any spelling, equals `cents`.
fn same_amount(amount: &Value, cents: i64) -> bool {
    let text = amount.as_str().map_or_else(|| amount.to_string(), |text| text.trim().to_owned());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = format!("{:0<2}", fraction.trim_end_matches('0'));
    format!("{}.{fraction}", whole.trim_start_matches('0')) == dollars(cents).trim_start_matches('0')
}
