//! Fills fresh tables. `toolgate dev` runs it, by `Metadata: Toolgate: Seed` of `template.yaml`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    let app = parking::app::App::from_env().await?;
    parking::seed::write(&app).await
}
