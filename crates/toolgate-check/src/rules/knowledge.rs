//! Knowledge bases: an index that takes their texts, and what a model sees of them.

use super::{Rule, source};
use crate::{
    deployment::Deployment,
    reporter::{Reporter, quoted},
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("vector-metadata", source::KNOWLEDGE_STORE, vector_metadata)
        .holds(
            "the S3 Vectors index of a knowledge base has `AMAZON_BEDROCK_TEXT` and `AMAZON_BEDROCK_METADATA` as \
                non-filterable metadata: filterable metadata has at most 2,048 bytes, and longer texts are not ingested",
        )
        .fix(
            "add `MetadataConfiguration: {NonFilterableMetadataKeys: [AMAZON_BEDROCK_TEXT, AMAZON_BEDROCK_METADATA]}`; \
              this replaces an index that exists",
        ),
    Rule::error("knowledge-description", source::KNOWLEDGE_ASSOCIATION, description)
        .holds("an agent's `Description` of a knowledge base, by which its model decides to search, has 1 to 200 characters")
        .fix("say in a sentence what the knowledge base holds"),
];

/// What Bedrock writes beside each vector.
const WRITTEN: [&str; 2] = ["AMAZON_BEDROCK_TEXT", "AMAZON_BEDROCK_METADATA"];
/// The service's limit on a description, in characters.
const DESCRIPTION: usize = 200;

fn vector_metadata(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for base in deployment.of_type("AWS::Bedrock::KnowledgeBase") {
        let arn = base.properties().at(&["StorageConfiguration", "S3VectorsConfiguration", "IndexArn"]);
        let index = arn.and_then(|arn| deployment.referred(arn.text()?));
        let Some(index) = index.filter(|index| index.kind == "AWS::S3Vectors::Index") else { continue };
        let configuration = index.properties().get("MetadataConfiguration");
        let keys =
            configuration.map(|configuration| configuration.list("NonFilterableMetadataKeys")).unwrap_or_default();
        let has = |wanted: &str| keys.iter().any(|key| key.text() == Some(wanted));
        let missing = quoted(WRITTEN.into_iter().filter(|wanted| !has(wanted)));
        if !missing.is_empty() {
            let message = format!("the index `{}` of `{}` makes {missing} filterable", index.id, base.id);
            reporter.at(index.position_of("MetadataConfiguration"), message);
        }
    }
}

fn description(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for agent in deployment.agents() {
        for base in agent.properties().list("KnowledgeBases") {
            let Some(description) = base.get("Description") else { continue };
            let length = description.text().unwrap_or_default().chars().count();
            if !(1..=DESCRIPTION).contains(&length) {
                let message = format!("the description of a knowledge base of `{}` has {length} characters", agent.id);
                reporter.at(&description.position, message);
            }
        }
    }
}
