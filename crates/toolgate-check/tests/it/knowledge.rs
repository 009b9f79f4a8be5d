//! Knowledge bases that would be created and find nothing.

use crate::kit::{Copy, TEMPLATE};

fn with(metadata: &str) -> Copy {
    let resources = format!(
        "  Vectors: {{Type: AWS::S3Vectors::VectorBucket}}
  Index:
    Type: AWS::S3Vectors::Index
    Properties: {{VectorBucketArn: !GetAtt Vectors.VectorBucketArn, DataType: float32, Dimension: 1024, DistanceMetric: cosine{metadata}}}
  Base:
    Type: AWS::Bedrock::KnowledgeBase
    Properties:
      Name: !Sub ${{Project}}-${{Environment}}
      RoleArn: arn:aws:iam::123456789012:role/base
      StorageConfiguration: {{Type: S3_VECTORS, S3VectorsConfiguration: {{IndexArn: !GetAtt Index.IndexArn}}}}
"
    );
    Copy::new().edit(TEMPLATE, "\nResources:\n", &format!("\nResources:\n{resources}\n"))
}

#[test]
fn an_index_that_refuses_the_texts_of_its_base() {
    let keys = |keys: &str| with(&format!(", MetadataConfiguration: {{NonFilterableMetadataKeys: [{keys}]}}"));
    keys("AMAZON_BEDROCK_METADATA, AMAZON_BEDROCK_TEXT, other").finds(&[]);
    for copy in [keys("AMAZON_BEDROCK_TEXT"), keys("other")] {
        copy.finds(&[(TEMPLATE, "DataType: float32", "vector-metadata")]);
    }
    with("").finds(&[(TEMPLATE, "  Index:", "vector-metadata")]);
}

#[test]
fn a_description_by_which_no_model_can_decide() {
    let line = "      AutoPrepare: true # of the clerk\n";
    let copy = |text: &str| {
        let base = format!("      KnowledgeBases: [{{KnowledgeBaseId: ABCDEFGHIJ, Description: {text}}}]\n");
        Copy::new().edit(TEMPLATE, line, &format!("{line}{base}"))
    };
    copy("the rules of returns").finds(&[]);
    copy(&"x".repeat(201)).finds(&[(TEMPLATE, "ABCDEFGHIJ", "knowledge-description")]);
}
