//! Limits of AWS that commands keep to before a template is checked. The rules have the sources.

/// The maximum number of functions or operations of one action group (`eleven-functions`).
pub const TOOLS_OF_A_GROUP: usize = 11;

/// The maximum number of enabled action groups of one agent (`fifteen-groups`).
pub const GROUPS_OF_AN_AGENT: usize = 15;

/// The maximum length of the name that the model sees, such as `target___tool` (`model-tool-name`).
pub const MODEL_TOOL_NAME: usize = 64;
