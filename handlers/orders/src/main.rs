//! The Lambda function of the orders action group.

use support_desk::Desk;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    toolgate::run(orders::router()?, Desk::from_env).await
}
