//! The search for invoices.

use support_desk::{Amount, Caller, Date, DeskError, InvoiceQuery, InvoicesFound};

use crate::help::{World, jane, number, text};

const ACME: &str = "CUST-10001";

fn of(customer: &str) -> InvoiceQuery {
    InvoiceQuery { customer: customer.into(), from: None, to: None, min_amount: None, limit: 50 }
}

fn quarter() -> InvoiceQuery {
    InvoiceQuery { from: Some(day("2026-01-01")), to: Some(day("2026-03-31")), ..of("Acme Corp") }
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

async fn find(world: &World, query: InvoiceQuery) -> InvoicesFound {
    world.desk.find_invoices(&Caller::Desk, query).await.unwrap()
}

#[tokio::test]
async fn acme_has_47_invoices_12_in_the_quarter_and_3_above_10_000() {
    let world = World::seeded().await;
    let all = find(&world, of("Acme Corp")).await;
    assert_eq!((all.count, all.invoices.len()), (47, 47));
    let quarter_found = find(&world, quarter()).await;
    assert_eq!(quarter_found.count, 12);
    let above =
        find(&world, InvoiceQuery { min_amount: Some(Amount::parse("10000").unwrap().money()), ..quarter() }).await;
    let listed: Vec<_> = above.invoices.iter().map(|one| (one.invoice_id.as_str(), one.amount.to_string())).collect();
    let expected = [("INV-2026-001", "12500.00"), ("INV-2026-045", "11200.00"), ("INV-2026-089", "15800.00")];
    assert_eq!(listed, expected.map(|(id, amount)| (id, amount.to_owned())));
    assert_eq!((above.count, above.total_amount.to_string().as_str(), above.currency), (3, "39500.00", "USD"));
    assert_eq!(
        serde_json::to_value(&above.invoices[0]).unwrap(),
        serde_json::json!({"invoiceId": "INV-2026-001", "date": "2026-01-08", "amount": "12500.00", "status": "paid"})
    );
}

#[tokio::test]
async fn a_company_is_found_in_any_case_and_spacing_and_by_id() {
    let world = World::seeded().await;
    for name in ["ACME CORP", "acme corp", "  Acme   Corp ", ACME] {
        assert_eq!(find(&world, of(name)).await.count, 47, "{name}");
    }
    for name in ["Acme", "Acme Corporation", "CUST-99999", "   "] {
        let error = world.desk.find_invoices(&Caller::Desk, of(name)).await.unwrap_err();
        assert!(matches!(error, DeskError::NotFound(_)), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_customer_whose_invoices_do_not_match_has_none_that_match() {
    let world = World::seeded().await;
    let none = find(&world, InvoiceQuery { from: Some(day("2030-01-01")), ..of(ACME) }).await;
    assert_eq!((none.count, none.total_amount.to_string().as_str()), (0, "0.00"));
}

#[tokio::test]
async fn the_least_amount_itself_is_not_above_it() {
    let world = World::seeded().await;
    let above = |amount: &str| InvoiceQuery { min_amount: Some(Amount::parse(amount).unwrap().money()), ..quarter() };
    // INV-2026-031 has exactly 10000.00
    assert_eq!(find(&world, above("9999.99")).await.count, 4);
    assert_eq!(find(&world, above("10000.00")).await.count, 3);
    assert_eq!(find(&world, above("12500")).await.count, 1);
}

#[tokio::test]
async fn the_first_and_the_last_day_belong_to_the_range() {
    let world = World::seeded().await;
    let between = |from: &str, to: &str| InvoiceQuery { from: Some(day(from)), to: Some(day(to)), ..of("Acme Corp") };
    assert_eq!(find(&world, between("2026-01-08", "2026-03-27")).await.count, 12);
    assert_eq!(find(&world, between("2026-01-09", "2026-03-26")).await.count, 10);
    assert_eq!(find(&world, between("2026-01-08", "2026-01-08")).await.count, 1);
    assert_eq!(find(&world, InvoiceQuery { from: Some(day("2026-01-01")), ..of(ACME) }).await.count, 12);
    assert_eq!(find(&world, InvoiceQuery { to: Some(day("2025-12-31")), ..of(ACME) }).await.count, 35);
}

#[tokio::test]
async fn a_limit_cuts_the_list_and_neither_count_nor_total() {
    let world = World::seeded().await;
    let all = find(&world, quarter()).await;
    let cut = find(&world, InvoiceQuery { limit: 5, ..quarter() }).await;
    assert_eq!((cut.count, cut.total_amount), (all.count, all.total_amount));
    let ids = |found: &InvoicesFound| found.invoices.iter().map(|one| one.invoice_id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&cut), ids(&all)[..5]);
    assert!(all.invoices.is_sorted_by_key(|one| one.date));
    let sum: i64 = all.invoices.iter().map(|one| one.amount.to_cents()).sum();
    assert_eq!(all.total_amount.to_cents(), sum);
}

#[tokio::test]
async fn a_bound_caller_finds_its_own_invoices_only() {
    let world = World::seeded().await;
    let acme = Caller::Customer(ACME.into());
    assert_eq!(world.desk.find_invoices(&acme, of("acme corp")).await.unwrap().count, 47);
    for query in [of("Acme Corp"), of(ACME)] {
        let name = query.customer.clone();
        let foreign = world.desk.find_invoices(&jane(), query).await.unwrap_err();
        let missing = world.desk.find_invoices(&jane(), of("No Such Company")).await.unwrap_err();
        assert_eq!(foreign.to_string().replace(&name, "No Such Company"), missing.to_string());
    }
}

#[tokio::test]
async fn a_range_that_ends_before_it_begins_is_invalid() {
    let world = World::empty().await;
    let query = InvoiceQuery { from: Some(day("2026-03-31")), to: Some(day("2026-03-30")), ..of("Acme Corp") };
    let error = world.desk.find_invoices(&Caller::Desk, query).await.unwrap_err();
    assert!(matches!(error, DeskError::Invalid(_)), "{error:?}");
    assert_eq!(error.to_string(), "`to` (2026-03-30) comes before `from` (2026-03-31)");
}

#[tokio::test]
async fn an_amount_that_is_changed_in_the_table_shows() {
    let world = World::seeded().await;
    let update = world.client.update_item().table_name(&world.tables.invoices).key("invoiceId", text("INV-2026-045"));
    let update = update.update_expression("SET amountCents = :cents").expression_attribute_values(":cents", number(1));
    update.send().await.unwrap();
    let above = InvoiceQuery { min_amount: Some(Amount::parse("10000").unwrap().money()), ..quarter() };
    let found = find(&world, above).await;
    assert_eq!((found.count, found.total_amount.to_string().as_str()), (2, "28300.00"));
    let all = find(&world, quarter()).await;
    let changed = all.invoices.iter().find(|one| one.invoice_id == "INV-2026-045").unwrap();
    assert_eq!(changed.amount.to_string(), "0.01");
}

#[tokio::test]
async fn more_invoices_than_a_page_of_dynamodb_holds_are_all_counted() {
    let world = World::empty().await;
    for place in 0..250 {
        let invoice = [
            ("invoiceId", text(format!("INV-2026-{place:03}"))),
            ("customerId", text("CUST-00002")),
            ("companyKey", text("big company")),
            ("date", text(format!("2026-01-{:02}", 1 + place % 28))),
            ("amountCents", number(100)),
            ("status", text("open")),
            // 250 of these are 2.5 MB, and a page holds 1 MB
            ("scan", text("x".repeat(10_000))),
        ];
        world.put(&world.tables.invoices, invoice.map(|(name, value)| (name.to_owned(), value)).into()).await;
    }
    let (desk, requests) = world.counted();
    for name in ["Big Company", "CUST-00002"] {
        let found = desk.find_invoices(&Caller::Desk, of(name)).await.unwrap();
        assert_eq!((found.count, found.total_amount.to_string().as_str(), found.invoices.len()), (250, "250.00", 50));
    }
    assert!(requests.count() >= 6, "the data should fill several pages, but {} requests were sent", requests.count());
}
