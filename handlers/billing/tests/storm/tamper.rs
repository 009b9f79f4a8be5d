//! Tests the audit: an audit that cannot fail proves nothing, so here it gets manipulated tables and replies.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    approver::Heard,
    audit::{Replies, audit},
    books::{Books, item, number, refund, text},
    call::{Call, REASONS, Received, Way, Who, Wire},
    client::{self, Change, Client, Heard as Reply, Trick},
    schedule::{Channel, Fate, Order, Schedule, Sent},
    world::{Played, World},
};

/// A schedule without faults: calls 0 and 1 are refunded, 2 is escalated, 3 is refused, 4 is not found, 5 is
/// refunded over the gateway, and 6 after its client has asked.
fn quiet() -> Schedule {
    let owner = || Who::Customer("CUST-70000".into());
    let call = |who, order: &str, cents, charge: Option<&str>| Call {
        who,
        order: order.into(),
        cents,
        charge: charge.map(str::to_owned),
    };
    let calls = vec![
        call(owner(), "ORD-700", 12_995, Some("CHG-700-0")),
        call(Who::Desk { session: "s-2".into() }, "ORD-700", 10_000, None),
        call(owner(), "ORD-701", 60_000, Some("CHG-701-0")),
        call(owner(), "ORD-700", 1, Some("CHG-700-0")),
        call(Who::Customer("CUST-79999".into()), "ORD-700", 500, None),
        call(owner(), "ORD-700", 2_000, None),
        call(owner(), "ORD-700", 900, None),
    ];
    let sent = (0..calls.len()).map(|call| Sent {
        call,
        way: match call {
            1 => Way::on(Wire::Function, "s-2"),
            5 => Way::gateway(),
            6 => client::way(),
            _ => Way::on(Wire::Function, "s-1"),
        },
        reason: 1,
        spelling: 0,
        pause: std::time::Duration::ZERO,
        limit: std::time::Duration::from_secs(15),
        fate: Fate::Nothing,
        client: Client { yes: true, trick: Trick::Foreign, fate: Fate::Nothing },
    });
    let order = |id: &str, charges| Order {
        id: id.into(),
        customer: "CUST-70000".into(),
        charges,
        corrected_from: None,
        old: false,
    };
    Schedule {
        seed: 0,
        orders: vec![order("ORD-700", vec![12_995, 12_995]), order("ORD-701", vec![80_000])],
        sessions: vec!["s-1".into(), "s-2".into()],
        sent: vec![sent.collect(), Vec::new()],
        calls,
        channels: (0..7)
            .map(|call| match call {
                5 => Channel::Gateway,
                6 => Channel::Client,
                _ => Channel::Agents,
            })
            .collect(),
        fault_rate: 0,
        approval_rate: 100,
    }
}

/// A manipulation of tables and replies, and a part of the violation that the audit must report.
type Tampering = (&'static str, fn(&mut Books, &mut Replies));

const TAMPERINGS: [Tampering; 44] = [
    ("nobody told of it", |books, _| refunds(books).push(refund("REF-AAAAAAAAAA", 100, REASONS[0]))),
    ("refundableCents", |books, _| refunds(books).push(refund("REF-AAAAAAAAAA", 100, REASONS[0]))),
    ("was told of and not paid", |books, _| drop(refunds(books).pop())),
    ("was paid twice", |books, _| {
        let first = refunds(books)[0].clone();
        refunds(books).push(first);
    }),
    ("refundableCents", |books, _| set(books, "refundableCents", number(1))),
    ("autoRefundableCents", |books, _| set(books, "autoRefundableCents", number(50_000))),
    ("cents refunded of", |books, _| refunds(books).push(refund("REF-AAAAAAAAAA", 9_000, REASONS[0]))),
    ("without a person", |books, _| refunds(books).push(refund("REF-AAAAAAAAAA", 49_000, REASONS[0]))),
    ("amount of", |books, _| {
        let changed = refunds(books)[0].as_m().unwrap().clone();
        refunds(books)[0] =
            AttributeValue::M(changed.into_iter().chain(item([("amountCents", number(12_994))])).collect());
    }),
    ("charge of", |books, _| {
        let changed = refunds(books)[0].as_m().unwrap().clone();
        refunds(books)[0] =
            AttributeValue::M(changed.into_iter().chain(item([("chargeId", text("CHG-700-1"))])).collect());
    }),
    ("more refunded than charged", |books, _| {
        let more = refund("REF-AAAAAAAAAA", 1, REASONS[0]).as_m().unwrap().clone();
        let more = more.into_iter().chain(item([("chargeId", text("CHG-700-0"))])).collect();
        refunds(books).push(AttributeValue::M(more));
    }),
    ("chargeLeftCents of", |books, _| {
        set(
            books,
            "chargeLeftCents",
            AttributeValue::M(item([("CHG-700-0", number(1)), ("CHG-700-1", number(12_995))])),
        );
    }),
    ("chargeLeftCents of", |books, _| drop(first(books).remove("chargeLeftCents"))),
    ("not told that it is a repeat", |_, replies| {
        let received = repeat(&mut replies[0]);
        received.body = received.first().0;
    }),
    ("it was done at", |_, replies| {
        let received = repeat(&mut replies[0]);
        let (body, first_at) = received.first();
        received.body = received.body.replace(&first_at.unwrap(), "2026-11-20T12:00:00Z");
        assert_ne!(received.body, body);
    }),
    ("no repeat of another session", |_, replies| {
        let mark = repeat(&mut replies[0]).first().1.unwrap();
        let received = &mut replies[0][0];
        received.body = received.body.replacen('}', &format!(",\"repeated\":{{\"firstAt\":\"{mark}\"}}}}"), 1);
    }),
    ("a reason that nobody gave", |books, _| {
        let changed = refunds(books)[0].as_m().unwrap().clone();
        refunds(books)[0] = AttributeValue::M(changed.into_iter().chain(item([("reason", text("gift"))])).collect());
    }),
    ("changed beyond its refunds", |books, _| set(books, "customerId", text("CUST-79999"))),
    ("replies without a record", |books, _| drop(books.ledger.pop())),
    ("records that nobody was told of", |books, _| {
        let mut record = books.ledger[0].clone();
        let reply = record["reply"].as_s().unwrap().replace("REF-", "REF-A").replace("TCK-", "TCK-A");
        record.extend(item([("id", text("request_refund#0")), ("reply", text(reply))]));
        books.ledger.push(record);
    }),
    ("replies without a record", |books, _| {
        // the same JSON in another spelling is another reply
        let reply = books.ledger[0]["reply"].as_s().unwrap().replacen(',', ", ", 1);
        books.ledger[0].insert("reply".into(), text(reply));
    }),
    ("opened and nobody told", |books, _| {
        let mut ticket = books.tickets[0].clone();
        ticket.insert("ticketId".into(), text("TCK-AAAAAAAAAA"));
        books.tickets.push(ticket);
    }),
    ("tickets and calls", |books, _| books.tickets.clear()),
    ("different outputs", |_, replies| {
        let mut other = replies[0][0].clone();
        other.body = other.body.replace("REF-", "REF-A");
        replies[0].insert(0, other);
    }),
    ("given the same reply", |_, replies| replies[1] = replies[0].clone()),
    ("asked for another refund", |_, replies| replies.swap(0, 1)),
    ("was told that it was done", |_, replies| {
        let no = replies[3][0].clone();
        replies[0].insert(0, no);
    }),
    ("ran with 0 questions", |books, _| books.approvals.retain(|item| !id(item).starts_with("call#"))),
    ("ran without an approval", |books, _| books.approvals.retain(|item| !id(item).starts_with("decision#"))),
    ("ran without an approval", |books, _| {
        approval(books, "decision#").insert("decision".into(), text("denied"));
        books.decided[0].approved = false;
    }),
    ("people know of", |books, _| drop(approval(books, "decision#").insert("decidedBy".into(), text("eve")))),
    ("people know of", |books, _| {
        let other = Heard { by: "eve".into(), ..books.decided[0].clone() };
        books.decided.push(other);
    }),
    ("a decision is gone", |books, _| {
        let other = Heard { approval: "APR-AAAAAAAAAA".into(), ..books.decided[0].clone() };
        books.decided.push(other);
    }),
    ("a call that nobody made", |books, _| {
        let call = approval(books, "call#");
        let input = call["input"].as_s().unwrap().replace("ORD-700", "ORD-701");
        call.insert("input".into(), text(input));
    }),
    ("did not run as it was shown", |books, _| {
        let call = approval(books, "call#");
        let input =
            REASONS.iter().fold(call["input"].as_s().unwrap().clone(), |input, reason| input.replace(reason, "gift"));
        call.insert("input".into(), text(input));
    }),
    ("was parked twice", |books, _| {
        let mut other = approval(books, "call#").clone();
        other.insert("id".into(), text("call#other"));
        books.approvals.push(other);
    }),
    ("ran without a yes of its client", |books, _| books.answered.clear()),
    ("ran without a yes of its client", |books, _| {
        books.answered.iter_mut().for_each(|answered| answered.answer.yes = false)
    }),
    ("a changed answer", |books, _| {
        books.answered.iter_mut().for_each(|answered| answered.answer.change = Change::Amount);
    }),
    ("answers to", |books, _| {
        let again = books.answered.iter().find(|answered| answered.heard.as_ref().is_some_and(Reply::counts));
        books.answered.push(again.unwrap().clone());
    }),
    ("was accepted, and no person has agreed", |books, _| {
        drop(approval(books, "elicit#").insert("state".into(), text("0".repeat(32))))
    }),
    ("stores `input`", |books, _| drop(approval(books, "elicit#").insert("input".into(), text("{}")))),
    ("people know of", |books, _| {
        let decision = approval(books, "decision#").clone();
        let id = "decision#request_refund#of-a-tool";
        books
            .approvals
            .push(decision.into_iter().chain(item([("id", text(id)), ("approval", text("APR-B"))])).collect());
    }),
    ("no final answer", |_, replies| {
        replies[4].push(Received { session: None, body: r#"{"error":{"kind":"conflict"}}"#.into() })
    }),
];

fn id(item: &support_desk::Item) -> &str {
    item["id"].as_s().unwrap()
}

/// The item of the parked call: the request or the decision.
fn approval<'a>(books: &'a mut Books, part: &str) -> &'a mut support_desk::Item {
    books.approvals.iter_mut().find(|item| id(item).starts_with(part)).unwrap()
}

/// The reply that is marked as a repeat.
fn repeat(replies: &mut [Received]) -> &mut Received {
    replies.iter_mut().find(|received| received.first().1.is_some()).unwrap()
}

/// The refunds of the first order.
fn refunds(books: &mut Books) -> &mut Vec<AttributeValue> {
    match first(books).get_mut("refunds").unwrap() {
        AttributeValue::L(refunds) => refunds,
        other => panic!("{other:?}"),
    }
}

fn set(books: &mut Books, name: &str, value: AttributeValue) {
    first(books).insert(name.into(), value);
}

fn first(books: &mut Books) -> &mut support_desk::Item {
    books.orders.iter_mut().find(|order| order["orderId"].as_s().unwrap() == "ORD-700").unwrap()
}

#[tokio::test]
async fn the_audit_sees_whatever_somebody_tampers_with() {
    let schedule = quiet();
    let played = World::of(2).await.play(&schedule).await;
    assert_eq!(audit(&schedule, &played.books, &played.replies), Vec::<String>::new());
    for (place, (complaint, tamper)) in TAMPERINGS.into_iter().enumerate() {
        let (mut books, mut replies) = (played.books.clone(), played.replies.clone());
        tamper(&mut books, &mut replies);
        let wrong = audit(&schedule, &books, &replies);
        assert!(wrong.iter().any(|wrong| wrong.contains(complaint)), "tampering {place} ({complaint}): {wrong:#?}");
    }
}

/// The current contents of the tables.
async fn books(played: &Played) -> Books {
    Books {
        decided: played.books.decided.clone(),
        answered: played.books.answered.clone(),
        ..played.database.books().await
    }
}

#[tokio::test]
async fn the_audit_sees_what_somebody_writes_into_the_tables_themselves() {
    let schedule = quiet();
    let played = World::of(2).await.play(&schedule).await;
    let (database, tables) = (&played.database, played.database.tables());
    let mut wrong = audit(&schedule, &books(&played).await, &played.replies);
    assert_eq!(wrong, Vec::<String>::new());
    // a refund that bypassed the ledger
    let order = database.client().update_item().table_name(&tables.orders).key("orderId", text("ORD-701"));
    let order = order
        .update_expression("SET refunds = :refunds, refundableCents = refundableCents - :amount")
        .expression_attribute_values(":refunds", AttributeValue::L(vec![refund("REF-AAAAAAAAAA", 100, REASONS[0])]))
        .expression_attribute_values(":amount", number(100));
    order.send().await.unwrap();
    wrong = audit(&schedule, &books(&played).await, &played.replies);
    assert!(
        wrong.iter().any(|wrong| wrong.contains("`REF-AAAAAAAAAA` of `ORD-701` was paid and nobody")),
        "{wrong:#?}"
    );
    // a stored reply that no caller has received
    let record = &played.books.ledger[0];
    let reply = record["reply"].as_s().unwrap().replace("REF-", "REF-A").replace("TCK-", "TCK-A");
    let update = database.client().update_item().table_name(&tables.ledger).key("id", record["id"].clone());
    let update = update.update_expression("SET reply = :reply").expression_attribute_values(":reply", text(&reply));
    update.send().await.unwrap();
    wrong = audit(&schedule, &books(&played).await, &played.replies);
    assert!(wrong.iter().any(|wrong| wrong.contains("records that nobody was told of")), "{wrong:#?}");
}
