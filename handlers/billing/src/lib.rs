//! The billing action group.
