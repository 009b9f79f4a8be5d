//! A call is kept as a test.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::support::{Desk, TEMPLATE};

/// A desk whose folder is a cargo package with the function's program, and the folder of its events.
async fn package(more_programs: &str) -> (Desk, PathBuf) {
    let desk = Desk::of(TEMPLATE).await;
    let folder = desk.folder.path();
    let manifest = format!(
        "[package]\nname = \"desk\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
         [[bin]]\nname = \"echo_function\"\npath = \"src/main.rs\"\n{more_programs}"
    );
    std::fs::create_dir(folder.join("src")).unwrap();
    std::fs::write(folder.join("src/main.rs"), "fn main() {}\n").unwrap();
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let events = folder.join("events");
    (desk, events)
}

fn call(name: &str) -> Value {
    let body = json!({"text": "hello"}).to_string();
    json!({
        "function": "echo_function", "name": name, "event": {"toolName": "echo", "toolInput": {"text": "hello"}},
        "clientContext": null, "reply": {"statusCode": 200, "body": body},
    })
}

#[tokio::test]
async fn the_files_are_shown_and_then_written() {
    let (desk, events) = package("").await;
    let mut call = call("echo-1");
    call["clientContext"] = json!({"custom": {"a": "b"}});
    let shown = desk.ok("tests/preview", call.clone()).await;
    assert!(!events.exists(), "a preview writes nothing");
    let paths: Vec<&str> =
        shown["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    let expected = ["events/echo-1.json", "events/echo-1.context.json", "events/echo-1.reply.json"];
    assert_eq!(paths, expected);
    let diff = shown["diff"].as_str().unwrap();
    let head = "--- /dev/null\n+++ b/events/echo-1.json\n@@ -0,0 +1,6 @@\n+{\n+  \"toolName\": \"echo\",\n";
    assert!(diff.starts_with(head), "{diff}");
    let answer = desk.post("tests", call).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"files": expected}));
    let read = |name: &str| std::fs::read_to_string(events.join(name)).unwrap();
    for (at, name) in ["echo-1.json", "echo-1.context.json", "echo-1.reply.json"].iter().enumerate() {
        assert_eq!(read(name), shown["files"][at]["text"].as_str().unwrap());
    }
    let reply: Value = serde_json::from_str(&read("echo-1.reply.json")).unwrap();
    assert_eq!(reply, json!({"statusCode": 200, "body": {"text": "hello"}}), "a body that can be reviewed");
}

#[tokio::test]
async fn a_file_that_is_there_is_never_replaced() {
    let (desk, events) = package("").await;
    desk.ok("tests", call("kept")).await;
    let before = std::fs::read(events.join("kept.json")).unwrap();
    let mut other = call("kept");
    other["event"] = json!({"other": true});
    let (status, message) = desk.refused("tests", other.clone()).await;
    assert_eq!((status, message.contains("events/kept.json")), (409, true), "{message}");
    assert_eq!(std::fs::read(events.join("kept.json")).unwrap(), before);
    let shown = desk.ok("tests/preview", other).await;
    assert_eq!((&shown["files"][0]["exists"], &shown["diff"]), (&json!(true), &json!("")));
    // one of the files: then none is written
    std::fs::write(events.join("half.reply.json"), "{}").unwrap();
    assert_eq!(desk.refused("tests", call("half")).await.0, 409);
    assert!(!events.join("half.json").exists());
    std::fs::write(events.join("stale.context.json"), "{}").unwrap();
    assert_eq!(desk.refused("tests", call("stale")).await.0, 409, "the replay would read the old context");
}

#[tokio::test]
async fn a_name_is_plain() {
    let (desk, events) = package("").await;
    let long = "x".repeat(65);
    for name in ["", "..", "a/b", "../x", "a.reply", "A", "a b", "ä", "a\0", "/etc/x", "a\\b", long.as_str()] {
        for path in ["tests", "tests/preview"] {
            let (status, message) = desk.refused(path, call(name)).await;
            assert_eq!((status, message.contains("1 to 64")), (400, true), "{name:?} {message}");
        }
    }
    assert!(!events.exists());
    assert_eq!(desk.post("tests", call(&"x".repeat(64))).await.status(), 201);
}

#[cfg(unix)]
#[tokio::test]
async fn no_link_leads_out_of_the_folder() {
    use std::os::unix::fs::symlink;
    let (desk, events) = package("").await;
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), &events).unwrap();
    assert_eq!(desk.refused("tests", call("a")).await.0, 409);
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    std::fs::remove_file(&events).unwrap();
    std::fs::create_dir(&events).unwrap();
    symlink(elsewhere.path().join("new.json"), events.join("a.json")).unwrap();
    assert_eq!(desk.refused("tests", call("a")).await.0, 409);
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0, "a link to nothing is not followed");
}

#[tokio::test]
async fn a_package_with_several_programs_has_a_folder_for_each() {
    let (desk, _) = package("[[bin]]\nname = \"seed\"\npath = \"src/main.rs\"\n").await;
    let files = desk.ok("tests", call("a")).await["files"].clone();
    assert_eq!(files, json!(["events/echo_function/a.json", "events/echo_function/a.reply.json"]));
}

#[tokio::test]
async fn a_function_without_a_package_has_no_folder() {
    let (desk, events) = package("").await;
    let manifest = desk.folder.path().join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).unwrap().replace("echo_function", "another");
    std::fs::write(&manifest, text).unwrap();
    let (status, message) = desk.refused("tests", call("a")).await;
    assert_eq!((status, message.contains("`echo_function`")), (400, true), "{message}");
    let mut unknown = call("a");
    unknown["function"] = json!("../../x");
    assert_eq!(desk.refused("tests", unknown).await.0, 404);
    assert!(!events.exists());
}
