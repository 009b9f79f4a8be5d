//! Sessions: nobody names another customer's.

use std::collections::BTreeMap;

use chat::session::Session;
use proptest::prelude::*;
use toolgate::BudgetCharge;

#[test]
fn the_tools_count_a_session_in_the_same_item_of_the_ledger() {
    let session = Session::new("CUST-1", "s-1");
    let identity = BTreeMap::from([("customerId".to_owned(), "CUST-1".to_owned())]);
    assert_eq!(session.identity(), identity);
    assert_eq!(BudgetCharge::id_of(None, &identity).unwrap(), format!("budget#{}", session.actor()));
    let debug = format!("{session:?}");
    assert!(!debug.contains("CUST-1"), "{debug}");
}

proptest! {
    #[test]
    fn a_session_has_one_customer(
        (one, other) in ("[ -~]{1,12}", "[ -~]{1,12}"),
        (first, second) in ("[a-z0-9._-]{1,12}", "[a-z0-9._-]{1,12}"),
    ) {
        let (a, b) = (Session::new(one.clone(), first.clone()), Session::new(other.clone(), second.clone()));
        prop_assert_eq!(a.id() == b.id(), (one.clone(), first) == (other.clone(), second));
        prop_assert_eq!(a.actor() == b.actor(), one == other);
        // what both services take as a session: `[0-9a-zA-Z._:-]{2,100}`, and at least 33 characters
        prop_assert!(a.id().len() == 64 && a.id().chars().all(|c| c.is_ascii_hexdigit()));
        prop_assert_ne!(a.id(), a.actor());
    }
}
