//! The Lambda function of the gateway's request interceptor.

use interceptor::IdentityInterceptor;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    let interceptor = IdentityInterceptor::from_env()?;
    let interceptor = &interceptor;
    toolgate::serve(service_fn(async move |event: LambdaEvent<Value>| {
        Ok::<_, toolgate::Error>(interceptor.answer(event.payload))
    }))
    .await
}
