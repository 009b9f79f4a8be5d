//! The Lambda function of the gateway's request interceptor.

use interceptor::Door;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    let door = Door::from_env()?;
    let door = &door;
    toolgate::serve(service_fn(async move |event: LambdaEvent<Value>| {
        Ok::<_, toolgate::Error>(door.answer(event.payload))
    }))
    .await
}
