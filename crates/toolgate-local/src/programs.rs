//! The programs that a template needs.

use std::path::{Path, PathBuf};

use crate::error::LocalError;
use toolgate_template::{Binaries, Template};

/// The programs of the functions and of the gateway's interceptors, in their order, and of the seed.
pub(crate) struct Programs {
    pub(crate) functions: Vec<PathBuf>,
    pub(crate) interceptors: Vec<PathBuf>,
    pub(crate) seed: Option<PathBuf>,
}

impl Programs {
    pub(crate) fn find(template: &Template, first: Option<PathBuf>) -> Result<Self, LocalError> {
        let folder = template.path.parent().unwrap_or(Path::new("."));
        let mut binaries = Binaries::around(folder);
        if let Some(first) = first {
            binaries = binaries.with_first(first);
        }
        let names = template.functions.iter().map(|function| function.binary.as_str());
        let interceptors = template.gateway.iter().flat_map(|gateway| &gateway.interceptors);
        let names = names.chain(interceptors.map(|interceptor| interceptor.function.binary.as_str()));
        let names = names.chain(template.seed.as_ref().map(|seed| seed.binary.as_str()));
        let mut functions = binaries.find_all(names)?;
        let seed = if template.seed.is_some() { functions.pop() } else { None };
        let interceptors = functions.split_off(template.functions.len());
        Ok(Self { functions, interceptors, seed })
    }
}
