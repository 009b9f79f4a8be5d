//! The deployments that are checked, and those that cannot be.

use std::path::Path;

use toolgate_check::{Project, ReadError};

use crate::kit::{Copy, TEMPLATE};

#[test]
fn what_is_wrong_in_one_deployment_only_says_in_which() {
    let found = Copy::new()
        .edit(TEMPLATE, "AutoPrepare: true # of the clerk", "AutoPrepare: !If [IsDev, true, false]")
        .finds(&[(TEMPLATE, "AutoPrepare: !If", "auto-prepare")]);
    let only: Vec<String> = found[0].only_with.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(only, ["Environment=prod"]);
}

#[test]
fn a_file_that_cannot_be_read_is_no_finding() {
    let read = |name: &str, text: &str| {
        let folder = tempfile::tempdir().unwrap();
        let template = folder.path().join(name);
        std::fs::write(&template, text).unwrap();
        Project::read(&template, Path::new("nowhere")).unwrap_err().to_string()
    };
    assert!(read("a.yaml", "Resources: [1, 2\n").contains("a.yaml:"));
    assert!(read("b.yaml", "Parameters: {}\n").contains("no `Resources`"));
    let missing = Project::read(Path::new("nowhere.yaml"), Path::new("nowhere")).unwrap_err();
    assert!(matches!(missing, ReadError::Read { .. }));
}
