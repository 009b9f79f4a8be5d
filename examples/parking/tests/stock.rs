//! The tools of the group, with the tables of `template.yaml` in a DynamoDB on this machine.

use parking::{app::App, seed, stock};

use serde_json::json;
use toolgate::{Service, Wire, testing};
use toolgate_dynamodb::testing::client;

/// The service with fresh tables. They are gone when `LocalDynamoDb` is dropped.
async fn service(database: &testing::LocalDynamoDb) -> Service<App> {
    let table = |logical_id| database.table(logical_id);
    let app = App::new(client(database.url()), table("ItemsTable"), table("LedgerTable"), table("ApprovalsTable"));
    seed::write(&app).await.unwrap();
    stock::router().unwrap().with_state(app)
}

#[tokio::test]
async fn an_item_is_found_and_an_unknown_one_is_an_error() {
    let database = testing::LocalDynamoDb::start();
    let service = service(&database).await;
    let get = async |id: &str| testing::call(&service, "get_item", json!({"itemId": id})).await;
    let expected = json!({"itemId": "ITM-1001", "name": "Desk, oak", "available": 12});
    get("ITM-1001").await.assert_ok(expected);
    get("ITM-9999").await.assert_error("not found");
}

#[tokio::test]
async fn a_reservation_takes_what_is_there_once() {
    let database = testing::LocalDynamoDb::start();
    let service = service(&database).await;
    let reserve = async |quantity: i64| {
        let input = json!({"itemId": "ITM-1001", "quantity": quantity, "order": "A-17"});
        let call = testing::call(&service, "reserve_item", input);
        call.on(Wire::Function).session("s-1").await
    };
    let first = reserve(2).await.ok().clone();
    assert_eq!(first["quantity"], 2);
    // A repeat gets the first reply, and reserves nothing.
    reserve(2).await.assert_ok(first);
    reserve(11).await.assert_error("refused");
    let left = testing::call(&service, "get_item", json!({"itemId": "ITM-1001"})).await;
    assert_eq!(left.ok()["available"], 10);
}

/// Each event gets the reply beside it. `UPDATE_REPLIES=1 cargo test` writes the replies anew.
#[tokio::test]
async fn the_events_get_their_replies() {
    let database = testing::LocalDynamoDb::start();
    let events = concat!(env!("CARGO_MANIFEST_DIR"), "/events/stock");
    testing::replay(events, async |_| service(&database).await).await;
}
