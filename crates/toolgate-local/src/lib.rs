//! toolgate-local
