//! The help articles of the desk, which the model answers from.

/// All documents of the knowledge base, one after the other.
pub(crate) const ARTICLES: &str = concat!(
    include_str!("../../../knowledge/account-suspended.md"),
    "\n",
    include_str!("../../../knowledge/cancel-an-order.md"),
    "\n",
    include_str!("../../../knowledge/change-your-email-address-phone-or-postal-address.md"),
    "\n",
    include_str!("../../../knowledge/charged-twice-for-one-order.md"),
    "\n",
    include_str!("../../../knowledge/delete-your-account-and-data.md"),
    "\n",
    include_str!("../../../knowledge/discounts-and-vouchers.md"),
    "\n",
    include_str!("../../../knowledge/exchange-an-item-for-another-size.md"),
    "\n",
    include_str!("../../../knowledge/give-feedback.md"),
    "\n",
    include_str!("../../../knowledge/how-long-a-refund-takes.md"),
    "\n",
    include_str!("../../../knowledge/invoices-for-companies.md"),
    "\n",
    include_str!("../../../knowledge/lost-or-damaged-delivery.md"),
    "\n",
    include_str!("../../../knowledge/payment-methods.md"),
    "\n",
    include_str!("../../../knowledge/refunds-above-500-dollars.md"),
    "\n",
    include_str!("../../../knowledge/return-an-order.md"),
    "\n",
    include_str!("../../../knowledge/shipping-costs.md"),
    "\n",
    include_str!("../../../knowledge/speak-to-a-person.md"),
    "\n",
    include_str!("../../../knowledge/warranty-and-repair.md"),
    "\n",
    include_str!("../../../knowledge/where-is-my-parcel.md"),
    "\n",
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

    use super::*;

    #[test]
    fn every_document_of_the_knowledge_base_is_here() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../knowledge");
        let documents = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut count = 0;
        for path in documents.filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
            assert!(ARTICLES.contains(&std::fs::read_to_string(&path).unwrap()), "{}", path.display());
            count += 1;
        }
        assert_eq!(ARTICLES.matches("\n# ").count() + 1, count);
    }
}
