//! `AWS::Bedrock::KnowledgeBase` with its data sources, and the knowledge bases that agents use.

use std::path::PathBuf;

use crate::{
    evaluate::Evaluator,
    identifiers::knowledge_base_id,
    node::Node,
    resources::{Resource, resources},
};

pub(crate) const KNOWLEDGE_BASE: &str = "AWS::Bedrock::KnowledgeBase";
pub(crate) const DATA_SOURCE: &str = "AWS::Bedrock::DataSource";

/// A knowledge base.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnowledgeBaseSpec {
    /// The logical id in the template (`KnowledgeBase`).
    pub logical_id: String,
    /// The id in the format of AWS: ten characters, from the logical id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// `Name`.
    pub name: String,
    /// `Description`.
    pub description: Option<String>,
    /// `StorageConfiguration.Type`, such as `S3_VECTORS`. It decides which searches the base accepts.
    pub store: String,
    /// Its data sources, in the template's order.
    pub sources: Vec<DataSourceSpec>,
}

/// A data source of a knowledge base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSourceSpec {
    /// The logical id in the template.
    pub id: String,
    /// The name of its bucket, for the addresses of the documents.
    pub bucket: String,
    /// The folder with its documents on this machine (`Metadata: Toolgate: Documents`), with the template's folder in
    /// front; `None` if the template names none.
    pub documents: Option<PathBuf>,
    /// Whether each document is one chunk (`ChunkingStrategy: NONE`).
    pub whole: bool,
}

/// A knowledge base that an agent's model may search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentKnowledgeBase {
    /// Its id.
    pub id: String,
    /// `Description`: when to search it. The model sees it.
    pub description: String,
}

/// The template's knowledge bases.
pub(crate) fn knowledge_bases(evaluator: &Evaluator<'_>) -> Vec<KnowledgeBaseSpec> {
    let found = resources(evaluator, &[KNOWLEDGE_BASE]);
    let mut bases: Vec<KnowledgeBaseSpec> = Vec::new();
    for resource in &found {
        let base = knowledge_base(evaluator, resource);
        if let Some(other) = bases.iter().find(|other| other.id == base.id) {
            let message = format!(
                "`{}` and `{}` have the same first ten characters, which are their ids on a laptop: rename one",
                other.logical_id, base.logical_id
            );
            evaluator.problem(resource.position(), message);
        }
        bases.push(base);
    }
    for resource in resources(evaluator, &[DATA_SOURCE]) {
        let Some(of) = evaluator.text_member(&resource.properties, "KnowledgeBaseId") else {
            evaluator.problem(resource.position(), "a data source needs `KnowledgeBaseId`");
            continue;
        };
        let Some(source) = data_source(evaluator, &resource) else { continue };
        // The base of a data source may be in another stack.
        if let Some(base) = bases.iter_mut().find(|base| base.id == of) {
            base.sources.push(source);
        }
    }
    bases
}

/// The enabled knowledge bases of an agent.
pub(crate) fn of_agent(evaluator: &Evaluator<'_>, agent: &Node) -> Vec<AgentKnowledgeBase> {
    let list = evaluator.member(agent, "KnowledgeBases");
    let list = list.as_ref().map(|list| list.items()).unwrap_or_default();
    let enabled = list.iter().filter(|entry| entry.text_of("KnowledgeBaseState") != Some("DISABLED"));
    let bases = enabled.filter_map(|entry| {
        let text = |name: &str| entry.get(name).and_then(Node::string).filter(|text| !text.is_empty());
        let (Some(id), Some(description)) = (text("KnowledgeBaseId"), text("Description")) else {
            let message = "a knowledge base of an agent needs `KnowledgeBaseId` and `Description`";
            evaluator.problem(&entry.position, message);
            return None;
        };
        Some(AgentKnowledgeBase { id: id.to_owned(), description: description.to_owned() })
    });
    bases.collect()
}

fn knowledge_base(evaluator: &Evaluator<'_>, resource: &Resource<'_>) -> KnowledgeBaseSpec {
    let properties = resource.properties.as_ref();
    let name = evaluator.text_member(properties, "Name");
    if name.is_none() {
        evaluator.problem(&properties.position, "a knowledge base needs `Name`");
    }
    let storage = evaluator.member(properties, "StorageConfiguration");
    let id = knowledge_base_id(resource.id);
    KnowledgeBaseSpec {
        logical_id: resource.id.to_owned(),
        arn: crate::arn::knowledge_base_arn(&id),
        id,
        name: name.unwrap_or_default(),
        description: evaluator.text_member(properties, "Description"),
        store: storage.and_then(|storage| evaluator.text_member(&storage, "Type")).unwrap_or_default(),
        sources: Vec::new(),
    }
}

fn data_source(evaluator: &Evaluator<'_>, resource: &Resource<'_>) -> Option<DataSourceSpec> {
    let properties = resource.properties.as_ref();
    let configuration = evaluator.member(properties, "DataSourceConfiguration");
    let s3 = configuration.as_ref().and_then(|configuration| configuration.get("S3Configuration"));
    let bucket = s3.and_then(|s3| evaluator.text_member(s3, "BucketArn"));
    let chunking = evaluator.member(properties, "VectorIngestionConfiguration");
    let strategy = chunking.as_ref().and_then(|vector| vector.at(&["ChunkingConfiguration", "ChunkingStrategy"]));
    let folder = resource.body.at(&["Metadata", "Toolgate", "Documents"]);
    let documents = match folder {
        Some(folder) => Some(documents(evaluator, folder)?),
        None => None,
    };
    Some(DataSourceSpec {
        id: resource.id.to_owned(),
        bucket: bucket.as_deref().and_then(|arn| arn.rsplit(':').next()).unwrap_or(resource.id).to_owned(),
        documents,
        whole: strategy.and_then(Node::string) == Some("NONE"),
    })
}

/// The folder of a data source's documents on this machine.
fn documents(evaluator: &Evaluator<'_>, folder: &Node) -> Option<PathBuf> {
    let written = evaluator.text(folder)?;
    let path = evaluator.source.path().parent().map(|parent| parent.join(&written)).unwrap_or_default();
    if path.is_dir() {
        return Some(path);
    }
    let message = format!("the folder `{written}` does not exist beside the template: create it, or correct the name");
    evaluator.problem(&folder.position, message);
    None
}
