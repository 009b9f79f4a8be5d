//! JSON schemas of Rust types, inlined and without redundant members.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

/// The schema of a call's input.
pub(crate) fn input<T: JsonSchema>() -> Value {
    generate::<T>(SchemaSettings::draft2020_12().for_deserialize())
}

/// The schema of a tool's output.
pub(crate) fn output<T: JsonSchema>() -> Value {
    generate::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn generate<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    // a title is the name of the Rust type, which does not help a model
    super::walk(&mut schema, &mut |map| {
        map.remove("title");
    });
    schema
}

/// Whether a schema refers to itself. No AWS dialect supports that.
pub(crate) fn is_recursive(schema: &Value) -> bool {
    let mut found = false;
    super::walk(&mut schema.clone(), &mut |map| found |= map.contains_key("$ref"));
    found
}
