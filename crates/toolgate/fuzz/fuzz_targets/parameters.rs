//! Sends any text as the value of every kind of parameter, on every wire.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| toolgate_fuzz::parameters(bytes));
