//! Knowledge bases with their data sources, and the agents that use them.

use std::{collections::BTreeMap, path::Path};

use toolgate_template::{Template, TemplateError, read};

fn read_text(folder: &Path, text: &str) -> Result<Template, TemplateError> {
    let path = folder.join("template.yaml");
    std::fs::write(&path, text).unwrap();
    read(&path, &BTreeMap::new())
}

const TEMPLATE: &str = r#"
Parameters: {Project: {Type: String, Default: desk}}
Resources:
  Documents: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub '${Project}-docs'}}
  KnowledgeBase:
    Type: AWS::Bedrock::KnowledgeBase
    Properties: {Name: !Ref Project, Description: Articles., RoleArn: r, StorageConfiguration: {Type: S3_VECTORS}}
  Short: {Type: AWS::Bedrock::KnowledgeBase, Properties: {Name: short, RoleArn: r}}
  Source:
    Type: AWS::Bedrock::DataSource
    Metadata: {Toolgate: {Documents: articles}}
    Properties:
      KnowledgeBaseId: !Ref KnowledgeBase
      DataSourceConfiguration: {Type: S3, S3Configuration: {BucketArn: !GetAtt Documents.Arn}}
      VectorIngestionConfiguration: {ChunkingConfiguration: {ChunkingStrategy: NONE}}
  Elsewhere:
    Type: AWS::Bedrock::DataSource
    Properties: {KnowledgeBaseId: ABCDEFGHIJ}
  Guide:
    Type: AWS::Bedrock::Agent
    Properties:
      Instruction: x
      FoundationModel: m
      KnowledgeBases:
        - {KnowledgeBaseId: !GetAtt KnowledgeBase.KnowledgeBaseId, Description: Articles.}
        - {KnowledgeBaseId: !Ref Short, Description: Nothing., KnowledgeBaseState: DISABLED}
"#;

#[test]
fn a_base_has_an_id_of_ten_characters_and_its_data_sources() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("articles")).unwrap();
    let template = read_text(folder.path(), TEMPLATE).unwrap();
    let [base, short] = template.knowledge_bases.as_slice() else { panic!() };
    assert_eq!(
        [base.id.as_str(), &base.name, &base.store, &short.id],
        ["KnowledgeB", "desk", "S3_VECTORS", "Short00000"]
    );
    assert_eq!(base.arn, "arn:aws:bedrock:us-east-1:123456789012:knowledge-base/KnowledgeB");
    assert_eq!((base.description.as_deref(), short.description.as_deref()), (Some("Articles."), None));
    let [source] = base.sources.as_slice() else { panic!() };
    assert_eq!((source.id.as_str(), source.bucket.as_str(), source.whole), ("Source", "desk-docs", true));
    assert_eq!(source.documents.as_deref(), Some(folder.path().join("articles").as_path()));
    let [used] = template.agents[0].knowledge_bases.as_slice() else { panic!() };
    assert_eq!((used.id.as_str(), used.description.as_str()), ("KnowledgeB", "Articles."));
}

#[test]
fn what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("articles")).unwrap();
    for (from, to, expected) in [
        ("Documents: articles", "Documents: nowhere", "the folder `nowhere` does not exist beside the template"),
        ("      KnowledgeBaseId: !Ref KnowledgeBase\n", "", "a data source needs `KnowledgeBaseId`"),
        ("{Name: short, RoleArn: r}", "{RoleArn: r}", "a knowledge base needs `Name`"),
        (", Description: Articles.}\n        -", "}\n        -", "needs `KnowledgeBaseId` and `Description`"),
        ("  Short: ", "  KnowledgeBook: ", "the same first ten characters"),
    ] {
        let text = TEMPLATE.replacen(from, to, 1).replace("!Ref Short", "x");
        let error = read_text(folder.path(), &text).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
