//! The Lambda function on the stream of the approvals table.

use announce::Announcer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    toolgate::run_function(Announcer::from_env, Announcer::announce).await
}
