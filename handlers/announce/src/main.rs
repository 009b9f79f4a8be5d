//! The Lambda function on the stream of the approvals table, and on a schedule.

use announce::Announcer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    toolgate::run_function(Announcer::from_env, Announcer::handle).await
}
