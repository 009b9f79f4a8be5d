//! The measured subjects: the baseline, the real handler, and Powertools for Python if it is installed.

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{
    call::{self, Wire},
    database,
};

/// An error as text.
pub(crate) fn failure(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Removes what other subjects may return differently: the `returnable` member, which is the example's own logic, and
/// `null` members, which equal missing ones.
fn loosen(body: &mut Value) {
    match body {
        Value::Object(members) => {
            members.retain(|name, member| name != "returnable" && !member.is_null());
            members.values_mut().for_each(loosen);
        }
        Value::Array(items) => items.iter_mut().for_each(loosen),
        _ => {}
    }
}

pub(crate) struct Subject {
    pub(crate) name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    variables: &'static [(&'static str, &'static str)],
    /// The wire on which it is called.
    pub(crate) wire: Wire,
    /// Whether its replies must equal those of the real handler in full.
    exact: bool,
    /// It takes part in every n-th round.
    pub(crate) every: usize,
}

impl Subject {
    pub(crate) fn floor(folder: &Path) -> Result<Self, String> {
        Self::binary("floor", "floor", folder)
    }

    pub(crate) fn orders(folder: &Path) -> Result<Self, String> {
        Ok(Self { exact: true, ..Self::binary("orders", "orders", folder)? })
    }

    /// The same handler without its two log lines per call. The difference is their cost.
    pub(crate) fn quiet(folder: &Path) -> Result<Self, String> {
        let variables = &[("TOOLGATE_LOG", "off"), ("TOOLGATE_METRICS", "off")];
        Ok(Self { exact: true, variables, ..Self::binary("orders, silent", "orders", folder)? })
    }

    /// Another build of the same handler.
    pub(crate) fn other_build(program: PathBuf) -> Self {
        Self { exact: true, ..Self::new("base", program) }
    }

    /// The same handler, called on this wire.
    pub(crate) fn on(wire: Wire, name: &'static str, folder: &Path) -> Result<Self, String> {
        let variables = &[("TOOLGATE_WIRES", "function,gateway,mcp")];
        Ok(Self { exact: true, wire, variables, ..Self::binary(name, "orders", folder)? })
    }

    fn new(name: &'static str, program: PathBuf) -> Self {
        Self { name, program, arguments: Vec::new(), variables: &[], wire: Wire::Function, exact: false, every: 1 }
    }

    fn binary(name: &'static str, file: &str, folder: &Path) -> Result<Self, String> {
        let program = folder.join(format!("{file}{}", std::env::consts::EXE_SUFFIX));
        match program.is_file() {
            true => Ok(Self::new(name, program)),
            false => Err(format!("`{}` is not there: run `make bench`", program.display())),
        }
    }

    /// Lambda's own Python runtime with a function resolver.
    ///
    /// # Errors
    /// Why it cannot be measured here.
    pub(crate) fn powertools(python: &Path) -> Result<Self, String> {
        let packages = "import aws_lambda_powertools, awslambdaric, boto3";
        let found = Command::new(python).args(["-c", packages]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            return Err(format!("`{}` does not have scripts/requirements-bench.txt", python.display()));
        }
        let arguments = ["-m", "awslambdaric", "powertools_orders.handler"].map(str::to_owned).into();
        let program = python.to_owned();
        Ok(Self { arguments, every: 5, ..Self::new("powertools", program) })
    }

    pub(crate) fn command(&self, endpoint: &str, runtime_api: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(database::environment(endpoint))
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
            .env("AWS_LAMBDA_FUNCTION_NAME", "orders")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/orders")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            // Log lines as on Lambda.
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/python"))
            .envs(self.variables.iter().copied());
        command
    }

    /// The size of the deployed file, if the deployment is one file.
    pub(crate) fn size(&self) -> Option<u64> {
        self.arguments.is_empty().then(|| std::fs::metadata(&self.program).ok().map(|data| data.len())).flatten()
    }

    /// Checks a reply.
    ///
    /// # Errors
    /// The difference to the expected reply.
    pub(crate) fn check(&self, reply: &[u8]) -> Result<(), Box<dyn Error>> {
        let (mut wanted, mut got) = (call::expected()?, self.wire.order(reply)?);
        if !self.exact {
            loosen(&mut wanted);
            loosen(&mut got);
        }
        match wanted == got {
            true => Ok(()),
            false => Err(format!("{} answers {got}, not {wanted}", self.name).into()),
        }
    }
}
