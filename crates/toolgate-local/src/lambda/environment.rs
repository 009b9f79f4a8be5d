//! The environment of a handler: the variables that Lambda sets, the template's variables, and none of the user's
//! shell.
//!
//! The credentials are dummies, so a tool that runs here cannot reach a real account by accident.

use std::{collections::BTreeMap, path::Path, process::Stdio};

use tokio::process::Command;

use toolgate_template::{FunctionSpec, GATEWAY_URL, REGION};

/// Variables of the user's shell that a handler inherits. They change what it logs, not what it does.
const PASSED_ON: [&str; 4] = ["TOOLGATE_LOG", "TOOLGATE_METRICS", "RUST_LOG", "RUST_BACKTRACE"];

/// Variables of the user's shell for a receiver of spans. Those of the template are for the receiver on AWS.
const OF_THE_RECEIVER: [&str; 2] = ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"];
/// Variables that would send spans elsewhere, or nowhere. A blank one counts as unset.
const NOT_OF_THE_TEMPLATE: [&str; 3] =
    ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"];

/// The id of the dummy credentials.
pub(super) const ACCESS_KEY: &str = "local";

/// The environment of every program that the local agent runs.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    /// Set by the user, so they override the template's.
    extra: BTreeMap<String, String>,
    /// The address of the gateway.
    gateway: String,
}

impl Environment {
    /// Creates the environment for programs that use the local agent at `endpoint` as AWS.
    pub(crate) fn new(endpoint: &str, extra: BTreeMap<String, String>) -> Self {
        let fixed = [
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_SESSION_TOKEN", "local"),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
            // The format of a deployed function. The local agent renders it for a terminal.
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("LANG", "en_US.UTF-8"),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("TZ", ":UTC"),
        ];
        let mut variables: BTreeMap<String, String> =
            fixed.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let passed_on = PASSED_ON.into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
        variables.extend(passed_on);
        Self { variables, extra, gateway: format!("{endpoint}/mcp") }
    }

    /// Sends the spans of the programs to this receiver, and to no other. Without one they are switched off, because the
    /// receiver of the template is one on AWS.
    pub(crate) fn with_receiver(mut self, receiver: Option<&str>) -> Self {
        let mut set = |name: &str, value: &str| drop(self.variables.insert(name.to_owned(), value.to_owned()));
        match receiver {
            None => set("OTEL_SDK_DISABLED", "true"),
            Some(receiver) => {
                set("OTEL_EXPORTER_OTLP_ENDPOINT", receiver);
                OF_THE_RECEIVER.into_iter().for_each(|name| set(name, &std::env::var(name).unwrap_or_default()));
                NOT_OF_THE_TEMPLATE.into_iter().for_each(|name| set(name, ""));
            }
        }
        self
    }

    /// A variable that the user sets. It overrides the template's.
    pub(super) fn of_user(&self, name: &str) -> Option<&str> {
        self.extra.get(name).map(String::as_str)
    }

    /// A command for a program with this environment and its own variables.
    pub(crate) fn command(&self, program: &Path, own: &BTreeMap<String, String>) -> Command {
        let mut command = Command::new(program);
        let own = own.iter().map(|(name, value)| (name, if value == GATEWAY_URL { &self.gateway } else { value }));
        // The dummy credentials and the endpoint override the template's variables, so that no call can leave this
        // machine.
        command.env_clear().envs(own).envs(&self.variables).envs(&self.extra);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        // Ctrl-C in the terminal must reach only the local agent, which then stops its functions in order.
        #[cfg(unix)]
        command.process_group(0);
        command
    }

    /// A command for an instance of a function. Its Runtime API is at `runtime_api`.
    pub(super) fn instance(&self, spec: &FunctionSpec, program: &Path, runtime_api: &str, access_key: &str) -> Command {
        let mut command = self.command(program, &spec.environment);
        let log_group = format!("/aws/lambda/{}", spec.logical_id);
        command
            .env("AWS_ACCESS_KEY_ID", access_key)
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
            .env("AWS_LAMBDA_FUNCTION_NAME", &spec.logical_id)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", spec.memory_mb.to_string())
            .env("AWS_LAMBDA_LOG_GROUP_NAME", log_group)
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "local")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("_HANDLER", "bootstrap");
        command
    }
}
