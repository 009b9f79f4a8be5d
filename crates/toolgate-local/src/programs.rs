//! The programs that a template needs.

use std::path::{Path, PathBuf};

use crate::error::LocalError;
use toolgate_template::{Binaries, FunctionSpec, HarnessSpec, HookTarget, Template};

/// The programs of the functions, of those with a URL and no tools, of the gateway's interceptors and of the hooks, in
/// their order, and of the seed.
pub(crate) struct Programs {
    pub(crate) functions: Vec<PathBuf>,
    pub(crate) fronts: Vec<PathBuf>,
    pub(crate) interceptors: Vec<PathBuf>,
    pub(crate) hooks: Vec<PathBuf>,
    pub(crate) seed: Option<PathBuf>,
}

impl Programs {
    pub(crate) fn find(template: &Template, first: Option<PathBuf>) -> Result<Self, LocalError> {
        let folder = template.path.parent().unwrap_or(Path::new("."));
        let mut binaries = Binaries::around(folder);
        if let Some(first) = first {
            binaries = binaries.with_first(first);
        }
        let names = template.functions.iter().chain(&template.fronts).map(|function| function.binary.as_str());
        let interceptors = template.gateway.iter().flat_map(|gateway| &gateway.interceptors);
        let interceptors: Vec<&str> = interceptors.map(|interceptor| interceptor.function.binary.as_str()).collect();
        let hooks = hook_functions(&template.harnesses);
        let names = names.chain(interceptors.iter().copied());
        let names = names.chain(hooks.iter().map(|function| function.binary.as_str()));
        let names = names.chain(template.seed.as_ref().map(|seed| seed.binary.as_str()));
        let mut functions = binaries.find_all(names)?;
        let seed = if template.seed.is_some() { functions.pop() } else { None };
        let with_url = template.functions.len() + template.fronts.len();
        let hooks = functions.split_off(with_url + interceptors.len());
        let interceptors = functions.split_off(with_url);
        let fronts = functions.split_off(template.functions.len());
        Ok(Self { functions, fronts, interceptors, hooks, seed })
    }
}

/// The functions of the harnesses' hooks, each one once.
pub(crate) fn hook_functions(harnesses: &[HarnessSpec]) -> Vec<FunctionSpec> {
    let mut functions: Vec<FunctionSpec> = Vec::new();
    for hook in harnesses.iter().flat_map(|harness| &harness.hooks) {
        if let HookTarget::Lambda { function, .. } = &hook.target
            && functions.iter().all(|other| other.logical_id != function.logical_id)
        {
            functions.push(function.clone());
        }
    }
    functions
}

/// A warning for each function that cannot be run here.
pub(crate) fn not_run(template: &Template) -> impl Iterator<Item = String> {
    template.other_functions.iter().map(|id| {
        format!(
            "warning: the function `{id}` is not run here: it names no Rust binary (`Metadata: BuildMethod: \
             rust-cargolambda, BuildProperties: Binary`); `Metadata: Toolgate: Tools: false` hides this line"
        )
    })
}
