//! The tools of the group, with the tables of `template.yaml` in a DynamoDB on this machine.

use parking::{app::App, seed, sessions};

use serde_json::json;
use toolgate::{Service, testing};
use toolgate_dynamodb::testing::client;

/// The service with fresh tables. They are gone when `LocalDynamoDb` is dropped.
async fn service(database: &testing::LocalDynamoDb) -> Service<App> {
    let table = |logical_id| database.table(logical_id);
    let app = App::new(client(database.url()), table("ItemsTable"), table("LedgerTable"), table("ApprovalsTable"));
    seed::write(&app).await.unwrap();
    sessions::router().unwrap().with_state(app)
}

/// Each event gets the reply beside it. `UPDATE_REPLIES=1 cargo test` writes the replies anew.
#[tokio::test]
async fn the_events_get_their_replies() {
    let database = testing::LocalDynamoDb::start();
    let events = concat!(env!("CARGO_MANIFEST_DIR"), "/events/sessions");
    testing::replay(events, async |_| service(&database).await).await;
}

#[tokio::test]
async fn get_session_reads() {
    let database = testing::LocalDynamoDb::start();
    let service = service(&database).await;
    let call = async |id: &str| testing::call(&service, "get_session", json!({"itemId": id})).await;
    assert_eq!(call("ITM-1001").await.ok()["itemId"], "ITM-1001");
    call("ITM-9999").await.assert_error("not found");
}

#[tokio::test]
async fn extend_session_has_its_effect_once() {
    let database = testing::LocalDynamoDb::start();
    let service = service(&database).await;
    let call = async |id: &str| {
        let input = json!({"itemId": id, "note": "as in the test"});
        testing::call(&service, "extend_session", input).session("s-1").await
    };
    let first = call("ITM-1001").await.ok().clone();
    assert_eq!(first["note"], "as in the test");
    // A repeat gets the first reply, and has no effect.
    call("ITM-1001").await.assert_ok(first);
    call("ITM-9999").await.assert_error("not found");
}

#[tokio::test]
async fn get_tariff_reads() {
    let database = testing::LocalDynamoDb::start();
    let service = service(&database).await;
    let call = async |id: &str| testing::call(&service, "get_tariff", json!({"itemId": id})).await;
    assert_eq!(call("ITM-1001").await.ok()["itemId"], "ITM-1001");
    call("ITM-9999").await.assert_error("not found");
}
