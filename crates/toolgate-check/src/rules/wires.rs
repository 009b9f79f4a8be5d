//! `TOOLGATE_WIRES`: which event formats a deployed function answers. Each wire trusts its caller for something, so one
//! that nothing uses is a door left open.

use std::collections::{BTreeMap, BTreeSet};

use super::{Rule, Severity, source};
use crate::{document::Node, finding::Found, view::View};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "wire-unused",
        holds: "outside of development (`Environment` = `dev`), a function answers only wires that its platform uses",
        source: source::WIRES,
        fix: "set `TOOLGATE_WIRES` to `function,api` for Bedrock Agents, `gateway` for AgentCore, all three for both",
        severity: Severity::Error,
        check: unused,
    },
    Rule {
        name: "wire-missing",
        holds: "a function answers the wires of the action groups and targets that call it",
        source: source::WIRES,
        fix: "add the wire to `TOOLGATE_WIRES`",
        severity: Severity::Error,
        check: missing,
    },
];

/// The wires over which each function of this deployment is called.
fn used(view: &View<'_>) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut used = BTreeMap::<String, BTreeSet<&'static str>>::new();
    for group in view.groups() {
        let function = group.executor().and_then(Node::text).and_then(|text| view.function(text));
        let wire = if group.node.get("ApiSchema").is_some() { "api" } else { "function" };
        if let Some(function) = function {
            used.entry(function.id).or_default().insert(wire);
        }
    }
    for target in view.targets() {
        if let Some(function) = target.lambda.text_of("LambdaArn").and_then(|text| view.function(text)) {
            used.entry(function.id).or_default().insert("gateway");
        }
    }
    used
}

fn unused(view: &View<'_>, found: &mut Found<'_>) {
    if view.setting("Environment") == Some("dev") {
        return;
    }
    let used = used(view);
    // a platform, not a function: both wires of Bedrock Agents trust the same caller for the same
    let agents = used.values().flatten().any(|wire| *wire != "gateway");
    let gateway = used.values().flatten().any(|wire| *wire == "gateway");
    for function in view.functions().filter(|function| used.contains_key(&function.id)) {
        let Some(wires) = view.variable(function, "TOOLGATE_WIRES") else {
            let message = format!("the function `{}` answers every wire: it has no `TOOLGATE_WIRES`", function.id);
            found.at(&function.place, message);
            continue;
        };
        let text = wires.text().unwrap_or_default();
        let needed = |wire: &str| match wire {
            "function" | "api" => agents,
            "gateway" => gateway,
            _ => false,
        };
        for wire in text.split(',').map(str::trim).filter(|wire| !wire.is_empty() && !needed(wire)) {
            let message = format!("the function `{}` answers the wire `{wire}`, which nothing uses", function.id);
            found.at(&wires.place, message);
        }
    }
}

fn missing(view: &View<'_>, found: &mut Found<'_>) {
    for (id, needed) in used(view) {
        let Some(wires) = view.resource(&id).and_then(|function| view.variable(function, "TOOLGATE_WIRES")) else {
            continue;
        };
        let text = wires.text().unwrap_or_default();
        let answered: BTreeSet<&str> = text.split(',').map(str::trim).collect();
        for wire in needed.difference(&answered) {
            found.at(&wires.place, format!("the function `{id}` is called over the wire `{wire}` and refuses it"));
        }
    }
}
