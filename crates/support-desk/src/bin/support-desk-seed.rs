//! Fills the desk's tables. `toolgate dev` runs it at every start. It fills fresh tables, and it renews unchanged
//! fixtures that are older than a day.

use support_desk::{Clock, seed, tables::Tables};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "it prints the result")]
async fn main() -> Result<(), toolgate::Error> {
    let (tables, clock) = (Tables::from_env(), Clock::from_env()?);
    let needed = [
        ("CUSTOMERS_TABLE", &tables.customers),
        ("ORDERS_TABLE", &tables.orders),
        ("INVOICES_TABLE", &tables.invoices),
    ];
    if let Some((variable, _)) = needed.iter().find(|(_, name)| name.is_empty()) {
        return Err(format!("{variable} must be the name of a table").into());
    }
    let client = toolgate_dynamodb::client().await;
    println!("{}", seed::run(&client, &tables, &clock).await?);
    Ok(())
}
