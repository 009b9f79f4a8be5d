//! What the tools of this group work with: the desk, and the help articles.

use support_desk::Desk;

use crate::articles::Articles;

/// The state of the tools.
#[derive(Debug, Clone)]
pub struct Support {
    pub(crate) desk: Desk,
    pub(crate) articles: Articles,
}

impl Support {
    /// The tools over a desk and its help articles.
    pub fn new(desk: Desk, articles: Articles) -> Self {
        Self { desk, articles }
    }

    /// The state of this process: the desk's variables, and `KNOWLEDGE_BASE_ID`.
    ///
    /// # Errors
    /// A variable is not set, or is not valid.
    pub async fn from_env() -> Result<Self, toolgate::Error> {
        let base = std::env::var("KNOWLEDGE_BASE_ID").ok().filter(|id| !id.is_empty());
        let base =
            base.ok_or("KNOWLEDGE_BASE_ID is not set: set the id of the knowledge base with the help articles")?;
        let config = toolgate_dynamodb::config().await;
        let desk = Desk::with_client(toolgate_dynamodb::client_with(&config))?;
        Ok(Self::new(desk, Articles::new(aws_sdk_bedrockagentruntime::Client::new(&config), base)))
    }
}

impl AsRef<Desk> for Support {
    fn as_ref(&self) -> &Desk {
        &self.desk
    }
}
