//! `Retrieve` over the documents of a template's folder, with the SDK's client.

use aws_sdk_bedrockagentruntime::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region},
    error::ProvideErrorMetadata,
    types::{
        FilterAttribute, KnowledgeBaseQuery, KnowledgeBaseRetrievalConfiguration,
        KnowledgeBaseVectorSearchConfiguration, RetrievalFilter,
    },
};
use serde_json::{Value, json};
use toolgate_local::{LocalError, Running};

use crate::support::{folder, local};

const TEMPLATE: &str = r#"
Resources:
  Documents: {Type: AWS::S3::Bucket}
  Handbook:
    Type: AWS::Bedrock::KnowledgeBase
    Properties: {Name: handbook, Description: Rules., RoleArn: r, StorageConfiguration: {Type: S3_VECTORS}}
  Source:
    Type: AWS::Bedrock::DataSource
    Metadata: {Toolgate: {Documents: rules}}
    Properties:
      Name: rules
      KnowledgeBaseId: !GetAtt Handbook.KnowledgeBaseId
      DataSourceConfiguration: {Type: S3, S3Configuration: {BucketArn: !GetAtt Documents.Arn}}
"#;

const FILES: [(&str, &str); 7] = [
    (
        "returns.md",
        "# Returns\nAn order can be returned within 30 days.\n# Exchange\nAn exchange is a return and an order.",
    ),
    ("returns.md.metadata.json", r#"{"metadataAttributes": {"year": 2026, "topics": ["orders", "money"]}}"#),
    ("deep/parcel.txt", "The parcel of an order takes two days."),
    (
        "deep/parcel.txt.metadata.json",
        r#"{"metadataAttributes": {"carrier": {"value": {"type": "STRING", "stringValue": "Hermes"}, "includeForEmbedding": true}}}"#,
    ),
    ("notes.html", "An order that is not read."),
    ("empty.md", "\n"),
    ("other.md", "Nothing about it."),
];

fn project(template: &str) -> tempfile::TempDir {
    let folder = folder(template);
    for (name, text) in FILES {
        let path = folder.path().join("rules").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

async fn started() -> (Running, Client, tempfile::TempDir) {
    let folder = project(TEMPLATE);
    let (running, client) = started_in(&folder).await;
    (running, client, folder)
}

async fn started_in(folder: &tempfile::TempDir) -> (Running, Client) {
    let running = local(folder).start().await.unwrap();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::for_tests())
        .endpoint_url(running.url())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    (running, Client::from_conf(config))
}

fn query(text: &str) -> KnowledgeBaseQuery {
    KnowledgeBaseQuery::builder().text(text).build()
}

fn at_most(number: i32) -> KnowledgeBaseRetrievalConfiguration {
    let search = KnowledgeBaseVectorSearchConfiguration::builder().number_of_results(number).build();
    KnowledgeBaseRetrievalConfiguration::builder().vector_search_configuration(search).build()
}

fn filtered(key: &str, value: aws_smithy_types::Document) -> KnowledgeBaseRetrievalConfiguration {
    let attribute = FilterAttribute::builder().key(key).value(value).build().unwrap();
    let search = KnowledgeBaseVectorSearchConfiguration::builder().filter(RetrievalFilter::Equals(attribute)).build();
    KnowledgeBaseRetrievalConfiguration::builder().vector_search_configuration(search).build()
}

#[tokio::test]
async fn the_documents_of_the_folder_are_found_with_their_metadata() {
    let (running, client, _folder) = started().await;
    assert_eq!(running.health()["knowledgeBases"], json!([{"id": "Handbook00", "name": "handbook", "documents": 4}]));
    let arn = "arn:aws:bedrock:us-east-1:123456789012:knowledge-base/Handbook00";
    for id in ["Handbook00", arn, "Handbook"] {
        let found = client.retrieve().knowledge_base_id(id).retrieval_query(query("return an order")).send().await;
        let found = found.unwrap().retrieval_results;
        assert_eq!(found.len(), 3, "{id}: {found:?}");
        let best = &found[0];
        assert!(
            best.content().unwrap().text().starts_with("# Exchange")
                || best.content().unwrap().text().starts_with("# Returns")
        );
        assert_eq!(best.location().unwrap().s3_location().unwrap().uri(), Some("s3://documents/returns.md"));
        assert_eq!(best.metadata().unwrap()["year"], aws_smithy_types::Document::from(2026_u64));
        assert!(found.iter().all(|result| (0.0..1.0).contains(&result.score().unwrap())));
    }
    // The carrier is in the metadata only, which is searched because it says so.
    let found =
        client.retrieve().knowledge_base_id("Handbook00").retrieval_query(query("hermes")).send().await.unwrap();
    assert_eq!(found.retrieval_results[0].content().unwrap().text(), "The parcel of an order takes two days.");
    let nothing = client.retrieve().knowledge_base_id("Handbook00").retrieval_query(query("xylophone")).send().await;
    assert!(nothing.unwrap().retrieval_results.is_empty());
}

#[tokio::test]
async fn pages_follow_each_other_until_the_last() {
    let (_running, client, _folder) = started().await;
    let request = || {
        let request = client.retrieve().knowledge_base_id("Handbook00").retrieval_query(query("return an order"));
        request.retrieval_configuration(at_most(2))
    };
    let first = request().send().await.unwrap();
    let token = first.next_token().unwrap();
    let second = request().next_token(token).send().await.unwrap();
    assert_eq!((first.retrieval_results.len(), second.retrieval_results.len()), (2, 1));
    assert_eq!(second.next_token(), None);
    assert!(!first.retrieval_results.contains(&second.retrieval_results[0]));
    let of_this_query = token.split_once('-').unwrap().1;
    let beyond = request().next_token(format!("{}-{of_this_query}", usize::MAX)).send().await.unwrap();
    assert!(beyond.retrieval_results.is_empty() && beyond.next_token().is_none());
    let other_query = request().retrieval_query(query("parcel")).next_token(token);
    let other_filter = request().retrieval_configuration(filtered("year", 2026.into())).next_token(token);
    let forged = ["x", "2", "-1", &format!("-1-{of_this_query}"), "2-0"].map(|token| request().next_token(token));
    for request in forged.into_iter().chain([other_query, other_filter]) {
        let error = request.send().await.unwrap_err().into_service_error();
        assert!(error.is_validation_exception(), "{error:?}");
        assert!(error.message().unwrap().contains("repeat the request without it"), "{error:?}");
    }
}

#[tokio::test]
async fn a_filter_sees_the_attributes_of_the_service_and_no_document_can_forge_them() {
    let folder = project(TEMPLATE);
    let forged = r#"{"metadataAttributes": {"x-amz-bedrock-kb-data-source-id": "Other"}}"#;
    std::fs::write(folder.path().join("rules/other.md"), "An order of another.").unwrap();
    std::fs::write(folder.path().join("rules/other.md.metadata.json"), forged).unwrap();
    let (_running, client) = started_in(&folder).await;
    let count = async |key: &str, value: &str| {
        let request = client.retrieve().knowledge_base_id("Handbook00").retrieval_query(query("order"));
        request.retrieval_configuration(filtered(key, value.into())).send().await.unwrap().retrieval_results.len()
    };
    assert_eq!(count("x-amz-bedrock-kb-data-source-id", "Source").await, 4);
    assert_eq!(count("x-amz-bedrock-kb-data-source-id", "Other").await, 0);
    assert_eq!(count("x-amz-bedrock-kb-source-uri", "s3://documents/returns.md").await, 2);
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_not_followed_and_a_byte_order_mark_is_not_read() {
    let folder = project(TEMPLATE);
    let rules = folder.path().join("rules");
    let outside = folder.path().join("secret.md");
    std::fs::write(&outside, "A secret order.").unwrap();
    std::os::unix::fs::symlink(&outside, rules.join("link.md")).unwrap();
    std::os::unix::fs::symlink(folder.path(), rules.join("loop")).unwrap();
    std::fs::write(rules.join("other.md"), "\u{feff}# Marked\nNothing.").unwrap();
    std::fs::write(rules.join("other.md.metadata.json"), "\u{feff}{\"metadataAttributes\": {\"a\": 1}}").unwrap();
    let (running, client) = started_in(&folder).await;
    assert_eq!(running.health()["knowledgeBases"][0]["documents"], 4);
    let found = client.retrieve().knowledge_base_id("Handbook00").retrieval_query(query("marked")).send().await;
    assert_eq!(found.unwrap().retrieval_results[0].content().unwrap().text(), "# Marked\nNothing.");
    drop(running);
    std::fs::write(&outside, r#"{"metadataAttributes": {"secret": "x"}}"#).unwrap();
    std::os::unix::fs::symlink(&outside, rules.join("empty.md.metadata.json")).unwrap();
    let error = local(&folder).start().await.unwrap_err().to_string();
    assert!(error.contains("its metadata file: it is a symbolic link"), "{error}");
}

#[tokio::test]
async fn a_base_that_does_not_exist_is_named() {
    let (_running, client, _folder) = started().await;
    let error = client.retrieve().knowledge_base_id("ABCDEFGHIJ").retrieval_query(query("x")).send().await.unwrap_err();
    let error = error.into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    assert!(error.message().unwrap().contains("ABCDEFGHIJ"));
}

#[tokio::test]
async fn what_is_wrong_in_the_folder_stops_the_start() {
    for (name, content, expected) in [
        ("returns.md.metadata.json", &b"{}"[..], "metadataAttributes"),
        ("returns.md.metadata.json", b"{\"metadataAttributes\": {\"a\": {\"value\": 1}}}", "the value of `a`"),
        (
            "return.md.metadata.json",
            b"{\"metadataAttributes\": {}}",
            "return.md.metadata.json: it belongs to no document",
        ),
        ("deep/returns.md.metadata.json", b"{}", "it belongs to no document"),
        ("latin.md", b"caf\xe9", "it is not UTF-8"),
    ] {
        let folder = project(TEMPLATE);
        std::fs::write(folder.path().join("rules").join(name), content).unwrap();
        let error = local(&folder).start().await.unwrap_err();
        assert!(matches!(error, LocalError::Documents(_)), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(local(&folder).check().await.is_err());
    }
    let missing = project(&TEMPLATE.replace("Documents: rules", "Documents: nowhere"));
    let error = local(&missing).start().await.unwrap_err();
    assert!(error.to_string().contains("the folder `nowhere` does not exist"), "{error}");
    let twice =
        project(&format!("{TEMPLATE}  Handbook00: {{Type: AWS::Bedrock::KnowledgeBase, Properties: {{Name: x}}}}\n"));
    let error = local(&twice).start().await.unwrap_err();
    assert!(error.to_string().contains("the same first ten characters"), "{error}");
}

#[tokio::test]
async fn the_list_of_bases_is_the_services() {
    let (running, ..) = started().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let listed: Value =
        http.post(format!("{}/knowledgebases/", running.url())).send().await.unwrap().json().await.unwrap();
    let [base] = listed["knowledgeBaseSummaries"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!(base["knowledgeBaseId"], "Handbook00");
    assert_eq!(
        (&base["name"], &base["description"], &base["status"]),
        (&json!("handbook"), &json!("Rules."), &json!("ACTIVE"))
    );
}
