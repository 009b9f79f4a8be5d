//! The Lambda function of the action group `payments`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    let router = parking::payments::router()?;
    toolgate::run(router, parking::payments::Till::from_env).await
}
