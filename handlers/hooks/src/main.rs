//! The Lambda function of the harness's lifecycle hook.

use hooks::SessionBudget;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    toolgate::hooks::run(SessionBudget::from_env, SessionBudget::decide).await
}
