//! What `make fuzz` has found worth keeping, checked again without a fuzzer.

use std::{fs, path::PathBuf};

use super::checks;

/// Checks every file of a target's corpus; a check that fails names the file.
fn replay(target: &str, check: impl Fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 10, "{} has only {} files", folder.display(), files.len());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        println!("{}", file.display());
        check(&bytes);
    }
}

#[test]
fn the_corpus_of_whole_events_holds() {
    replay("dispatch", checks::dispatch);
}

#[test]
fn the_corpus_of_parameters_holds() {
    replay("parameters", checks::parameters);
}
