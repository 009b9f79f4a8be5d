//! The Lambda function on the queue of the requests that can wait.

use digest::Digester;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    toolgate::run_function(Digester::from_env, Digester::handle).await
}
