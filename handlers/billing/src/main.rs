//! The Lambda function of the billing action group.

use support_desk::Desk;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    toolgate::run(billing::router()?, Desk::from_env).await
}
