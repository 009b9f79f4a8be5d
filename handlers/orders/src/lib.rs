//! The orders action group.
