//! What `toolgate new` and `toolgate add` share: names, templates, and files that are only written where none is.

pub(crate) mod name;
mod render;
mod write;

pub(crate) use render::Renderer;
pub(crate) use write::write_new;
