//! Coming up, and the mistakes that keep it from that.

use serde_json::{Value, json};

use crate::support::{TEMPLATE, folder, local, start};

#[tokio::test]
async fn health_tells_what_there_is() {
    let agent = start(TEMPLATE).await;
    let response = agent.http.get(agent.url("/health")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let health: Value = response.json().await.unwrap();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["endpoint"], agent.running.url());
    assert_eq!(health["functions"][0], json!({"name": "echo_function", "logicalId": "Echo", "instances": 1}));
    assert_eq!(health["tools"][0]["name"], "echo");
    assert_eq!(health["tables"][0], json!({"name": "Data", "logicalId": "Data", "role": null, "items": 0}));
}

#[tokio::test]
async fn a_port_that_is_taken_says_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = folder(TEMPLATE);
    let error = local(&folder).port(port).start().await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("port {port} is in use")) && error.contains("`--port`"), "{error}");
}

#[tokio::test]
async fn a_function_that_cannot_start_says_why() {
    for (role, reason) in [("exits-at-start", "exit status 5"), ("reports-at-start", "no TABLE is set")] {
        let folder = folder(TEMPLATE);
        let error = local(&folder).variable("ECHO_ROLE", role).start().await.unwrap_err().to_string();
        assert!(error.contains("the function `echo_function` does not start: "), "{error}");
        assert!(error.contains(reason), "{error}");
    }
}

#[tokio::test]
async fn a_binary_that_is_not_built_names_the_command() {
    let folder = folder(&TEMPLATE.replace("Binary: echo_function", "Binary: not-there"));
    let error = local(&folder).start().await.unwrap_err().to_string();
    assert!(error.contains("run `cargo build --bin not-there`"), "{error}");
}

#[tokio::test]
async fn the_database_alone_needs_no_function() {
    let folder = folder(&TEMPLATE.replace("Binary: echo_function", "Binary: not-there"));
    let running = local(&folder).only_database(true).start().await.unwrap();
    assert_eq!(running.health()["functions"], json!([]));
    assert_eq!(running.health()["tables"][0]["name"], "Data");
    assert_eq!(running.template_functions()[0].environment["TABLE"], "Data", "for whoever runs them elsewhere");
}
