//! The command as a person or a script uses it.

mod chat;
mod invoke;
mod play;
mod support;
