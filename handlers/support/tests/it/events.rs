//! Every fixture event of this handler produces its expected reply.

use toolgate::{McpSettings, Wire};

use crate::{help::Help, kit};

#[tokio::test]
async fn every_event_gives_its_reply() {
    let router = support::router().unwrap();
    let (mut desks, help) = (kit::Desks::default(), Help::start().await);
    toolgate::testing::replay(concat!(env!("CARGO_MANIFEST_DIR"), "/events"), async |name: &str| {
        let mcp = McpSettings::default().issuers(["https://login.example.com"]);
        router.with_state(help.support(desks.for_event(name).await)).wires(Wire::ALL).mcp(mcp)
    })
    .await;
}
