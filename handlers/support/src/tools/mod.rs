//! One file per tool.

pub(crate) mod escalate_to_human;
pub(crate) mod record_feedback;
pub(crate) mod search_knowledge_base;
