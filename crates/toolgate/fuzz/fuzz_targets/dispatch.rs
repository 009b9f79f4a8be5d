//! Sends any bytes as an event and a client context through a complete router.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|bytes: &[u8]| toolgate_fuzz::dispatch(bytes));

fuzz_mutator!(|bytes: &mut [u8], size: usize, max_size: usize, seed: u32| {
    // some mutations are plain byte changes, because input that is not JSON must be answered too
    let changed = (seed % 4 != 0).then(|| toolgate_fuzz::mutate_event(&bytes[..size], seed)).flatten();
    match changed.filter(|changed| changed.len() <= max_size.min(bytes.len())) {
        Some(changed) => {
            bytes[..changed.len()].copy_from_slice(&changed);
            changed.len()
        }
        None => fuzzer_mutate(bytes, size, max_size),
    }
});
