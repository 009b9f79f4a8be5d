//! The help articles for tests: the local agent over the project's documents, and a service that fails.

use std::path::Path;

use aws_sdk_bedrockagentruntime::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
};
use support::{Articles, Support};
use support_desk::Desk;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use toolgate_local::{Local, Running};

/// The project's documents, as its template names them.
const DOCUMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../knowledge");

/// A knowledge base on this machine.
pub(crate) struct Help {
    running: Running,
    _folder: tempfile::TempDir,
}

impl Help {
    pub(crate) async fn start() -> Self {
        Self::over(tempfile::tempdir().unwrap(), Path::new(DOCUMENTS)).await
    }

    /// With one document `trap.md`.
    pub(crate) async fn of(text: &str, attributes: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let documents = folder.path().join("documents");
        std::fs::create_dir(&documents).unwrap();
        std::fs::write(documents.join("trap.md"), text).unwrap();
        let metadata = format!("{{\"metadataAttributes\": {attributes}}}");
        std::fs::write(documents.join("trap.md.metadata.json"), metadata).unwrap();
        Self::over(folder, &documents).await
    }

    async fn over(folder: tempfile::TempDir, documents: &Path) -> Self {
        let template = format!(
            "Resources:
  KnowledgeBase:
    Type: AWS::Bedrock::KnowledgeBase
    Properties: {{Name: desk, RoleArn: r, StorageConfiguration: {{Type: S3_VECTORS}}}}
  Source:
    Type: AWS::Bedrock::DataSource
    Metadata: {{Toolgate: {{Documents: {}}}}}
    Properties:
      Name: articles
      KnowledgeBaseId: !Ref KnowledgeBase
      VectorIngestionConfiguration: {{ChunkingConfiguration: {{ChunkingStrategy: NONE}}}}
",
            documents.display()
        );
        let path = folder.path().join("template.yaml");
        std::fs::write(&path, template).unwrap();
        let running = Local::from_template(path).port(0).in_memory().start().await.unwrap();
        Self { running, _folder: folder }
    }

    pub(crate) fn support(&self, desk: Desk) -> Support {
        Support::new(desk, Articles::new(client(self.running.url()), "KnowledgeB"))
    }
}

pub(crate) fn client(url: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(url)
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}

/// The address of a service that fails with this exception. Its message is not for the model.
pub(crate) async fn failing(code: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 16 * 1024];
            let _ = stream.read(&mut request).await;
            let body = r#"{"message": "hush"}"#;
            let head = format!(
                "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nx-amzn-errortype: {code}\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    url
}
