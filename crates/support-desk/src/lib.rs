//! The example's domain: a support desk's customers, orders, invoices, refunds and tickets on DynamoDB.
//!
//! The tools in `handlers/` are thin, and this crate does the work. Every read and write takes a [`Caller`] and
//! accesses only that customer's data. An order of another customer looks exactly like an order that does not exist.

mod caller;
mod clock;
mod customers;
mod desk;
mod error;
mod feedback;
mod ids;
mod invoices;
mod item;
mod money;
mod order;
mod orders;
mod refunds;
mod returns;
pub mod seed;
pub mod tables;
mod tickets;

pub use caller::{Caller, IDENTITY, IDENTITY_HEADER, caller, identity_claim};
pub use clock::Clock;
pub use customers::{AccountStatus, AccountUpdated, ContactDetails, CustomerInfo, OrderSummary};
pub use desk::{Desk, Plan};
pub use error::DeskError;
pub use feedback::FeedbackRecorded;
pub use ids::{CHARGE_ID, CUSTOMER_ID, ORDER_ID, PHONE};
pub use invoices::{Invoice, InvoiceQuery, InvoiceStatus, InvoicesFound};
pub use item::Item;
pub use jiff::civil::Date;
pub use money::{Amount, Money, Threshold};
pub use order::{Charge, OrderItem, OrderState, OrderStatus};
pub use refunds::{AUTOMATIC_LIMIT, RefundRequest, RefundResult, RefundState};
pub use returns::ReturnStarted;
pub use tickets::{Escalation, Priority, TicketOpened};
