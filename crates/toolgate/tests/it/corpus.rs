//! Checks the corpus of `make fuzz` again, without a fuzzer.

use std::{collections::BTreeSet, fs, path::PathBuf};

use toolgate::Wire;

use super::checks;

/// Checks every file of a target's corpus and collects the results. The output names the file before each check.
fn replay<T: Ord>(target: &str, check: impl Fn(&[u8]) -> Option<T>) -> BTreeSet<T> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let check = |file: PathBuf| {
        eprintln!("{}", file.display());
        check(&fs::read(file).unwrap())
    };
    files.into_iter().filter_map(check).collect()
}

#[test]
fn the_corpus_of_whole_events_holds() {
    let seen = replay("dispatch", |bytes| checks::dispatch(bytes).map(|(wire, kind)| (wire.name(), kind)));
    // `mcp_hostile.rs` draws the requests of the mcp wire
    // a corpus that never gets past the first gate would pass all checks too, so the coverage is checked here
    for wire in Wire::ALL.into_iter().filter(|wire| *wire != Wire::Mcp) {
        for kind in ["output", "invalid", "refused", "unknown tool", "too large"] {
            assert!(seen.contains(&(wire.name(), kind.to_owned())), "no event on the {wire} wire ends in `{kind}`");
        }
    }
    for kind in ["not found", "conflict", "internal"] {
        assert!(seen.iter().any(|(_, seen)| seen == kind), "no event ends in `{kind}`");
    }
}

#[test]
fn the_corpus_of_parameters_holds() {
    let seen = replay("parameters", checks::parameters);
    let read: Vec<_> = seen.iter().filter(|(_, read)| *read).collect();
    // one letter per field; only `note` accepts any text
    assert_eq!(read.len(), 19, "of these something was read: {read:?}");
    assert!(seen.len() - read.len() >= 18, "{seen:?}");
}
