//! Cases that two former parsers evaluated differently. They now have the same result on a laptop and in a check.

use std::{collections::BTreeMap, path::Path};

use toolgate_template::{Evaluator, Settings, Source, TemplateError, read, symbolic};

/// A template whose only function has a variable `VALUE`.
fn template(sections: &str, value: &str) -> String {
    format!(
        "{sections}\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Metadata: {{BuildProperties: {{Binary: f}}}}\n    \
         Properties:\n      Environment:\n        Variables:\n          VALUE: {value}\n"
    )
}

fn settings(set: &[(&str, &str)]) -> Settings {
    set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The value for a check with these settings.
fn checked(text: &str, set: &[(&str, &str)]) -> Option<String> {
    let source = Source::parse(Path::new("template.yaml"), text).unwrap();
    let settings = settings(set);
    let evaluator: Evaluator<'_> = symbolic(&source, &settings);
    let written = source.at(&["Resources", "F", "Properties", "Environment", "Variables", "VALUE"]).unwrap();
    evaluator.resolve(written).and_then(|node| node.text().map(str::to_owned))
}

/// The value on a laptop.
fn run(text: &str, set: &[(&str, &str)]) -> Result<String, TemplateError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, text).unwrap();
    read(&path, &settings(set)).map(|template| template.functions[0].environment["VALUE"].clone())
}

#[track_caller]
fn both_are(sections: &str, value: &str, expected: &str) {
    let text = template(sections, value);
    assert_eq!(checked(&text, &[]).as_deref(), Some(expected), "in a check: {value}");
    assert_eq!(run(&text, &[]).unwrap(), expected, "on a laptop: {value}");
}

#[test]
fn a_map_without_the_key_has_its_default_value() {
    let maps = "Mappings: {Limits: {dev: {rows: 5}}}";
    both_are(maps, "!FindInMap [Limits, dev, rows]", "5");
    both_are(maps, "!FindInMap [Limits, prod, rows, {DefaultValue: 9}]", "9");
    both_are(maps, "{'Fn::FindInMap': [Limits, prod, rows, {DefaultValue: !Join ['-', [a, b]]}]}", "a-b");
    let unknown = template(
        &format!("Parameters: {{Stage: {{Type: String}}}}\n{maps}"),
        "!FindInMap [Limits, !Ref Stage, rows, {DefaultValue: 9}]",
    );
    assert_eq!(checked(&unknown, &[]).as_deref(), Some("${Limits.${Stage}.rows}"), "the stage may be `dev`");
    assert_eq!(checked(&unknown, &[("Stage", "prod")]).as_deref(), Some("9"));
    assert_eq!(run(&unknown, &[("Stage", "prod")]).unwrap(), "9");
}

#[test]
fn a_list_has_a_length() {
    both_are("", "{'Fn::Length': [a, b, c]}", "3");
    both_are("", "{'Fn::Length': {'Fn::Split': [',', 'a,b']}}", "2");
    let text = template("Parameters: {Zones: {Type: CommaDelimitedList}}", "{'Fn::Length': !Ref Zones}");
    assert_eq!(run(&text, &[("Zones", "a, b")]).unwrap(), "2");
    assert_eq!(checked(&text, &[("Zones", "a, b")]).as_deref(), Some("2"), "a parameter of a list type is a list");
    assert_eq!(checked(&text, &[]).as_deref(), Some("${Fn::Length}"), "as long as it is not known");
}

#[test]
fn an_item_of_a_list_parameter_is_known_where_the_parameter_is() {
    let zones = "Parameters: {Zones: {Type: CommaDelimitedList, Default: 'a, b'}}";
    let text = template(zones, "!Select [1, !Ref Zones]");
    assert_eq!(run(&text, &[]).unwrap(), "b");
    assert_eq!(checked(&text, &[("Zones", "a, b")]).as_deref(), Some("b"));
    assert_eq!(checked(&text, &[]).as_deref(), Some("${Fn::Select}"));
    let joined = template(zones, "!Join ['+', !Ref Zones]");
    assert_eq!(run(&joined, &[]).unwrap(), "a+b");
    assert_eq!(checked(&joined, &[("Zones", "a, b")]).as_deref(), Some("a+b"));
}

#[test]
fn a_substitution_that_is_never_closed_is_refused_with_its_place() {
    let text = template("", "!Sub 'a-${AWS::Region'");
    for error in [Source::parse(Path::new("infra/template.yaml"), &text).unwrap_err(), run(&text, &[]).unwrap_err()] {
        let error = error.to_string();
        assert!(error.contains("template.yaml:9:18: a `${` is never closed"), "{error}");
    }
    both_are("", "!Sub 'a-${!AWS::Region}'", "a-${AWS::Region}");
}

#[test]
fn a_name_that_occurs_twice_is_refused_since_one_of_the_two_would_not_count() {
    let text = template("Mappings: {}\nMappings: {}", "a");
    for error in [Source::parse(Path::new("template.yaml"), &text).unwrap_err(), run(&text, &[]).unwrap_err()] {
        let error = error.to_string();
        assert!(error.contains("template.yaml:2:1: ") && error.contains("the name `Mappings` occurs twice"), "{error}");
    }
}

#[test]
fn scalars_are_text_as_they_are_written() {
    both_are("", "1.10", "1.10");
    both_are("", "012345678901", "012345678901");
    both_are("", "True", "true");
    both_are("", "'True'", "True");
}

#[test]
fn conditions_that_cannot_be_evaluated_do_not_hold() {
    for conditions in ["{}", "{C: !Not [{Condition: C}]}", "{C: true}", "{C: !Equals [a]}"] {
        let text = template(&format!("Conditions: {conditions}"), "!If [C, yes, no]");
        assert_eq!(checked(&text, &[]).as_deref(), Some("no"), "{conditions}");
        assert!(run(&text, &[]).unwrap_err().to_string().contains(": "), "{conditions}");
    }
    both_are(
        "Conditions: {C: !Equals [a, a], D: !And [{Condition: C}, !Not [!Equals [a, b]]]}",
        "!If [D, yes, no]",
        "yes",
    );
}

#[test]
fn a_value_that_systems_manager_holds_is_not_its_name_there() {
    let parameters = "Metadata: {Toolgate: {Parameters: {Key: value}}}\n\
        Parameters: {Key: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /path/of/key}}";
    let text = template(parameters, "!Ref Key");
    assert_eq!(run(&text, &[]).unwrap(), "value");
    assert_eq!(checked(&text, &[("Key", "/path/of/key")]).as_deref(), Some("${Key}"));
}

#[test]
fn the_content_of_an_included_file_comes_before_its_siblings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(folder.path().join("more.yaml"), "A: included\nB: included\n").unwrap();
    let variables = "{A: own, C: own, 'Fn::Transform': {Name: AWS::Include, Parameters: {Location: more.yaml}}}";
    let text = template("", "x").replace("\n          VALUE: x", &format!(" {variables}"));
    std::fs::write(&path, &text).unwrap();
    let expected: BTreeMap<String, String> =
        [("A", "included"), ("B", "included"), ("C", "own")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    assert_eq!(read(&path, &BTreeMap::new()).unwrap().functions[0].environment, expected);
    let source = Source::open(&path).unwrap();
    let settings = Settings::new();
    let written = source.at(&["Resources", "F", "Properties", "Environment", "Variables"]).unwrap();
    let node = symbolic(&source, &settings).resolve(written).unwrap();
    let found = node.entries().iter().map(|entry| (entry.name.clone(), entry.node.text().unwrap().to_owned()));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), expected);
    let from_file = &node.entry("B").unwrap().position;
    assert!(from_file.file().ends_with("more.yaml") && from_file.line == 2, "{from_file}");
}

#[test]
fn what_needs_itself_is_a_problem_and_not_an_endless_loop() {
    let text = "Resources: {T: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub '${T}-x'}}}";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, text).unwrap();
    let error = read(&path, &BTreeMap::new()).unwrap_err().to_string();
    assert!(error.contains("`TableName` of `T` depends on itself"), "{error}");
}

#[test]
fn a_problem_has_file_line_column_and_path() {
    let text = template("", "!Ref Nowhere");
    let error = run(&text, &[]).unwrap_err().to_string();
    let expected = "template.yaml:9:18: Resources.F.Properties.Environment.Variables.VALUE: `Nowhere` is neither";
    assert!(error.contains(expected), "{error}");
}
