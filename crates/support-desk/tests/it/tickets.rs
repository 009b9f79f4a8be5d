//! Tickets.

use support_desk::{Caller, DeskError, Escalation, Priority, TicketOpened};

use crate::help::{JANE, World, jane, somebody_else, text};

fn case(customer: Option<&str>, order: Option<&str>) -> Escalation {
    Escalation {
        summary: "wants to speak with a person".into(),
        customer_id: customer.map(str::to_owned),
        order_id: order.map(str::to_owned),
        priority: Priority::Normal,
    }
}

/// Opens a ticket as the handler does, without the ledger's record.
async fn open(world: &World, caller: &Caller, case: &Escalation) -> Result<TicketOpened, DeskError> {
    let plan = world.desk.plan_escalation(caller, case)?;
    match world.write(plan.items).await {
        Ok(()) => Ok(plan.output),
        Err((index, _)) => Err(world.desk.why_not_escalated(case, index)),
    }
}

#[tokio::test]
async fn a_ticket_is_written_with_its_queue_and_promise() {
    let world = World::seeded().await;
    for (priority, name, queue, reply_by) in [
        (Priority::Low, "low", "general", "2026-11-23T12:00:00Z"),
        (Priority::Normal, "normal", "general", "2026-11-21T12:00:00Z"),
        (Priority::High, "high", "urgent", "2026-11-20T16:00:00Z"),
    ] {
        let case = Escalation { priority, ..case(Some(JANE), Some("ORD-123")) };
        let opened = open(&world, &jane(), &case).await.unwrap();
        assert_eq!((opened.queue, opened.reply_by.to_string().as_str()), (queue, reply_by));
        let tickets = world.all(&world.tables.tickets).await;
        let ticket = tickets.iter().find(|ticket| ticket["ticketId"] == text(&opened.ticket_id)).unwrap();
        for (attribute, value) in [
            ("queue", queue),
            ("priority", name),
            ("summary", case.summary.as_str()),
            ("status", "open"),
            ("customerId", JANE),
            ("orderId", "ORD-123"),
            ("openedAt", "2026-11-20T12:00:00Z"),
            ("replyBy", reply_by),
        ] {
            assert_eq!(ticket[attribute], text(value), "{attribute}");
        }
    }
}

#[tokio::test]
async fn a_ticket_of_a_bound_session_is_its_customers_without_a_customer_id() {
    let world = World::seeded().await;
    open(&world, &jane(), &case(None, None)).await.unwrap();
    assert_eq!(world.all(&world.tables.tickets).await[0]["customerId"], text(JANE));
}

#[tokio::test]
async fn the_desk_opens_tickets_about_anybody_and_nobody() {
    let world = World::seeded().await;
    open(&world, &Caller::Desk, &case(None, None)).await.unwrap();
    open(&world, &Caller::Desk, &case(None, Some("ORD-123"))).await.unwrap();
    open(&world, &Caller::Desk, &case(Some("CUST-00001"), None)).await.unwrap();
    assert_eq!(world.all(&world.tables.tickets).await.len(), 3);
}

#[tokio::test]
async fn no_ticket_refers_to_what_is_not_there_or_not_the_callers() {
    let world = World::seeded().await;
    for (caller, case, message) in [
        (Caller::Desk, case(None, Some("ORD-404")), "there is no order `ORD-404`"),
        (Caller::Desk, case(Some("CUST-99999"), None), "there is no customer `CUST-99999`"),
        (Caller::Desk, case(Some("CUST-99999"), Some("ORD-123")), "there is no order `ORD-123`"),
        (Caller::Desk, case(Some("CUST-00001"), Some("ORD-123")), "there is no order `ORD-123`"),
        (jane(), case(Some("CUST-00001"), None), "there is no customer `CUST-00001`"),
        (somebody_else(), case(None, Some("ORD-123")), "there is no order `ORD-123`"),
        (Caller::Customer("CUST-99999".into()), case(Some("CUST-99999"), None), "there is no customer `CUST-99999`"),
    ] {
        let error = open(&world, &caller, &case).await.unwrap_err();
        assert!(matches!(error, DeskError::NotFound(_)), "{error:?}");
        assert_eq!(error.to_string(), message, "{case:?}");
    }
    assert!(world.all(&world.tables.tickets).await.is_empty());
}
