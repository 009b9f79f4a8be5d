//! Each mistake in a tool's signature has one readable compile error, which names the fix.

#[test]
fn mistakes_have_readable_errors() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
