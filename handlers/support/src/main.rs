//! The Lambda function of the support action group.

use support::Support;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    toolgate::run(support::router()?, Support::from_env).await
}
