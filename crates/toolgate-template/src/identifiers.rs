//! The names and ids of resources on a laptop, in the formats of AWS.

use crate::{
    arn::{ACCOUNT, REGION},
    evaluate::Evaluator,
    position::Position,
};

/// A table's name: its `TableName`, or its logical id.
pub(crate) fn table_name(evaluator: &Evaluator<'_>, id: &str) -> String {
    property(evaluator, id, "TableName").unwrap_or_else(|| id.to_owned())
}

/// A gateway's id in AgentCore's format: its name and ten characters.
pub(crate) fn gateway_id(evaluator: &Evaluator<'_>, id: &str) -> String {
    format!("{}-local00000", property(evaluator, id, "Name").unwrap_or_else(|| id.to_lowercase()))
}

pub(crate) fn gateway_arn(evaluator: &Evaluator<'_>, id: &str) -> String {
    format!("arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:gateway/{}", gateway_id(evaluator, id))
}

/// A harness's id in AgentCore's format: its logical id and ten characters.
pub(crate) fn harness_id(id: &str) -> String {
    format!("{id}-local00000")
}

pub(crate) fn harness_arn(id: &str) -> String {
    format!("arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:harness/{}", harness_id(id))
}

/// The id of a knowledge base in the format of AWS, which the SDKs require: ten letters and digits. These are the first
/// ones of its logical id; a shorter one is filled up with zeros.
pub(crate) fn knowledge_base_id(id: &str) -> String {
    let plain = id.chars().filter(char::is_ascii_alphanumeric);
    plain.chain(std::iter::repeat('0')).take(10).collect()
}

/// The name of a bucket: its `BucketName`, or its logical id in lower case.
pub(crate) fn bucket_name(evaluator: &Evaluator<'_>, id: &str) -> String {
    property(evaluator, id, "BucketName").unwrap_or_else(|| id.to_lowercase())
}

/// The id of an alias: its name if that is a valid id, otherwise its logical id.
pub(crate) fn alias_id(evaluator: &Evaluator<'_>, id: &str) -> String {
    let valid = |name: &String| (1..=10).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric());
    property(evaluator, id, "AgentAliasName").filter(valid).unwrap_or_else(|| id.to_owned())
}

/// The logical id of an alias's agent.
pub(crate) fn alias_agent(evaluator: &Evaluator<'_>, id: &str, position: &Position) -> Option<String> {
    if evaluator.source.at(&["Resources", id, "Properties", "AgentId"]).is_none() {
        evaluator.problem(position, format!("the alias `{id}` names no agent: set its `AgentId`"));
    }
    property(evaluator, id, "AgentId")
}

/// A property that is text.
fn property(evaluator: &Evaluator<'_>, id: &str, name: &str) -> Option<String> {
    let written = evaluator.source.at(&["Resources", id, "Properties", name])?;
    let what = format!("`{name}` of `{id}`");
    evaluator.within(&what, &written.position, || evaluator.text(written)).flatten()
}
