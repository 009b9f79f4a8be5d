//! The parts of a start that can be checked without one.

use super::{Local, LocalError, Programs, model_choice, server};

impl Local {
    /// Checks what a start would read: the template, its programs, the models and the port. Nothing is started.
    ///
    /// # Errors
    /// [`LocalError`], as [`Local::start`] would return it.
    pub async fn check(&self) -> Result<(), LocalError> {
        let read = if self.only_database { toolgate_template::read_without_agents } else { toolgate_template::read };
        let mut template = read(&self.template, &self.parameters)?;
        if self.without_agents || self.only_database {
            template.agents.clear();
            template.harnesses.clear();
        }
        let choices = model_choice::choices(&mut template, &self.models, &self.log)?;
        model_choice::open(&template, &choices).await?;
        Programs::find(&template, self.binaries.clone())?;
        Ok(())
    }

    /// Whether the port can be used.
    ///
    /// # Errors
    /// [`LocalError::PortInUse`] or [`LocalError::Listen`].
    pub async fn check_port(&self) -> Result<(), LocalError> {
        server::bind(self.port).await.map(drop)
    }
}
