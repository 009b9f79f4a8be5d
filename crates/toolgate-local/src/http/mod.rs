//! The one port: connections and their limits, request bodies, and the checks before any route.

pub(crate) mod body;
mod body_timeout;
pub(crate) mod connections;
pub(crate) mod elsewhere;
pub(crate) mod guard;
pub(crate) mod no_delay;
mod slots;
