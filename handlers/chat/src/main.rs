//! The Lambda function of the front door.

use std::{process::ExitCode, sync::Arc};

use chat::door::Door;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("the front door does not start: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), toolgate::Error> {
    toolgate::init()?;
    let door = Arc::new(Door::from_env(&|name| std::env::var(name).ok()).await?);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let door = Arc::clone(&door);
        // boxed, because the compiler limits how deep futures of the AWS SDK may be nested
        Box::pin(async move { Ok::<_, toolgate::Error>(door.answer(event.payload).await) })
    }))
    .await
}
