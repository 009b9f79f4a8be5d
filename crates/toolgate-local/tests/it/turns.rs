//! The record of turns: what a console reads of a call, and what it costs nobody.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Agent, TEMPLATE, folder, header, local, start};

/// A local agent that records turns.
async fn recording() -> Agent {
    let folder = folder(TEMPLATE);
    let running = local(&folder).instances(10).record_turns(true).start().await.unwrap();
    Agent::of(running)
}

async fn get(agent: &Agent, path: &str) -> Value {
    let response = agent.http.get(agent.url(path)).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    response.json().await.unwrap()
}

/// Invokes the function. Returns its reply, and the detail of the call in its turn.
async fn called(agent: &Agent, event: Value) -> (Value, Value) {
    let response = agent.invoke("Echo", event).await;
    let turn = header(&response, "toolgate-turn").unwrap().to_owned();
    let reply = response.json().await.unwrap();
    let span = get(agent, &format!("/console/api/turns/{turn}/spans/s-1")).await;
    assert_eq!((&span["id"], &span["kind"]), (&json!("s-1"), &json!("call")));
    (reply, span["detail"].clone())
}

#[tokio::test]
async fn a_call_has_all_gates_and_the_values_that_its_function_sent() {
    let agent = recording().await;
    let trace = json!({
        "tool": "pay", "wire": "direct",
        "gates": [
            {"gate": "tool", "startUs": 1, "durationUs": 2, "verdict": "passed"},
            {"gate": "rules", "startUs": 3, "durationUs": 4, "verdict": "stopped", "kind": "refused"},
        ],
        "input": {"sent": {"amount": "7"}, "understood": {"amount": 7}},
        "output": {"made": null, "exposed": null, "dropped": []},
        "error": {"kind": "refused", "message": "not today", "problems": []},
    });
    let (reply, detail) = called(&agent, json!({"toolName": "pay", "trace": trace})).await;
    assert_eq!(reply["event"]["toolName"], "pay", "the reply is without its trace");
    assert_eq!(reply, detail["reply"]);
    assert_eq!(detail["input"], trace["input"]);
    assert_eq!((&detail["function"], &detail["wire"]), (&json!("echo_function"), &json!("direct")));
    let gates: Vec<&str> =
        detail["gates"].as_array().unwrap().iter().filter_map(|gate| gate["gate"].as_str()).collect();
    let order = "wire, tool, fields in, types, rules, middleware, cache, replay, budget, confirm, once, deadline, tool runs, \
                 fields out, size";
    assert_eq!(gates.join(", "), order);
    assert_eq!((&detail["gates"][4]["verdict"], &detail["gates"][4]["why"]), (&json!("stopped"), &json!("not today")));
    assert_eq!(detail["gates"][5]["verdict"], "not reached");
    let turn = get(&agent, "/console/api/turns").await["turns"][0].clone();
    assert_eq!((&turn["title"], &turn["kind"], &turn["state"]), (&json!("pay"), &json!("function"), &json!("done")));
    assert_eq!((&turn["calls"], &turn["stopped"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn without_a_console_no_function_is_asked_whatever_its_caller_sends() {
    let agent = start(TEMPLATE).await;
    let event = json!({"trace": {"tool": "pay"}, "headers": {"toolgate-trace": "1"}});
    let reply = agent.invoking("Echo").header("Toolgate-Trace", "1").json(&event).send().await.unwrap();
    assert_eq!(header(&reply, "toolgate-turn"), None);
    let reply: Value = reply.json().await.unwrap();
    assert_eq!(reply["headers"].get("toolgate-trace"), None, "{reply}");
    assert_eq!(reply["environment"]["AWS_ACCESS_KEY_ID"], "local");
    // nobody asked, so two lines are the reply
    let event = json!({"trace": {"tool": "pay"}, "always": true});
    let text = agent.invoke("Echo", event).await.text().await.unwrap();
    assert!(text.ends_with("\n{\"tool\":\"pay\"}"), "{text}");
    assert_eq!(agent.http.get(agent.url("/console/api/turns")).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn functions_that_know_no_trace_are_recorded_without_one() {
    let agent = recording().await;
    let (_, detail) = called(&agent, json!({"print": "{\"level\":\"WARN\",\"message\":\"slow\",\"items\":7}"})).await;
    assert_eq!((detail.get("gates"), &detail["function"]), (None, &json!("echo_function")));
    let (_, detail) = called(&agent, json!({"do": "fail"})).await;
    assert_eq!(detail["reply"]["errorType"], "Mine");
    let turns = get(&agent, "/console/api/turns?limit=1").await;
    assert_eq!((&turns["turns"][0]["state"], &turns["more"]), (&json!("failed"), &json!(true)));
    // a line may arrive after the reply
    for _ in 0..100 {
        let span = get(&agent, "/console/api/turns/t-1/spans/s-1").await;
        if let Some(line) = span["detail"]["logs"].get(0) {
            assert_eq!((&line["level"], &line["text"]), (&json!("warn"), &json!("slow items=7")));
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the log line never arrived");
}

#[tokio::test]
async fn the_rows_that_a_call_changed_are_its_own_with_fifty_side_by_side() {
    let agent = recording().await;
    let item = |id: usize, state: &str| json!({"id": {"S": format!("R-{id}")}, "state": {"S": state}, "n": {"N": "7"}});
    let writes = (0..50).map(|id| called(&agent, json!({"write": item(id, "new"), "sleep": 5})));
    for (id, (_, detail)) in futures_util::future::join_all(writes).await.into_iter().enumerate() {
        let after = json!({"id": format!("R-{id}"), "state": "new", "n": 7});
        let row =
            json!({"table": detail["rows"][0]["table"], "key": {"id": after["id"]}, "before": null, "after": after});
        assert_eq!(detail["rows"], json!([row]));
        let request = &detail["requests"][0];
        assert_eq!((&request["operation"], &request["outcome"]), (&json!("PutItem"), &json!("ok")));
        assert_eq!(detail["requests"].as_array().unwrap().len(), 1, "reading the rows is no request of the call");
    }
    let (reply, detail) = called(&agent, json!({"write": item(1, "old")})).await;
    assert_eq!(detail["rows"][0]["before"]["state"], "new");
    assert_eq!(detail["rows"][0]["after"]["state"], "old");
    assert!(reply["environment"]["AWS_ACCESS_KEY_ID"].as_str().unwrap().len() > 30);
    let same = json!({"write": item(1, "old")});
    assert_eq!(called(&agent, same).await.1["rows"], json!([]), "nothing has changed");
    let refused = json!({"write": item(1, "x"), "condition": "attribute_not_exists(id)"});
    let (_, detail) = called(&agent, refused).await;
    assert_eq!(detail["rows"], json!([]));
    assert_eq!(detail["requests"][0]["outcome"], "ConditionalCheckFailedException");
}

/// Requests of all kinds: what DynamoDB takes, what it refuses, and what it cannot read.
fn requests(table: &str, run: &str) -> Vec<(&'static str, String)> {
    let id = |n: usize| json!({"id": {"S": format!("{run}-{n}")}});
    let put = |item: Value| json!({"TableName": table, "Item": item});
    let large = |bytes: usize| json!({"id": {"S": run}, "text": {"S": "x".repeat(bytes)}});
    let transaction = |items: Vec<Value>| json!({"TransactItems": items}).to_string();
    let puts = |count: usize| (0..count).map(|n| json!({"Put": put(id(n))})).collect::<Vec<_>>();
    let twice = |write: &str| json!({"RequestItems": {table: [{write: {"Item": id(1)}}, {write: {"Item": id(1)}}]}});
    let missing = json!({"Update": {"TableName": table, "Key": id(1), "UpdateExpression": "SET n = :n",
        "ConditionExpression": "attribute_not_exists(id)", "ExpressionAttributeValues": {":n": {"N": "1"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}});
    vec![
        ("PutItem", put(large(300_000)).to_string()),
        ("PutItem", put(large(500_000)).to_string()),
        ("PutItem", put(json!({"id": {"N": "7"}})).to_string()),
        ("PutItem", put(json!({"other": {"S": "7"}})).to_string()),
        ("PutItem", json!({"TableName": "Nowhere", "Item": id(1)}).to_string()),
        ("PutItem", json!({"TableName": table, "Item": id(1), "Key": {"id": {"S": "other"}}}).to_string()),
        ("UpdateItem", json!({"TableName": table, "Key": [id(1)]}).to_string()),
        ("DeleteItem", json!({"TableName": table, "Key": id(5), "ReturnValues": "ALL_OLD"}).to_string()),
        ("TransactWriteItems", transaction(puts(100))),
        ("TransactWriteItems", transaction(puts(101))),
        ("TransactWriteItems", transaction([puts(2), puts(1)].concat())),
        ("TransactWriteItems", transaction(vec![puts(1).remove(0), missing])),
        ("TransactWriteItems", transaction(vec![json!({"Put": 7}), json!(null), json!("Put")])),
        ("BatchWriteItem", twice("PutRequest").to_string()),
        ("BatchWriteItem", json!({"RequestItems": {"Nowhere": [], table: {}}}).to_string()),
        ("PutItem", String::new()),
        ("PutItem", "{\"TableName\":".to_owned()),
        ("PutItem", format!("{}1{}", "[".repeat(3000), "]".repeat(3000))),
        ("PutItem; DropTable", "{}".to_owned()),
        ("", "{}".to_owned()),
        ("Scan", json!({"TableName": table, "Limit": 1, "Select": "COUNT"}).to_string()),
    ]
}

#[tokio::test]
async fn recording_changes_no_answer_of_the_database() {
    let folder = folder(TEMPLATE);
    let agent = Agent::of(local(&folder).instances(1).record_turns(true).start().await.unwrap());
    let (reply, _) = called(&agent, json!({})).await;
    let key = reply["environment"]["AWS_ACCESS_KEY_ID"].as_str().unwrap().to_owned();
    let table = reply["environment"]["TABLE"].as_str().unwrap().to_owned();
    let send = async |key: &str, operation: &str, body: String| {
        let request = agent.http.post(agent.url("/")).header("x-amz-target", format!("DynamoDB_20120810.{operation}"));
        let scope = format!("Credential={key}/20260101/us-east-1/dynamodb/aws4_request");
        let signature = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
        let request = request.header("authorization", signature).header("x-amz-date", "20260101T000000Z");
        let answer = request.header("content-type", "application/x-amz-json-1.0").body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let mut expected = Vec::new();
    for (operation, body) in requests(&table, "x") {
        expected.push(send("other", operation, body).await);
    }
    // its own requests while its call runs, as a client with the same credentials sends them
    let running = tokio::spawn(agent.invoking("Echo").json(&json!({"sleep": 1500})).send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    for ((operation, body), (status, text)) in requests(&table, "y").into_iter().zip(expected) {
        let shown = body.chars().take(200).collect::<String>();
        let (got_status, got) = send(&key, operation, body).await;
        assert_eq!((got_status, got.replace("y-", "x-")), (status, text), "{operation} {shown}");
    }
    let answer = running.await.unwrap().unwrap();
    let turn = header(&answer, "toolgate-turn").unwrap().to_owned();
    let detail = get(&agent, &format!("/console/api/turns/{turn}/spans/s-1")).await["detail"].clone();
    assert_eq!(detail["requests"].as_array().unwrap().len(), requests("", "").len());
    let rows = detail["rows"].as_array().unwrap();
    assert_eq!(rows.iter().filter(|row| row["after"].is_null()).count(), 0, "{rows:?}");
    assert!(rows.len() > 99, "{}", rows.len());
}

/// Reads events until one has this text.
async fn read_until(response: &mut reqwest::Response, seen: &mut String, text: &str) {
    while !seen.contains(text) {
        let piece = tokio::time::timeout(Duration::from_secs(20), response.chunk()).await;
        let piece = piece.unwrap_or_else(|_| panic!("`{text}` never arrived in {seen}"));
        seen.push_str(std::str::from_utf8(&piece.unwrap().unwrap()).unwrap());
    }
}

#[tokio::test]
async fn changes_arrive_while_a_turn_runs_and_after_a_reader_comes_back() {
    let agent = recording().await;
    let connect = |query: String| agent.http.get(agent.url(&format!("/console/api/events{query}"))).send();
    let (mut stream, mut seen) = (connect(String::new()).await.unwrap(), String::new());
    assert_eq!(header(&stream, "content-type"), Some("text/event-stream"));
    read_until(&mut stream, &mut seen, "event: state").await;
    assert!(seen.starts_with("retry: 1000\n"), "{seen}");
    let id = seen.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    let slow = agent.invoke("Echo", json!({"toolName": "slow", "sleep": 600}));
    let watch = async {
        read_until(&mut stream, &mut seen, "\"state\":\"running\"").await;
        read_until(&mut stream, &mut seen, "\"state\":\"done\"").await;
    };
    tokio::join!(slow, watch);
    assert!(seen.contains("\"title\":\"slow\""), "{seen}");

    let (mut back, mut seen) = (connect(format!("?after={id}")).await.unwrap(), String::new());
    read_until(&mut back, &mut seen, "\"state\":\"done\"").await;
    assert!(!seen.contains("event: reset"), "{seen}");
    for other in ["other-1", "7", &format!("{id}999999")] {
        let (mut other, mut seen) = (connect(format!("?after={other}")).await.unwrap(), String::new());
        read_until(&mut other, &mut seen, "event: reset").await;
    }
}

#[tokio::test]
async fn turns_that_are_not_kept_are_not_found() {
    let agent = recording().await;
    for path in ["t-99", "t-99/spans/s-1", "x", "t-1/spans/s-0", "t--1", "t-18446744073709551616"] {
        let response = agent.http.get(agent.url(&format!("/console/api/turns/{path}"))).send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["error"]["kind"], "not found");
    }
    let page = agent.http.get(agent.url("/console/api/turns")).header("origin", "http://evil.example").send();
    assert_eq!(page.await.unwrap().status(), 403);
}
