//! The customers action group.
