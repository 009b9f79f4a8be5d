//! Each mistake in a tool's signature causes one readable compile error that names the fix.

#[test]
fn mistakes_have_readable_errors() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
