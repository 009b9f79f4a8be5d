//! The tools of the group, with the tables of `template.yaml` in a DynamoDB on this machine.

use parking::{app::App, seed, sessions};

use serde_json::json;
use toolgate::{Service, testing};
use toolgate_dynamodb::testing::client;

/// The service with fresh tables. They are gone when `LocalDynamoDb` is dropped.
async fn service(database: &testing::LocalDynamoDb) -> Service<App> {
    let table = |logical_id| database.table(logical_id);
    let app = App::new(client(database.url()), table("ParkingTable"), table("LedgerTable"), table("ApprovalsTable"));
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
async fn get_session_reads_and_shows_no_card() {
    let database = testing::LocalDynamoDb::start();
    let service = service(&database).await;
    let call = async |id: &str| testing::call(&service, "get_session", json!({"sessionId": id})).await;
    let ended = json!({"sessionId": "PRK-1002", "zone": "ZONE-1", "state": "ended", "minutes": 90, "maxMinutes": 240,
        "amountCents": 450});
    call("PRK-1002").await.assert_ok(ended);
    call("PRK-9999").await.assert_error("not found");
}

#[tokio::test]
async fn extend_session_has_its_effect_once() {
    let database = testing::LocalDynamoDb::start();
    let service = service(&database).await;
    let call = async |id: &str, minutes: i64| {
        let input = json!({"sessionId": id, "totalMinutes": minutes});
        testing::call(&service, "extend_session", input).session("s-1").await
    };
    let first = call("PRK-1001", 120).await.ok().clone();
    call("PRK-1001", 180).await.ok();
    // A repeat gets the first reply, and has no effect.
    call("PRK-1001", 120).await.assert_ok(first);
    let session = testing::call(&service, "get_session", json!({"sessionId": "PRK-1001"})).await;
    assert_eq!(session.ok()["minutes"], 180);
    // The rule, and the condition of the write.
    call("PRK-1001", 150).await.assert_error("refused").assert_message_contains("as long already");
    call("PRK-1001", 200).await.assert_error("refused").assert_message_contains("steps of 15");
    call("PRK-1001", 255).await.assert_error("refused").assert_message_contains("longer than its zone");
    call("PRK-1002", 120).await.assert_error("refused").assert_message_contains("not running");
}

#[tokio::test]
async fn get_tariff_is_read_once_in_ten_minutes() {
    let database = testing::LocalDynamoDb::start();
    let service = service(&database).await;
    let call = async |zone: &str| testing::call(&service, "get_tariff", json!({"zone": zone})).await;
    let tariff = json!({"zone": "ZONE-1", "name": "North station", "centsPerHour": 300, "maxMinutes": 240});
    call("ZONE-1").await.assert_ok(tariff.clone());
    call("ZONE-9").await.assert_error("not found");
    // The cache answers without the database.
    drop(database);
    call("ZONE-1").await.assert_ok(tariff);
}
