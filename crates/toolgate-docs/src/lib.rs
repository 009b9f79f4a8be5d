//! Compiles and runs the Rust blocks of the guide (`docs/guide`) as doc tests. The crate has no code of its own.

/// One item per page. They exist only in doc tests.
#[cfg(doctest)]
pub mod guide {
    #[doc = include_str!("../../../docs/guide/approvals.md")]
    pub struct Approvals;

    #[doc = include_str!("../../../docs/guide/coming-from.md")]
    pub struct ComingFrom;

    #[doc = include_str!("../../../docs/guide/deploy.md")]
    pub struct Deploy;

    #[doc = include_str!("../../../docs/guide/effects.md")]
    pub struct Effects;

    #[doc = include_str!("../../../docs/guide/identity.md")]
    pub struct Identity;

    #[doc = include_str!("../../../docs/guide/leases.md")]
    pub struct Leases;

    #[doc = include_str!("../../../docs/guide/middleware.md")]
    pub struct Middleware;

    #[doc = include_str!("../../../docs/guide/reading.md")]
    pub struct Reading;

    #[doc = include_str!("../../../docs/guide/scenarios.md")]
    pub struct Scenarios;

    #[doc = include_str!("../../../docs/guide/start.md")]
    pub struct Start;

    #[doc = include_str!("../../../docs/guide/template.md")]
    pub struct Template;

    #[doc = include_str!("../../../docs/guide/testing.md")]
    pub struct Testing;
}
