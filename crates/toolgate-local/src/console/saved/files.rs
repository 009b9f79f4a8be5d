//! The files of a fixture event: `NAME.json`, `NAME.context.json` on the gateway wire, and `NAME.reply.json`.

use serde_json::Value;

/// One file.
#[derive(Debug)]
pub(super) struct Fixture {
    /// Its name in the folder.
    pub(super) file: String,
    pub(super) text: String,
}

impl Fixture {
    pub(super) fn of(name: &str, event: Value, context: Option<Value>, reply: Value) -> Vec<Self> {
        let mut files = vec![Self::json(format!("{name}.json"), &event)];
        files.extend(context.map(|context| Self::json(Self::context_file(name), &context)));
        files.push(Self::json(format!("{name}.reply.json"), &open_bodies(reply)));
        files
    }

    /// The file of the client context.
    pub(super) fn context_file(name: &str) -> String {
        format!("{name}.context.json")
    }

    /// The new file as a unified diff.
    pub(super) fn diff(&self, path: &str) -> String {
        let lines = self.text.lines().count();
        let added: String = self.text.lines().map(|line| format!("+{line}\n")).collect();
        format!("--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{lines} @@\n{added}")
    }

    fn json(file: String, value: &Value) -> Self {
        Self { file, text: format!("{value:#}\n") }
    }
}

/// Replaces texts named `body` with the JSON in them, as the replay of the tests compares them. A person can review it.
fn open_bodies(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let member = |(name, member): (String, Value)| match member {
                Value::String(text) if name == "body" => {
                    let open = serde_json::from_str(&text).unwrap_or(Value::String(text));
                    (name, open)
                }
                member => (name, open_bodies(member)),
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(open_bodies).collect()),
        other => other,
    }
}
