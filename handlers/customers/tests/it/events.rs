//! Every fixture event of this handler produces its expected reply.

use crate::kit;

#[tokio::test]
async fn every_event_gives_its_reply() {
    let router = customers::router().unwrap();
    let mut desks = kit::Desks::default();
    toolgate::testing::replay(concat!(env!("CARGO_MANIFEST_DIR"), "/events"), async |name: &str| {
        router.with_state(desks.for_event(name).await)
    })
    .await;
}
