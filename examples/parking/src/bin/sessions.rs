//! The Lambda function of the action group `sessions`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    let router = parking::sessions::router()?;
    toolgate::run(router, parking::app::App::from_env).await
}
