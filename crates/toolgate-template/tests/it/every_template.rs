//! Evaluates every template of this repository for a laptop and for a check. Both must agree in each deployment.

use std::path::{Path, PathBuf};

use toolgate_template::{Evaluator, Node, Settings, Source, Template, evaluate, read, symbolic, variants};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The logical ids of resources of these types that exist in a deployment.
fn existing(evaluator: &Evaluator<'_>, source: &Source, types: &[&str]) -> Vec<String> {
    let exists =
        |node: &Node| node.get("Condition").is_none_or(|name| evaluator.holds(name.text().unwrap(), &name.position));
    let of_type = |node: &Node| node.text_of("Type").is_some_and(|kind| types.contains(&kind));
    let entries = source.resources().iter().filter(|entry| of_type(&entry.node) && exists(&entry.node));
    entries.map(|entry| entry.name.clone()).collect()
}

/// Asserts that every value that is known in a check equals the value on a laptop.
fn assert_agreement(source: &Source, settings: &Settings, local: &Template) {
    let evaluator = symbolic(source, settings);
    let tables: Vec<&str> = local.tables.iter().map(|table| table.logical_id.as_str()).collect();
    assert_eq!(tables, existing(&evaluator, source, &["AWS::DynamoDB::Table", "AWS::Serverless::SimpleTable"]));
    let agents: Vec<&str> = local.agents.iter().map(|agent| agent.id.as_str()).collect();
    assert_eq!(agents, existing(&evaluator, source, &["AWS::Bedrock::Agent"]));
    let text = |names: &[&str]| {
        let node = evaluator.resolve(source.at(names)?)?;
        node.string().filter(|text| !text.contains("${")).map(str::to_owned)
    };
    for function in &local.functions {
        for (name, value) in &function.environment {
            let own = ["Resources", &function.logical_id, "Properties", "Environment", "Variables", name];
            let global = ["Globals", "Function", "Environment", "Variables", name];
            let written = if source.at(&own).is_some() { &own[..] } else { &global[..] };
            if let Some(known) = text(written) {
                assert_eq!(&known, value, "{name} of {} with {settings:?}", function.logical_id);
            }
        }
    }
    for agent in &local.agents {
        for (name, value) in [("AgentName", &agent.name), ("FoundationModel", &agent.foundation_model)] {
            if let Some(known) = text(&["Resources", &agent.id, "Properties", name]) {
                assert_eq!(&known, value, "{name} of {} with {settings:?}", agent.id);
            }
        }
    }
}

/// Evaluates a template in each deployment. Returns the number of deployments that a laptop could run.
fn read_both_ways(path: &Path) -> usize {
    let source = Source::open(path).unwrap_or_else(|error| panic!("{error}"));
    let mut ran = 0;
    for settings in variants(&source) {
        let evaluator = symbolic(&source, &settings);
        for entry in source.resources() {
            assert!(evaluator.resolve(&entry.node).is_some(), "{}", entry.name);
        }
        if let Ok(template) = evaluate(&source, &settings) {
            assert_agreement(&source, &settings, &template);
            ran += 1;
        }
    }
    ran
}

#[test]
fn the_projects_template_is_one_in_every_deployment() {
    let path = repository().join("template.yaml");
    let deployments = variants(&Source::open(&path).unwrap()).len();
    let ran = read_both_ways(&path);
    assert!(ran >= 6 && ran <= deployments, "{ran} of {deployments}: three environments on three platforms at least");
}

#[test]
fn the_projects_template_runs_on_a_laptop_with_nothing_set() {
    let path = repository().join("template.yaml");
    let template = read(&path, &Settings::new()).unwrap_or_else(|error| panic!("{error}"));
    assert!(!template.agents.is_empty() && template.gateway.is_some(), "agents and a gateway side by side");
    assert!(template.functions.iter().all(|function| !function.environment.is_empty()));
}

#[test]
fn the_fixture_of_the_rules_is_one_in_every_deployment() {
    let source = repository().join("crates/toolgate-check/tests/fixtures/template.yaml");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::copy(source, &path).unwrap();
    read_both_ways(&path);
}

/// The templates in string literals of the tests, except those that are assembled from parts.
fn inline_templates() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = ["check", "cli", "local", "template"]
        .map(|name| repository().join(format!("crates/toolgate-{name}/tests")))
        .into();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let literals = text.split("r#\"").skip(1).filter_map(|rest| rest.split_once("\"#"));
            let plain = text.split("\"\n").skip(1).filter_map(|rest| rest.split_once("\";"));
            let literals = literals.chain(plain).map(|(literal, _)| literal.to_owned());
            found.extend(literals.filter(|it| is_template(it)).map(|literal| (path.clone(), literal)));
        }
    }
    found
}

fn is_template(text: &str) -> bool {
    text.lines().any(|line| line == "Resources:")
        && !text.contains("{{")
        && !text.contains('\\')
        && !text.contains(");")
}

#[test]
fn every_template_of_the_tests_is_read_both_ways() {
    let templates = inline_templates();
    assert!(templates.len() >= 5, "{templates:#?}");
    for (file, text) in templates {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.yaml");
        std::fs::write(&path, &text).unwrap();
        let source = Source::open(&path).unwrap_or_else(|error| panic!("{}: {error}\n{text}", file.display()));
        for settings in variants(&source) {
            let evaluator = symbolic(&source, &settings);
            source.resources().iter().for_each(|entry| drop(evaluator.resolve(&entry.node)));
            if let Ok(template) = evaluate(&source, &settings) {
                assert_agreement(&source, &settings, &template);
            }
        }
    }
}
