//! A project in which every rule holds, and edits that violate rules.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;
use toolgate::{Catalog, schema};
use toolgate_check::{Finding, Project};

pub(crate) const TEMPLATE: &str = "template.yaml";
pub(crate) const FUNCTIONS: &str = "schemas/orders/functions.json";
pub(crate) const OPENAPI: &str = "schemas/stock/openapi.json";
pub(crate) const GATEWAY: &str = "schemas/orders/gateway.json";

/// A copy of the project on disk.
pub(crate) struct Copy {
    folder: TempDir,
    catalogs: BTreeMap<String, Catalog>,
}

/// The catalogs of its two handlers.
pub(crate) fn catalogs() -> Value {
    let tool = |name: &str, confirm: bool, input: Value| {
        let output = json!({"type": "object", "properties": {"state": {"type": "string"}}});
        json!({
            "name": name, "description": format!("Do {name}."), "input": input, "output": output,
            "confirm": confirm, "once": confirm, "refuse": [],
        })
    };
    let cancel = json!({"type": "object", "required": ["orderId", "count", "amount"], "properties": {
        "orderId": {"type": "string"}, "count": {"type": "integer"}, "amount": {"type": "number"},
        "notify": {"type": "boolean"}, "reasons": {"type": "array", "items": {"type": "string"}},
    }});
    let get = json!({"type": "object", "required": ["orderId"], "properties": {"orderId": {"type": "string"}}});
    let find = json!({"type": "object", "required": ["query"], "properties": {"query": {"type": "string"}}});
    json!({
        "orders": {
            "catalog": 1, "group": "orders", "description": "The state of orders.",
            "tools": [tool("cancel_order", true, cancel), tool("get_order", false, get)],
            "identity_headers": ["x-customer-id"],
        },
        "stock": {
            "catalog": 1, "group": "stock", "description": "What is in stock.",
            "tools": [tool("find_item", false, find)],
        },
    })
}

impl Copy {
    pub(crate) fn new() -> Self {
        Self::of(catalogs())
    }

    /// A copy with other catalogs: `{"orders": {..}, "stock": {..}}`. The schemas are generated from them.
    pub(crate) fn of(catalogs: Value) -> Self {
        let catalogs: BTreeMap<String, Catalog> = serde_json::from_value(catalogs).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/template.yaml");
        std::fs::copy(fixture, folder.path().join(TEMPLATE)).unwrap();
        for (name, catalog) in &catalogs {
            let group = folder.path().join("schemas").join(name);
            std::fs::create_dir_all(&group).unwrap();
            let write = |file: &str, value: Value| std::fs::write(group.join(file), format!("{value:#}\n")).unwrap();
            write("functions.json", schema::functions(catalog));
            write("openapi.json", schema::openapi(catalog));
            write("gateway.json", schema::gateway(catalog));
            write("action-group.json", schema::action_group(catalog));
        }
        Self { folder, catalogs }
    }

    /// A copy with other catalogs and unchanged schemas.
    pub(crate) fn with_code(self, catalogs: Value) -> Self {
        Self { catalogs: serde_json::from_value(catalogs).unwrap(), ..self }
    }

    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap()
    }

    /// Replaces a text that occurs exactly once in a file.
    pub(crate) fn edit(self, file: &str, from: &str, to: &str) -> Self {
        let text = self.text(file);
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {file}:\n{text}");
        std::fs::write(self.folder.path().join(file), text.replace(from, to)).unwrap();
        self
    }

    /// Edits the OpenAPI document of `stock`, and writes it into its action group again.
    pub(crate) fn edit_api(self, from: &str, to: &str) -> Self {
        let copy = self.edit(OPENAPI, from, to);
        let document: Value = serde_json::from_str(&copy.text(OPENAPI)).unwrap();
        let group = json!({"Payload": document.to_string()});
        std::fs::write(copy.folder.path().join("schemas/stock/action-group.json"), group.to_string()).unwrap();
        copy
    }

    /// The findings.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let template = self.folder.path().join(TEMPLATE);
        let project = Project::read(&template, &self.folder.path().join("schemas")).unwrap();
        assert_eq!(project.handlers().into_iter().collect::<Vec<_>>(), ["orders", "stock"]);
        project.with_catalogs(self.catalogs.clone()).check()
    }

    /// Asserts that the findings are exactly these: the file, a text that occurs only in its line, the rule.
    #[track_caller]
    pub(crate) fn finds(&self, expected: &[(&str, &str, &str)]) -> Vec<Finding> {
        let findings = self.findings();
        let shown = |finding: &Finding| {
            let file = finding.file.strip_prefix(self.folder.path()).unwrap().display().to_string();
            (file, finding.line, finding.rule.to_owned())
        };
        let line = |(file, words, rule): &(&str, &str, &str)| {
            let text = self.text(file);
            let lines: Vec<usize> =
                (1..).zip(text.lines()).filter(|(_, line)| line.contains(words)).map(|(line, _)| line).collect();
            assert_eq!(lines.len(), 1, "`{words}` is in lines {lines:?} of {file}:\n{text}");
            ((*file).to_owned(), lines[0], (*rule).to_owned())
        };
        let mut expected: Vec<_> = expected.iter().map(line).collect();
        let mut found: Vec<_> = findings.iter().map(shown).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{findings:#?}");
        findings
    }
}

#[test]
fn in_the_fixture_every_rule_holds() {
    Copy::new().finds(&[]);
}
