//! `toolgate schemas`: what it says of its files.

use super::support::toolgate;

#[tokio::test]
async fn new_files_are_distinguished_from_existing_ones() {
    let folder = tempfile::tempdir().unwrap();
    // a handler, as far as this command knows it
    std::fs::write(folder.path().join("Cargo.toml"), "[workspace]\n").unwrap();
    let binaries = folder.path().join("target/debug");
    std::fs::create_dir_all(&binaries).unwrap();
    let catalog = r#"{"catalog":1,"group":"shop-of-the-test","description":"A shop.","tools":[]}"#;
    let program = binaries.join("shop-of-the-test");
    std::fs::write(&program, format!("#!/bin/sh\necho '{catalog}'\n")).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let template = folder.path().join("template.yaml");
    let resource =
        "Resources: {F: {Type: AWS::Serverless::Function, Metadata: {BuildProperties: {Binary: shop-of-the-test}}}}";
    std::fs::write(&template, resource).unwrap();
    let out = folder.path().join("schemas");
    let arguments = ["schemas", "--template", template.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let last = |text: &str| text.lines().last().unwrap_or_default().to_owned();
    let done = toolgate(&arguments, "").await;
    assert_eq!((done.code, last(&done.out).as_str()), (0, "wrote 4 schemas"), "{done:?}");
    let done = toolgate(&arguments, "").await;
    assert_eq!((done.code, done.out.as_str()), (0, "4 schemas are up to date\n"), "{done:?}");
    std::fs::remove_file(out.join("shop-of-the-test/gateway.json")).unwrap();
    let done = toolgate(&arguments, "").await;
    assert_eq!(
        (done.code, last(&done.out).as_str()),
        (0, "wrote 1 of 4 schemas; the others are up to date"),
        "{done:?}"
    );
}

#[tokio::test]
async fn a_command_that_is_nearly_one_is_suggested() {
    let done = toolgate(&["chatt"], "").await;
    assert!(done.code == 2 && done.err.contains("'chat'"), "{done:?}");
    let done = toolgate(&["aproval", "list"], "").await;
    assert!(done.code == 2 && done.err.contains("'approvals'"), "{done:?}");
}
