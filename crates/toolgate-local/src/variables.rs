//! The environment variables of a template's programs.

use std::collections::BTreeMap;

use toolgate_template::Template;

use crate::programs::hook_functions;

/// The variables for the programs: those that the user set explicitly, and those that the template declares and the
/// user's own environment sets, such as a fixed clock.
pub(crate) fn chosen(template: &Template, mut variables: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let functions = template.functions.iter().chain(&template.fronts);
    let functions = functions.flat_map(|function| function.environment.keys());
    let seed = template.seed.iter().flat_map(|seed| seed.environment.keys());
    let interceptors = template.gateway.iter().flat_map(|gateway| &gateway.interceptors);
    let interceptors = interceptors.flat_map(|interceptor| interceptor.function.environment.keys());
    let hooks = hook_functions(&template.harnesses);
    let hooks = hooks.iter().flat_map(|function| function.environment.keys());
    for name in functions.chain(seed).chain(interceptors).chain(hooks).filter(|name| !name.starts_with("AWS_")) {
        if let Ok(value) = std::env::var(name) {
            variables.entry(name.clone()).or_insert(value);
        }
    }
    variables
}
