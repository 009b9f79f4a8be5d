//! Tables: whether a failed stack can be deleted, and who may write the data that gates rely on.

use toolgate_template::Node;

use super::{Rule, permissions, source};
use crate::{
    deployment::{Deployment, Resource},
    reporter::Reporter,
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("table-rollback", source::TABLE, rollback)
        .holds(
            "a table is not protected from deletion by its first deployment: one that fails would leave the stack in \
                `ROLLBACK_FAILED` with every table",
        )
        .fix(
            "set `DeletionProtectionEnabled` from a parameter that is off by default, and turn it on when the stack \
              exists",
        ),
    Rule::error("leading-keys", source::LEADING_KEYS, leading_keys)
        .holds(
            "a function's role may write only items of its own tools in a table of ledger records or approvals \
                (partition key `id`, time to live `expiresAt`)",
        )
        .fix(
            "add `Condition: {ForAllValues:StringLike: {dynamodb:LeadingKeys: [\"TOOL#*\"]}, Null: \
              {dynamodb:LeadingKeys: \"false\"}}` to the statement (`call#TOOL#*` and `elicit#TOOL#*` for approvals)",
        ),
];

fn rollback(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    // The stack's own parameters have their values from its first deployment on.
    let mut first = deployment.settings.clone();
    first.retain(|name, value| {
        if name != "Environment" && name != "Project" {
            match deployment.parameter(name).and_then(|it| it.text_of("Default")) {
                Some(default) => default.clone_into(value),
                None => return true,
            }
        }
        true
    });
    for table in deployment.of_type("AWS::DynamoDB::Table") {
        let Some(written) = deployment.written(table, "DeletionProtectionEnabled") else { continue };
        if deployment.resolved_with(&first, written).is_some_and(|value| value.is_true()) {
            let message = format!("the table `{}` could not be removed if its first deployment failed", table.id);
            reporter.at(table.position_of("DeletionProtectionEnabled"), message);
        }
    }
}

/// Whether a table has the keys of a ledger or of its approvals.
pub(super) fn remembers(table: &Resource) -> bool {
    let keys = table.properties().list("KeySchema");
    let ttl = table.properties().at(&["TimeToLiveSpecification", "AttributeName"]).and_then(Node::text);
    matches!(keys, [key] if key.text_of("AttributeName") == Some("id")) && ttl == Some("expiresAt")
}

fn leading_keys(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    const WRITES: [&str; 3] = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"];
    for function in deployment.functions() {
        let statements = permissions::of_function(deployment, function).into_iter();
        for statement in statements.filter(|it| WRITES.iter().any(|action| permissions::allows(it, action))) {
            let resources = statement.get("Resource").map_or(&[] as &[_], Node::one_or_more);
            let tables = resources.iter().filter_map(|arn| deployment.referred(arn.text()?));
            for table in tables.filter(|table| table.kind == "AWS::DynamoDB::Table" && remembers(table)) {
                let condition = statement.get("Condition").map(|it| it.to_json().to_string()).unwrap_or_default();
                if !condition.contains("dynamodb:LeadingKeys") {
                    let message = format!(
                        "`{}` may write any item of `{}`, including those of other tools",
                        function.id, table.id
                    );
                    reporter.at(&statement.position, message);
                }
            }
        }
    }
}
