//! `TOOLGATE_WIRES`: the event formats that a deployed function accepts. Each wire trusts its caller in some respect,
//! so an unused wire is an unnecessary risk.

use std::collections::{BTreeMap, BTreeSet};

use super::{Rule, source};
use crate::{deployment::Deployment, endpoints::endpoints, reporter::Reporter};

pub(super) const RULES: &[Rule] = &[
    Rule::error("wire-unused", source::AGENTS_LAMBDA, unused)
        .holds("outside of development (`Environment` = `dev`), a function answers only wires that its platform uses")
        .fix(
            "set `TOOLGATE_WIRES` to `function,api` for Bedrock Agents, `gateway` for AgentCore, `mcp` for a function \
              with a URL or an HTTP API, together what is used together",
        ),
    Rule::error("wire-missing", source::AGENTS_LAMBDA, missing)
        .holds("a function answers the wires of the action groups, targets, URLs and HTTP APIs that call it")
        .fix("add the wire to `TOOLGATE_WIRES`"),
];

/// The wires that this deployment uses to call each function.
fn used(deployment: &Deployment<'_>) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut used = BTreeMap::<String, BTreeSet<&'static str>>::new();
    let groups = deployment.groups().into_iter().map(|group| {
        let wire = if group.node.get("ApiSchema").is_some() { "api" } else { "function" };
        (group.function(deployment), wire)
    });
    let targets = deployment.targets().into_iter().map(|target| (target.function(deployment), "gateway"));
    for function in deployment.functions().filter(|function| !endpoints(deployment, function).is_empty()) {
        used.entry(function.id.clone()).or_default().insert("mcp");
    }
    for (function, wire) in groups.chain(targets) {
        if let Some(function) = function {
            used.entry(function.id).or_default().insert(wire);
        }
    }
    used
}

fn unused(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    if deployment.setting("Environment") == Some("dev") {
        return;
    }
    let used = used(deployment);
    // Per platform, not per function, because both wires of Bedrock Agents trust the same caller in the same respect.
    let agents = used.values().flatten().any(|wire| ["function", "api"].contains(wire));
    let gateway = used.values().flatten().any(|wire| *wire == "gateway");
    for function in deployment.functions().filter(|function| used.contains_key(&function.id)) {
        let Some(wires) = deployment.variable(function, "TOOLGATE_WIRES") else {
            let message = format!("the function `{}` answers every wire: it has no `TOOLGATE_WIRES`", function.id);
            reporter.at(&function.position, message);
            continue;
        };
        let text = wires.text().unwrap_or_default();
        let own = used.get(&function.id);
        let needed = |wire: &str| match wire {
            "mcp" => own.is_some_and(|own| own.contains("mcp")),
            "function" | "api" => agents,
            "gateway" => gateway,
            _ => false,
        };
        for wire in text.split(',').map(str::trim).filter(|wire| !wire.is_empty() && !needed(wire)) {
            let message = format!("the function `{}` answers the wire `{wire}`, which nothing uses", function.id);
            reporter.at(&wires.position, message);
        }
    }
}

fn missing(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for (id, needed) in used(deployment) {
        let Some(wires) = deployment.resource(&id).and_then(|function| deployment.variable(function, "TOOLGATE_WIRES"))
        else {
            continue;
        };
        let text = wires.text().unwrap_or_default();
        let answered: BTreeSet<&str> = text.split(',').map(str::trim).collect();
        for wire in needed.difference(&answered) {
            reporter
                .at(&wires.position, format!("the function `{id}` is called over the wire `{wire}` and refuses it"));
        }
    }
}
