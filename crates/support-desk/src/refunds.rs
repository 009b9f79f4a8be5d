//! Refunds: paid with one conditional write, or escalated to a person.
//!
//! A condition cannot calculate. Therefore an order stores two figures: the amount that is still refundable, and the
//! part of it that can be refunded automatically. It also stores a copy of the charges that these figures count. If the
//! charges have been corrected by hand since, they differ from the copy. In that case the charges are correct, and the
//! next refund updates the figures and the copy.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    caller::Caller,
    desk::{Desk, Plan},
    error::DeskError,
    ids,
    item::{Item, Read, cents, text},
    money::{Amount, Money},
    order::{CHARGE_ID, CURRENCY, charges_left, less, refundable, seen},
    tickets::{Priority, REFUNDS_QUEUE},
};

/// Maximum total per order that is refunded without a person.
pub const AUTOMATIC_LIMIT: Money = Money::cents(50_000);

/// The charges that `refundableCents` counts. A condition can compare them with the current charges.
pub(crate) const COUNTED: &str = "countedCharges";

/// The refundable amount of each charge: charge id to cents. Refunds without a charge id are not counted here.
pub(crate) const CHARGE_LEFT: &str = "chargeLeftCents";

/// Days until a refund appears on the account.
const EXPECTED_IN_DAYS: &str = "3–5";

/// A requested refund.
#[derive(Debug, Clone)]
pub struct RefundRequest {
    /// The order's number.
    pub order_id: String,
    /// How much.
    pub amount: Amount,
    /// Why.
    pub reason: String,
    /// The charge to refund, where the request is about one charge.
    pub charge_id: Option<String>,
}

/// What became of a refund request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RefundState {
    /// The money is on its way.
    Refunded,
    /// A person decides.
    Escalated,
}

/// What became of a refund request.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundResult {
    /// The refund's id, if it was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<String>,
    /// The order's number.
    pub order_id: String,
    /// The charge that is given back, where one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charge_id: Option<String>,
    /// How much.
    pub amount: Money,
    /// The currency.
    pub currency: &'static str,
    /// Whether the amount was refunded or a person decides.
    pub state: RefundState,
    /// The ticket of the person who decides, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_id: Option<String>,
    /// Days until the money arrives, if it was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_in_days: Option<&'static str>,
}

impl RefundResult {
    fn of(request: &RefundRequest, state: RefundState) -> Self {
        Self {
            refund_id: None,
            order_id: request.order_id.clone(),
            charge_id: request.charge_id.clone(),
            amount: request.amount.money(),
            currency: CURRENCY,
            state,
            ticket_id: None,
            expected_in_days: None,
        }
    }
}

impl Desk {
    /// Plans a refund without a read.
    ///
    /// # Errors
    /// `Store`, where a write cannot be built.
    pub fn plan_refund(&self, caller: &Caller, request: &RefundRequest) -> Result<Plan<RefundResult>, DeskError> {
        match request.amount.money() > AUTOMATIC_LIMIT {
            true => self.escalation(caller, request, None),
            false => self.payment(caller, request, None),
        }
    }

    /// Makes a new plan from the current order, after a condition of the first plan has failed.
    ///
    /// # Errors
    /// `NotFound`, where the order does not exist, does not belong to the caller, or does not have the charge.
    /// `Refused`, where the amount is more than the refundable rest of the order or of the charge. `Store`.
    pub fn replan_refund(
        &self,
        caller: &Caller,
        request: &RefundRequest,
        order: Option<Item>,
    ) -> Result<Plan<RefundResult>, DeskError> {
        let order = seen(caller, &request.order_id, order.as_ref())?;
        let amount = request.amount.money();
        let rest = refundable(order)?;
        if amount > rest {
            let (order_id, rest) = (&request.order_id, rest.max(Money::default()));
            let text =
                format!("`{order_id}` has only {rest} {CURRENCY} left to refund, so {amount} cannot be refunded");
            return Err(DeskError::Refused(text));
        }
        let left = charges_left(order)?;
        if let Some(charge_id) = &request.charge_id {
            check_charge(order, request, left.get(charge_id).copied())?;
        }
        // if the stored figures are correct, the order has only changed in the meantime; otherwise its charges have
        // been corrected
        let right = order.get(COUNTED) == order.get("charges")
            && order.money("refundableCents")? == rest
            && order.get(CHARGE_LEFT) == Some(&kept(&left));
        let read = (!right).then_some((order, rest));
        match amount > order.money("autoRefundableCents")? {
            true => self.escalation(caller, request, read),
            false => self.payment(caller, request, read),
        }
    }

    /// Pays the refund if the conditions hold. If an order is given, the plan updates the stored figures to its
    /// charges.
    fn payment(
        &self,
        caller: &Caller,
        request: &RefundRequest,
        read: Option<(&Item, Money)>,
    ) -> Result<Plan<RefundResult>, DeskError> {
        let amount = request.amount.money();
        let refund_id = ids::new("REF-");
        let mut record = Item::from([
            ("refundId".to_owned(), text(&refund_id)),
            ("amountCents".to_owned(), cents(amount)),
            ("refundedAt".to_owned(), text(self.clock.now().to_string())),
            ("reason".to_owned(), text(&request.reason)),
        ]);
        record.extend(request.charge_id.as_ref().map(|id| (CHARGE_ID.to_owned(), text(id))));
        let condition = Condition::of(caller, request, read.map(|(order, _)| order));
        let update = Update::builder()
            .table_name(&self.tables.orders)
            .key("orderId", text(&request.order_id))
            .condition_expression(format!("{} AND autoRefundableCents >= :amount", condition.expression))
            .set_expression_attribute_names(condition.names)
            .set_expression_attribute_values(Some(condition.values))
            .expression_attribute_values(":amount", cents(amount))
            .expression_attribute_values(":refund", AttributeValue::L(vec![AttributeValue::M(record)]))
            .expression_attribute_values(":none", AttributeValue::L(Vec::new()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let common = "autoRefundableCents = autoRefundableCents - :amount, \
                      refunds = list_append(if_not_exists(refunds, :none), :refund)";
        let update = match read {
            None => {
                let counted = if request.charge_id.is_some() { CHARGE_COUNTED } else { "" };
                update.update_expression(format!("SET refundableCents = refundableCents - :amount, {common}{counted}"))
            }
            Some((order, rest)) => {
                let mut left = charges_left(order)?;
                if let Some(left) = request.charge_id.as_ref().and_then(|id| left.get_mut(id)) {
                    *left = less(*left, amount);
                }
                let figures = format!("refundableCents = :rest, {COUNTED} = :charges, {CHARGE_LEFT} = :left");
                update
                    .update_expression(format!("SET {figures}, {common}"))
                    .expression_attribute_values(":left", kept(&left))
                    .expression_attribute_values(":rest", cents(less(rest, amount)))
            }
        };
        let update = update.build().map_err(unbuilt)?;
        let output = RefundResult {
            refund_id: Some(refund_id),
            expected_in_days: Some(EXPECTED_IN_DAYS),
            ..RefundResult::of(request, RefundState::Refunded)
        };
        Ok(Plan { items: vec![TransactWriteItem::builder().update(update).build()], output })
    }

    /// Opens a ticket, if the order belongs to the caller and has such an amount.
    fn escalation(
        &self,
        caller: &Caller,
        request: &RefundRequest,
        read: Option<(&Item, Money)>,
    ) -> Result<Plan<RefundResult>, DeskError> {
        let amount = request.amount.money();
        let ticket_id = ids::new("TCK-");
        let condition = Condition::of(caller, request, read.map(|(order, _)| order));
        let check = ConditionCheck::builder()
            .table_name(&self.tables.orders)
            .key("orderId", text(&request.order_id))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(condition.names)
            .set_expression_attribute_values(Some(condition.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let summary = format!("refund of {amount} {CURRENCY} for {}: {}", request.order_id, request.reason);
        let ticket = self.ticket(&ticket_id, REFUNDS_QUEUE, Priority::High, &summary);
        let ticket = ticket.item("orderId", text(&request.order_id)).item("amountCents", cents(amount));
        let ticket = request.charge_id.iter().fold(ticket, |ticket, id| ticket.item(CHARGE_ID, text(id)));
        // without a read, the customer is known only where the session is bound to one
        let ticket = caller.customer().into_iter().fold(ticket, |ticket, id| ticket.item("customerId", text(id)));
        let output = RefundResult { ticket_id: Some(ticket_id), ..RefundResult::of(request, RefundState::Escalated) };
        let check = TransactWriteItem::builder().condition_check(check.build().map_err(unbuilt)?).build();
        let ticket = TransactWriteItem::builder().put(ticket.build().map_err(unbuilt)?).build();
        Ok(Plan { items: vec![check, ticket], output })
    }
}

/// The stored figure is correct and sufficient.
const COVERED: &str = "charges = countedCharges AND refundableCents >= :amount";
/// The charge has enough left.
const CHARGE_COVERED: &str = "chargeLeftCents.#charge >= :amount";
/// Reduces the rest of the charge.
const CHARGE_COUNTED: &str = ", chargeLeftCents.#charge = chargeLeftCents.#charge - :amount";

/// What must hold of the order, with the names and values that the expression uses.
struct Condition {
    expression: String,
    names: Option<HashMap<String, String>>,
    values: Item,
}

impl Condition {
    /// The order belongs to the caller. It covers the refund, or it is unchanged since it was read.
    fn of(caller: &Caller, request: &RefundRequest, read: Option<&Item>) -> Self {
        let (mut expression, mut values) = match read {
            None => (COVERED.to_owned(), Item::from([(":amount".to_owned(), cents(request.amount.money()))])),
            Some(order) => (unchanged(order), known(order)),
        };
        let charge_id = request.charge_id.as_ref().filter(|_| read.is_none());
        if charge_id.is_some() {
            expression = format!("{expression} AND {CHARGE_COVERED}");
        }
        if let Some(customer) = caller.customer() {
            expression.push_str(" AND customerId = :customer");
            values.insert(":customer".to_owned(), text(customer));
        }
        let names = charge_id.map(|id| HashMap::from([("#charge".to_owned(), id.clone())]));
        Self { expression, names, values }
    }
}

/// Checks whether the charge allows a refund of this amount.
fn check_charge(order: &Item, request: &RefundRequest, left: Option<Money>) -> Result<(), DeskError> {
    let (order_id, amount) = (&request.order_id, request.amount.money());
    let charge_id = request.charge_id.as_deref().unwrap_or_default();
    let Some(left) = left else {
        return Err(DeskError::NotFound(format!("order `{order_id}` has no charge `{charge_id}`")));
    };
    if amount <= left {
        return Ok(());
    }
    if left > Money::default() {
        let text =
            format!("charge `{charge_id}` has only {left} {CURRENCY} left to refund, so {amount} cannot be refunded");
        return Err(DeskError::Refused(text));
    }
    let refund = order.maps("refunds").find(|refund| refund.opt_text(CHARGE_ID).as_deref() == Some(charge_id));
    let when = refund.and_then(|refund| Some((refund.opt_text("refundId")?, refund.opt_instant("refundedAt").ok()??)));
    Err(DeskError::Refused(match when {
        Some((id, at)) => {
            format!("charge `{charge_id}` has been refunded already, on {} (`{id}`)", at.strftime("%Y-%m-%d"))
        }
        None => format!("charge `{charge_id}` has been refunded already"),
    }))
}

/// The refundable amounts in the stored form.
fn kept(left: &BTreeMap<String, Money>) -> AttributeValue {
    AttributeValue::M(left.iter().map(|(id, left)| (id.clone(), cents(*left))).collect())
}
/// The order has not changed since it was read. The charges and the stored figure alone do not prove that: refunds can
/// bring a figure that was corrected upwards back to its old value, and an earlier plan would then correct it a second
/// time.
fn unchanged(order: &Item) -> String {
    let refunds = match order.contains_key("refunds") {
        true => "refunds = :refunds",
        false => "attribute_not_exists(refunds)",
    };
    format!("charges = :charges AND refundableCents = :kept AND {refunds}")
}

/// The values that [`unchanged`] compares with the order.
fn known(order: &Item) -> Item {
    let mut values = Item::from([
        (":charges".to_owned(), attribute(order, "charges")),
        (":kept".to_owned(), attribute(order, "refundableCents")),
    ]);
    values.extend(order.get("refunds").map(|refunds| (":refunds".to_owned(), refunds.clone())));
    values
}

fn attribute(order: &Item, name: &str) -> AttributeValue {
    order.get(name).cloned().unwrap_or(AttributeValue::Null(true))
}

/// A write without a table or a key. It is an error, so that it never becomes a plan with fewer writes.
fn unbuilt(error: aws_sdk_dynamodb::error::BuildError) -> DeskError {
    DeskError::Store(error.into())
}
