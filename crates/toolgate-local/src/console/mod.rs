//! The JSON API of the console. `docs/console.md` describes it.

mod events;
mod turns;

pub(crate) use turns::routes as turns;
