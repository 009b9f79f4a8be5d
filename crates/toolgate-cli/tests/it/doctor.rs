//! `toolgate doctor`: what it finds, and what mends it.

use std::{path::Path, process::Command};

use serde_json::Value;

const TEMPLATE: &str = "
Resources:
  Shop:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: nobody-builds-this}}
";

fn doctor(folder: &Path) -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_toolgate"));
    command.current_dir(folder).env_remove("CARGO_TARGET_DIR").args(["doctor", "--json"]);
    let output = command.output().unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

fn finding<'a>(report: &'a Value, part: &str, subject: &str) -> &'a Value {
    report[part].as_array().unwrap().iter().find(|finding| finding["subject"] == subject).unwrap()
}

#[test]
fn a_machine_without_a_project_is_not_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (code, report) = doctor(folder.path());
    assert_eq!((code, &report["wrong"]), (Some(0), &Value::from(0)), "{report}");
    assert_eq!(finding(&report, "machine", "rust")["level"], "ok");
    let template = finding(&report, "project", "template");
    assert!(template["level"] == "note" && template["fix"].as_str().unwrap().contains("toolgate new"), "{template}");
}

#[test]
fn what_is_wrong_has_the_command_that_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("template.yaml", TEMPLATE);
    put("Cargo.lock", "[[package]]\nname = \"toolgate\"\nversion = \"0.0.7\"\n");
    let (code, report) = doctor(folder.path());
    assert_eq!((code, &report["wrong"]), (Some(1), &Value::from(2)), "{report}");
    assert_eq!(finding(&report, "project", "programs")["fix"], "cargo build");
    assert!(finding(&report, "project", "crates")["found"].as_str().unwrap().contains("0.0.7"), "{report}");
    put("template.yaml", "Resources: [");
    let (code, report) = doctor(folder.path());
    assert_eq!((code, &finding(&report, "project", "template")["level"]), (Some(1), &Value::from("wrong")));
}
