//! `Metadata: Toolgate: Approvals: LOGICAL_ID`: the table of calls that wait for a person.

use crate::{evaluate::Evaluator, node::Node, tables::TABLES, types::TableSpec};

/// The logical id of the table, where the template names one and the table's condition holds.
pub(crate) fn approvals(evaluator: &Evaluator<'_>, tables: &[TableSpec]) -> Option<String> {
    let named = evaluator.source.at(&["Metadata", "Toolgate", "Approvals"])?;
    let id = named.text().unwrap_or_default();
    if tables.iter().any(|table| table.logical_id == id) {
        return Some(id.to_owned());
    }
    let kind = evaluator.source.at(&["Resources", id]).and_then(|resource| resource.get("Type")).and_then(Node::text);
    if !kind.is_some_and(|kind| TABLES.contains(&kind)) {
        let message = format!("`Approvals` needs the logical id of a table of this template; `{id}` is not one");
        evaluator.problem(&named.position, message);
    }
    None
}
