//! The Lambda function of the customers action group.

use support_desk::Desk;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    toolgate::run(customers::router()?, Desk::from_env).await
}
