//! The values of `--trace`.

use clap::ValueEnum;

/// How traces are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Trace {
    Timeline,
    Json,
}
