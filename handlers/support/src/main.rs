//! The Lambda function of the support action group.

use support_desk::Desk;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    toolgate::run(support::router()?, Desk::from_env).await
}
