//! What the policies of a function allow already, so that a tool adds only what is missing.

use serde::Serialize;
use toolgate_template::Node;

use super::project::Project;

/// What a tool needs besides the permissions of its own records, and its function does not have.
#[derive(Debug, Default, Serialize)]
pub(super) struct Grants {
    pub(super) get_items: bool,
    pub(super) update_items: bool,
    pub(super) read_approvals: bool,
}

impl Grants {
    /// Leaves what a function has already.
    pub(super) fn missing(self, project: &Project, function: &str) -> Self {
        let policies = project.template.at(&["Resources", function, "Properties", "Policies"]);
        let has = |action: &str, table: &str| policies.is_some_and(|policies| allows(policies, action, table));
        Self {
            get_items: self.get_items && !has("dynamodb:GetItem", "ItemsTable"),
            update_items: self.update_items && !has("dynamodb:UpdateItem", "ItemsTable"),
            read_approvals: self.read_approvals && !has("dynamodb:BatchGetItem", &project.approvals),
        }
    }
}

/// Whether a statement without alternatives allows an action on a table.
fn allows(policies: &Node, action: &str, table: &str) -> bool {
    let statements = policies.one_or_more().iter().filter_map(|policy| policy.get("Statement"));
    statements.flat_map(Node::one_or_more).any(|statement| {
        let names = |name: &str| statement.get(name).map_or(&[] as &[Node], Node::one_or_more);
        statement.text_of("Effect") == Some("Allow")
            && names("Action").iter().any(|it| it.text() == Some(action))
            && names("Resource").iter().any(|resource| is_arn_of(resource, table))
    })
}

/// Whether a node is `!GetAtt TABLE.Arn`.
fn is_arn_of(resource: &Node, table: &str) -> bool {
    let parts = resource.get("Fn::GetAtt").map_or(&[] as &[Node], Node::items);
    matches!(parts, [id, attribute] if id.text() == Some(table) && attribute.text() == Some("Arn"))
}
