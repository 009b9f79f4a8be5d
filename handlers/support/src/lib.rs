//! The support action group.
