//! support-desk
