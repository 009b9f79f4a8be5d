//! Reads orders.

use crate::{
    caller::Caller,
    desk::Desk,
    error::DeskError,
    item::{Item, text},
    order::{OrderStatus, no_order, seen},
};

impl Desk {
    /// One order, with a single read.
    ///
    /// # Errors
    /// `NotFound`, where the order does not exist or does not belong to the caller. `Store`.
    pub async fn order_status(&self, caller: &Caller, order_id: &str) -> Result<OrderStatus, DeskError> {
        let item = self.order(order_id).await?;
        OrderStatus::read(seen(caller, order_id, Some(&item))?, self.clock.now())
    }

    /// An order's item, of any customer.
    pub(crate) async fn order(&self, order_id: &str) -> Result<Item, DeskError> {
        let read = self.client.get_item().table_name(&self.tables.orders).key("orderId", text(order_id));
        let found = read.consistent_read(true).send().await.map_err(|error| DeskError::store(&error))?;
        found.item.ok_or_else(|| no_order(order_id))
    }
}
