//! `toolgate add` in projects that `toolgate new` made, without builds. `scripts/e2e/test_add.py` builds them.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;
use toolgate_template::{Node, Source};

/// A new project in a folder of its own.
struct Project {
    // removes the folder when it is dropped
    _around: TempDir,
    folder: PathBuf,
}

impl Project {
    fn new(target: &str) -> Self {
        Self::with(target, "confirm,once")
    }

    fn with(target: &str, gates: &str) -> Self {
        let around = tempfile::tempdir().unwrap();
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let arguments = ["new", "shop", "--no-git", "--target", target, "--with", gates, "--crates"];
        let mut new = Command::new(env!("CARGO_BIN_EXE_toolgate"));
        let done = new.current_dir(&around).args(arguments).arg(crates).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        Self { folder: around.path().join("shop"), _around: around }
    }

    fn add(&self, arguments: &[&str]) -> Output {
        let mut add = Command::new(env!("CARGO_BIN_EXE_toolgate"));
        add.current_dir(&self.folder).arg("add").args(arguments).arg("--no-build").output().unwrap()
    }

    /// What a command prints that succeeds.
    fn added(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.add(arguments);
        let out = String::from_utf8(stdout).unwrap();
        assert!(status.success(), "{arguments:?}\n{out}\n{}", String::from_utf8_lossy(&stderr));
        out
    }

    /// The error of a command that fails. It has written nothing.
    fn refused(&self, arguments: &[&str]) -> String {
        let before = self.files();
        let Output { status, stderr, .. } = self.add(arguments);
        assert_eq!(status.code(), Some(1), "{arguments:?}");
        assert!(before == self.files(), "{arguments:?} has written something");
        String::from_utf8(stderr).unwrap()
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.join(path)).unwrap_or_else(|error| unreachable!("{path}: {error}"))
    }

    fn change(&self, path: &str, from: &str, to: &str) {
        let text = self.text(path);
        assert!(text.contains(from), "{path} has no `{from}`");
        std::fs::write(self.folder.join(path), text.replace(from, to)).unwrap();
    }

    /// Every file with its text.
    fn files(&self) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                match path.is_dir() {
                    true => folders.push(path),
                    false => drop(files.insert(path.clone(), std::fs::read_to_string(path).unwrap())),
                }
            }
        }
        files
    }

    /// Checks that every file can be parsed.
    fn assert_parses(&self) {
        for (path, text) in self.files() {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("rs") => assert_rust(&path, &text),
                Some("json") => drop(serde_json::from_str::<Value>(&text).unwrap()),
                Some("yaml") if path.ends_with("template.yaml") => drop(self.template()),
                _ => {}
            }
        }
    }

    fn template(&self) -> Source {
        Source::parse(&self.folder.join("template.yaml"), &self.text("template.yaml")).unwrap()
    }

    /// The statements of a function's policy as texts: actions, table and leading keys.
    fn rights(&self, function: &str) -> Vec<String> {
        let template = self.template();
        let policies = template.at(&["Resources", function, "Properties", "Policies"]).unwrap();
        let statements = policies.items()[0].list("Statement").iter();
        let texts = |node: Option<&Node>| {
            let mut texts = Vec::new();
            node.unwrap().walk(&mut |it| texts.extend(it.text().map(|text| text.replace("dynamodb:", ""))));
            texts.join(" ")
        };
        let right = |statement: &Node| {
            let keys = statement.at(&["Condition", "ForAllValues:StringLike"]).map(|keys| texts(Some(keys)));
            let table = texts(statement.get("Resource")).replace(" Arn", "");
            format!("{} on {table} {}", texts(statement.get("Action")), keys.unwrap_or_default()).trim().to_owned()
        };
        statements.map(right).collect()
    }
}

/// Checks the syntax of Rust code.
fn assert_rust(path: &Path, code: &str) {
    let mut format = Command::new("rustfmt");
    format.args(["--edition", "2024"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = format.spawn().unwrap();
    child.stdin.take().unwrap().write_all(code.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&done.stderr));
}

const COMBINATIONS: [&[&str]; 6] = [
    &[],
    &["--once"],
    &["--confirm"],
    &["--confirm", "--once"],
    &["--once", "--leased"],
    &["--confirm", "--once", "--leased"],
];

#[test]
fn every_combination_of_options_has_all_its_parts() {
    for (target, events) in [("classic", 2), ("agentcore", 3), ("all", 5)] {
        let project = Project::new(target);
        for (number, options) in COMBINATIONS.iter().enumerate() {
            let name = format!("do_{number}");
            let out = project.added(&[&["tool", &name], *options].concat());
            let written = out.lines().filter(|line| line.starts_with(&format!("wrote events/stock/{name}-"))).count();
            assert_eq!(written, events, "{out}");
            assert!(out.contains(&format!("wrote src/stock/{name}.rs")) && out.contains("cargo build"), "{out}");
            let router = project.text("src/stock/mod.rs");
            assert!(router.contains(&format!("mod {name};")) && router.contains(&format!("Tool::new(\"{name}\"")));
            assert!(project.text("tests/stock.rs").contains(&format!("async fn {name}_")));
        }
        project.added(&["group", "billing"]);
        project.added(&["tool", "do_more", "--confirm", "--once", "--group", "billing"]);
        project.assert_parses();
    }
}

#[test]
fn a_function_gets_only_what_its_tools_need() {
    let project = Project::with("classic", "once");
    let before = project.rights("StockFunction");
    let new = |project: &Project| project.rights("StockFunction").split_off(before.len());
    project.added(&["tool", "get_supplier"]);
    assert!(new(&project).is_empty());
    project.added(&["tool", "note", "--once"]);
    assert_eq!(new(&project), ["GetItem PutItem on LedgerTable note#*"]);
    project.added(&["tool", "cancel", "--once", "--confirm"]);
    project.added(&["tool", "move_it", "--confirm"]);
    assert_eq!(
        new(&project)[1..],
        [
            "ConditionCheckItem GetItem PutItem on LedgerTable cancel#*",
            // once for all tools of the function
            "BatchGetItem on ApprovalsTable call#* decision#* waiting#*",
            "PutItem on ApprovalsTable call#cancel#* waiting#*",
            "DeleteItem GetItem PutItem UpdateItem on LedgerTable move_it#*",
            "PutItem on ApprovalsTable call#move_it#* waiting#*",
            "UpdateItem on ApprovalsTable call#move_it#*",
        ]
    );
    project.added(&["tool", "mail", "--once", "--leased"]);
    project.added(&["tool", "charge", "--once", "--leased", "--confirm"]);
    assert_eq!(
        new(&project)[7..],
        [
            "DeleteItem GetItem PutItem UpdateItem on LedgerTable mail#*",
            "ConditionCheckItem DeleteItem GetItem PutItem UpdateItem on LedgerTable charge#*",
            "PutItem on ApprovalsTable call#charge#* waiting#*",
            "UpdateItem on ApprovalsTable call#charge#*",
        ]
    );
    project.added(&["group", "billing"]);
    assert_eq!(project.rights("BillingFunction"), ["GetItem on ItemsTable"]);
    project.added(&["tool", "pay", "--once", "--group", "billing"]);
    assert_eq!(
        project.rights("BillingFunction")[1..],
        ["UpdateItem on ItemsTable", "GetItem PutItem on LedgerTable pay#*"]
    );

    let project = Project::with("classic", "budget");
    project.added(&["group", "billing"]);
    assert_eq!(project.rights("BillingFunction"), ["UpdateItem on LedgerTable budget#*", "GetItem on ItemsTable"]);
    project.added(&["tool", "pay", "--once", "--group", "billing"]);
    assert_eq!(project.rights("BillingFunction")[3], "ConditionCheckItem GetItem PutItem on LedgerTable pay#*");
}

#[test]
fn a_lease_is_for_a_tool_that_runs_once() {
    let project = Project::new("all");
    let out = project.add(&["tool", "mail", "--leased"]);
    assert!(!out.status.success() && String::from_utf8_lossy(&out.stderr).contains("--once"), "{out:?}");
    project.added(&["tool", "mail", "--once", "--leased"]);
    assert!(project.text("src/stock/mod.rs").contains(".once(Once::by(mail::effect).ttl(days(30)).leased())"));
}

#[test]
fn what_the_gates_cannot_do_is_noted() {
    let project = Project::new("all");
    let out = project.added(&["tool", "move_it", "--confirm"]);
    assert!(out.contains("also if it is a repeat; --once prevents it"), "{out}");
    let out = project.added(&["tool", "note", "--once"]);
    assert!(out.contains("the gateway has no session"), "{out}");
    project.change(
        "src/stock/mod.rs",
        ".group(",
        ".identity_header(\"X-Shop-Customer\", \"customerId\")\n        .group(",
    );
    let out = project.added(&["tool", "pay", "--once"]);
    assert!(!out.contains("the gateway has no session"), "{out}");
}

#[test]
fn names_that_do_not_fit_are_refused_with_what_is_allowed() {
    let project = Project::new("all");
    let tool = |name: &str| project.refused(&["tool", name]);
    assert!(tool("Cancel-Item").contains("lower-case letters, digits and single underscores"));
    // `stock___` and the tool have 64 characters
    assert!(tool(&"x".repeat(57)).contains("at most 56 characters"));
    assert!(tool("async").contains("keyword of Rust") && tool("toolgate").contains("name of a crate"));
    assert!(tool("stock").contains("name of its group"));
    assert!(tool("reserve_item").contains("there is a tool `reserve_item` already, in `src/stock/mod.rs`"));
    let group = |name: &str| project.refused(&["group", name]);
    assert!(group("my_group").contains("single hyphens") && group("lib").contains("cargo"));
    assert!(group("stock").contains("program `stock`") && group("seed").contains("program `seed`"));
    assert!(group("app").contains("`src/app.rs` is already there"));
    project.change("template.yaml", "  ToolLogs:", "  BillingTarget: {Type: AWS::SNS::Topic}\n  ToolLogs:");
    assert!(group("billing").contains("resource `BillingTarget`"));
    assert!(project.refused(&["group", "a", "--tool", "get_item"]).contains("there is a tool `get_item` already"));
}

#[test]
fn with_several_groups_one_has_to_be_named() {
    let project = Project::new("all");
    project.added(&["group", "billing", "--tool", "get_invoice"]);
    let error = project.refused(&["tool", "pay"]);
    assert!(error.contains("--group (`stock`, `billing`)"), "{error}");
    let error = project.refused(&["tool", "pay", "--group", "bills"]);
    assert!(error.contains("there is no group `bills`, but `stock`, `billing`"), "{error}");
    // a tool is unique in the project, because its records have its name
    let error = project.refused(&["tool", "get_invoice", "--group", "stock"]);
    assert!(error.contains("in `src/billing/mod.rs`"), "{error}");
    project.added(&["tool", "pay", "--once", "--group", "billing"]);
    assert!(project.text("src/billing/mod.rs").contains("pay::pay"));
}

#[test]
fn a_file_without_its_marker_stays_and_its_text_is_printed() {
    let project = Project::new("all");
    project.change("src/stock/mod.rs", "        // toolgate: tools\n", "");
    project.change("template.yaml", "# toolgate: rights of stock", "# that was a marker");
    let (router, template) = (project.text("src/stock/mod.rs"), project.text("template.yaml"));
    let out = project.added(&["tool", "cancel", "--confirm", "--once"]);
    assert_eq!((router, template), (project.text("src/stock/mod.rs"), project.text("template.yaml")));
    assert!(project.text("tests/stock.rs").contains("cancel_has_its_effect_once"));
    for part in [
        "`src/stock/mod.rs` is as it was: it does not have exactly one line `// toolgate: tools`",
        "beside the other modules:\n\n    mod cancel;",
        "before `.build()`:\n\n    .tool(",
        "`template.yaml` is as it was",
        "at the end of `Policies`, `Statement` of `StockFunction`:\n\n    - Effect: Allow",
        "paste the text above first, then run\n  cargo fmt\n  cargo build\n  toolgate schemas",
    ] {
        assert!(out.contains(part), "no `{part}` in\n{out}");
    }
}

#[test]
fn a_marker_where_it_breaks_the_template_is_not_used() {
    let project = Project::new("all");
    project.change("template.yaml", "            # toolgate: rights of stock\n", "");
    project.change("template.yaml", "\nOutputs:", "\n# toolgate: rights of stock\nOutputs:");
    let template = project.text("template.yaml");
    let out = project.added(&["tool", "cancel", "--confirm"]);
    assert!(template == project.text("template.yaml") && out.contains("its markers are at other places"), "{out}");
}

#[test]
fn nothing_is_written_over_and_then_nothing_is_written() {
    let project = Project::new("all");
    std::fs::write(project.folder.join("events/stock/cancel-gateway.json"), "mine").unwrap();
    let error = project.refused(&["tool", "cancel"]);
    assert!(error.contains("already there") && error.contains("`events/stock/cancel-gateway.json`"), "{error}");
    std::fs::write(project.folder.join("tests/billing.rs"), "mine").unwrap();
    let error = project.refused(&["group", "billing"]);
    assert!(error.contains("`tests/billing.rs`"), "{error}");
}

#[test]
fn an_action_group_has_at_most_eleven_tools() {
    for (target, limited) in [("classic", true), ("agentcore", false)] {
        let project = Project::new(target);
        for number in 3..=11 {
            project.added(&["tool", &format!("get_{number}")]);
        }
        if limited {
            let error = project.refused(&["tool", "get_12"]);
            assert!(error.contains("`stock` has 11 tools") && error.contains("toolgate add group NAME"), "{error}");
        } else {
            project.added(&["tool", "get_12"]);
        }
    }
}

#[test]
fn a_group_has_all_that_calls_it() {
    let project = Project::new("all");
    project.added(&["group", "after-sales"]);
    let template = project.template();
    let text = |path: &[&str]| template.at(path).and_then(Node::text).map(str::to_owned);
    let resource = |id: &str| text(&["Resources", id, "Type"]).unwrap();
    assert_eq!(resource("AfterSalesFunction"), "AWS::Serverless::Function");
    assert_eq!(resource("AssistantCallsAfterSales"), "AWS::Lambda::Permission");
    assert_eq!(text(&["Resources", "AfterSalesTarget", "Properties", "Name"]).unwrap(), "after-sales");
    assert_eq!(text(&["Resources", "AfterSalesTarget", "DependsOn"]).unwrap(), "CallTools");
    let groups = template.at(&["Resources", "Assistant", "Properties"]).unwrap().list("ActionGroups");
    assert_eq!(groups.last().unwrap().text_of("ActionGroupName"), Some("after-sales"));
    let called = template.at(&["Resources", "CallTools", "Properties", "PolicyDocument", "Statement"]).unwrap();
    assert_eq!(called.items()[0].list("Resource").len(), 2);
    assert!(project.text("src/lib.rs").contains("pub mod after_sales;"));
    assert!(project.text("src/bin/after-sales.rs").contains("shop::after_sales::router()"));
    assert!(project.text("src/after_sales/mod.rs").contains("get_after_sales::get_after_sales"));
    assert!(
        project.text("events/after-sales/get_after_sales-gateway.context.json").contains("after-sales___get_after")
    );

    let classic = Project::new("classic");
    classic.added(&["group", "billing"]);
    assert!(classic.template().resource("BillingTarget").is_none());
    let agentcore = Project::new("agentcore");
    agentcore.added(&["group", "billing"]);
    assert!(agentcore.template().resource("AssistantCallsBilling").is_none());
}

#[test]
fn a_project_with_its_own_tables_gets_tools_without_one() {
    let project = Project::new("all");
    project.change("template.yaml", "ItemsTable", "TicketsTable");
    project.change("src/app.rs", "pub items: String", "pub tickets: String");
    for (number, options) in COMBINATIONS.iter().enumerate() {
        project.added(&[&["tool", &format!("do_{number}")], *options].concat());
        assert!(!project.text(&format!("src/stock/do_{number}.rs")).contains("items"));
    }
    project.added(&["group", "billing"]);
    project.assert_parses();
    // the state has another shape, so the test of the group does without it
    assert!(!project.text("tests/billing.rs").contains("App::new"));
    let out = project.added(&["tool", "pay", "--group", "billing", "--once"]);
    assert!(out.contains("`tests/billing.rs` is as it was"), "{out}");
    assert!(out.contains("`template.yaml` is as it was"), "{out}");
}

#[test]
fn what_a_project_lacks_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut add = Command::new(env!("CARGO_BIN_EXE_toolgate"));
    let done = add.current_dir(&folder).args(["add", "tool", "pay"]).output().unwrap();
    let error = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.code() == Some(1) && error.contains("there is no `template.yaml` in"), "{error}");

    let project = Project::new("all");
    project.change("Cargo.toml", "uuid = ", "# uuid = ");
    let error = project.refused(&["tool", "pay", "--once"]);
    assert!(error.contains("needs these dependencies: uuid"), "{error}");
    project.change("template.yaml", "LedgerTable", "Records");
    assert!(project.refused(&["tool", "pay", "--confirm"]).contains("no table `LedgerTable`"));
    project.change("src/app.rs", "pub ledger", "ledger");
    std::fs::remove_file(project.folder.join("src/stock/mod.rs")).unwrap();
    assert!(project.refused(&["tool", "pay"]).contains("has no `src/stock/mod.rs`"));
}
