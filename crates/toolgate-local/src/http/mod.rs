//! The one port: connections and their limits, request bodies, the checks before any route, and the wire formats of AWS.

pub(crate) mod aws_response;
pub(crate) mod body;
mod body_timeout;
pub(crate) mod connections;
pub(crate) mod elsewhere;
pub(crate) mod event_stream;
pub(crate) mod guard;
pub(crate) mod listing;
pub(crate) mod no_delay;
pub(crate) mod service_model;
mod slots;
