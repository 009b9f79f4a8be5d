//! One instance of a deployed function: a process of the handler, and the proxy between it and DynamoDB.

use std::time::Duration;

use serde_json::Value;
use support_desk::tables::Tables;

use toolgate_testkit::{
    lambda::{Function, Invoked},
    proxy::Proxy,
};

use crate::NOW;

/// The function's timeout while no faults are injected.
pub const CALM: Duration = Duration::from_secs(15);

pub struct Instance {
    pub function: Function,
    pub proxy: Proxy,
}

impl Instance {
    /// An instance of the handler `program`, with the environment variables that the template sets.
    pub async fn of(program: &str) -> Self {
        let proxy = Proxy::start().await;
        let endpoint = format!("http://{}", proxy.address);
        let tables = Tables::named_as_in_template();
        let function = Function::new(
            program,
            &[
                ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("CUSTOMERS_TABLE", &tables.customers),
                ("ORDERS_TABLE", &tables.orders),
                ("INVOICES_TABLE", &tables.invoices),
                ("TICKETS_TABLE", &tables.tickets),
                ("LEDGER_TABLE", &tables.ledger),
                ("SUPPORT_DESK_UNBOUND", "allow"),
                ("SUPPORT_DESK_NOW", NOW),
                ("APPROVALS_TABLE", &tables.approvals),
                ("TOOLGATE_WIRES", "function,api,gateway,mcp"),
                ("TOOLGATE_MCP_ELICIT", "trusted"),
            ],
        );
        proxy.kills(function.killer());
        Self { function, proxy }
    }

    /// Sends one event without a client context, while no faults are injected. Returns the body of the reply.
    pub async fn ask(&mut self, event: &str) -> String {
        match self.function.invoke(event, None, CALM).await {
            Invoked::Reply(reply) => body(&reply),
            other => panic!("no reply, but {other:?}"),
        }
    }
}

/// The output or error in a reply, byte for byte, from any wire.
pub fn body(text: &str) -> String {
    let reply: Value = serde_json::from_str(text).unwrap();
    let response = &reply["response"];
    if response.is_null() {
        return text.to_owned();
    }
    let body = match response["functionResponse"].is_null() {
        true => &response["responseBody"]["application/json"]["body"],
        false => &response["functionResponse"]["responseBody"]["TEXT"]["body"],
    };
    body.as_str().unwrap_or_else(|| panic!("no reply of a tool: {reply}")).to_owned()
}
