//! DynamoDB on the same port.

use serde_json::{Value, json};

use crate::support::{Agent, TEMPLATE, folder, local, seeded, start};

async fn dynamodb(agent: &Agent, operation: &str, body: Value) -> (u16, Value) {
    let credential = "Credential=local/20260101/us-east-1/dynamodb/aws4_request";
    let request = agent
        .http
        .post(agent.url("/"))
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("x-amz-date", "20260101T000000Z")
        .header("authorization", format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"));
    let response = request.body(body.to_string()).send().await.unwrap();
    assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn the_templates_tables_are_there_with_their_ttl() {
    let agent = start(TEMPLATE).await;
    let (_, tables) = dynamodb(&agent, "ListTables", json!({})).await;
    assert_eq!(tables["TableNames"], json!(["Data"]));
    let (_, ttl) = dynamodb(&agent, "DescribeTimeToLive", json!({"TableName": "Data"})).await;
    assert_eq!(ttl["TimeToLiveDescription"], json!({"AttributeName": "expiresAt", "TimeToLiveStatus": "ENABLED"}));
}

#[tokio::test]
async fn items_and_errors_pass_through_unchanged() {
    let agent = start(TEMPLATE).await;
    let put = json!({"TableName": "Data", "Item": {"id": {"S": "1"}, "text": {"S": "x".repeat(300_000)}}});
    assert_eq!(dynamodb(&agent, "PutItem", put).await.0, 200);
    let (_, got) = dynamodb(&agent, "GetItem", json!({"TableName": "Data", "Key": {"id": {"S": "1"}}})).await;
    assert_eq!(got["Item"]["text"]["S"].as_str().unwrap().len(), 300_000);
    let condition = "attribute_not_exists(id)";
    let again = json!({"TableName": "Data", "Item": {"id": {"S": "1"}}, "ConditionExpression": condition});
    let (status, error) = dynamodb(&agent, "PutItem", again).await;
    assert_eq!(status, 400);
    assert!(error["__type"].as_str().unwrap().ends_with("#ConditionalCheckFailedException"), "{error}");
}

#[tokio::test]
async fn a_request_of_several_megabytes_is_accepted() {
    let agent = start(TEMPLATE).await;
    let item = |number: usize| json!({"PutRequest": {"Item": {"id": {"S": number.to_string()}, "text": {"S": "x".repeat(380_000)}}}});
    let batch = json!({"RequestItems": {"Data": (0..25).map(item).collect::<Vec<_>>()}});
    let (status, reply) = dynamodb(&agent, "BatchWriteItem", batch).await;
    assert_eq!((status, &reply["UnprocessedItems"]), (200, &json!({})));
}

#[tokio::test]
async fn another_service_gets_its_address() {
    let agent = start(TEMPLATE).await;
    let response =
        agent.http.post(agent.url("/")).header("x-amz-target", "Logs_20140328.PutLogEvents").send().await.unwrap();
    assert_eq!(response.status(), 400);
    assert!(response.text().await.unwrap().contains("UnknownOperationException"));
    let signed = |service: &str| {
        let credential = format!("Credential=local/20260101/us-east-1/{service}/aws4_request");
        format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0")
    };
    for (method, path, service, kind, begins) in [
        ("POST", "/", "sts", "application/x-www-form-urlencoded", "<?xml"),
        ("POST", "/", "ec2", "application/x-www-form-urlencoded", "<?xml"),
        ("GET", "/", "s3", "", "<?xml"),
        ("GET", "/bucket/key", "s3", "", "<?xml"),
        ("POST", "/v1/email", "ses", "application/json", "{"),
    ] {
        let request = agent.http.request(method.parse().unwrap(), agent.url(path)).header("content-type", kind);
        let answer = request.header("authorization", signed(service)).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{service}");
        let text = answer.text().await.unwrap();
        assert!(text.starts_with(begins) && text.contains(&format!("does not serve `{service}`")), "{text}");
    }
}

#[tokio::test]
async fn the_seed_program_fills_the_tables_before_anything_is_up() {
    let agent = start(&seeded("seed")).await;
    let (_, got) = dynamodb(&agent, "GetItem", json!({"TableName": "Data", "Key": {"id": {"S": "seeded"}}})).await;
    assert_eq!(got["Item"]["id"]["S"], "seeded");
}

#[tokio::test]
async fn a_seed_program_that_fails_is_an_error_with_its_own_words() {
    let folder = folder(&seeded("broken-seed"));
    let error = local(&folder).start().await.unwrap_err().to_string();
    assert!(
        error.contains("the seed program `echo_function` failed: Runtime exited with error: exit status 4"),
        "{error}"
    );
    assert!(error.contains("there is nothing to seed with"), "{error}");
}

#[tokio::test]
async fn tables_outlive_a_run_until_they_are_reset() {
    let folder = folder(TEMPLATE);
    let data = folder.path().join("data");
    let run = |reset: bool| {
        let local = local(&folder).data(&data).reset(reset).only_database(true);
        async move { Agent::of(local.start().await.unwrap()) }
    };
    let key = json!({"TableName": "Data", "Key": {"id": {"S": "kept"}}});
    let first = run(false).await;
    dynamodb(&first, "PutItem", json!({"TableName": "Data", "Item": {"id": {"S": "kept"}}})).await;
    first.running.shutdown().await;
    let second = run(false).await;
    assert_eq!(dynamodb(&second, "GetItem", key.clone()).await.1["Item"]["id"]["S"], "kept");
    second.running.shutdown().await;
    let third = run(true).await;
    assert_eq!(dynamodb(&third, "GetItem", key).await.1, json!({}));
}

#[tokio::test]
async fn a_table_whose_keys_changed_asks_for_a_reset() {
    let folder = folder(TEMPLATE);
    let data = folder.path().join("data");
    local(&folder).data(&data).start().await.unwrap().shutdown().await;
    std::fs::write(folder.path().join("template.yaml"), TEMPLATE.replace("AttributeName: id", "AttributeName: pk"))
        .unwrap();
    let error = local(&folder).data(&data).start().await.unwrap_err().to_string();
    assert!(error.contains("the table `Data` exists with other keys") && error.contains("`--reset`"), "{error}");
    local(&folder).data(&data).reset(true).start().await.unwrap();
}

#[tokio::test]
async fn a_server_keeps_others_from_wiping_its_folder_and_shares_it() {
    let folder = folder(TEMPLATE);
    let data = folder.path().join("data");
    let run = |reset: bool| local(&folder).data(&data).reset(reset).only_database(true).start();
    let first = Agent::of(run(false).await.unwrap());
    let second = Agent::of(run(false).await.unwrap());
    let error = run(true).await.unwrap_err().to_string();
    assert!(error.contains("in use by another `toolgate dev`"), "{error}");
    for (agent, id) in [(&first, "a"), (&second, "b")] {
        let put = json!({"TableName": "Data", "Item": {"id": {"S": id}}});
        assert_eq!(dynamodb(agent, "PutItem", put).await.0, 200);
    }
    for (agent, id) in [(&first, "b"), (&second, "a")] {
        let key = json!({"TableName": "Data", "Key": {"id": {"S": id}}});
        assert_eq!(dynamodb(agent, "GetItem", key).await.1["Item"]["id"]["S"], id, "nothing was lost");
    }
}

/// The same as dropping the future: the program must end together with the start that it belongs to.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_seed_program_ends_with_the_start_that_was_given_up() {
    let folder = folder(&seeded("endless-seed"));
    let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
    let log = toolgate_local::lambda::Log::new(move |_, line| drop(sender.send(line.to_owned())));
    let start = tokio::spawn(local(&folder).log(log).start());
    let process = loop {
        let line = lines.recv().await.unwrap();
        if let Some(pid) = line.strip_prefix("seeding as ") {
            break format!("/proc/{pid}/stat");
        }
    };
    // one that has ended and was not collected yet is a zombie
    let runs = || std::fs::read_to_string(&process).is_ok_and(|stat| !stat.contains(") Z "));
    assert!(runs());
    start.abort();
    let gone = async {
        while runs() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    // a killed process that waits for a busy disk ends late
    tokio::time::timeout(std::time::Duration::from_secs(60), gone).await.expect("the seed program ends");
}
