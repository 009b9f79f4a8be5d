//! JSON schemas of Rust types, inlined and without noise.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

/// The schema of what a call may send.
pub(crate) fn input<T: JsonSchema>() -> Value {
    generate::<T>(SchemaSettings::draft2020_12().for_deserialize())
}

/// The schema of what a tool returns.
pub(crate) fn output<T: JsonSchema>() -> Value {
    generate::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn generate<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    // a title is the Rust type's name, which says nothing to a model
    super::walk(&mut schema, &mut |map| {
        map.remove("title");
    });
    schema
}

/// Whether a schema refers to itself, which no dialect of AWS can say.
pub(crate) fn is_recursive(schema: &Value) -> bool {
    let mut found = false;
    super::walk(&mut schema.clone(), &mut |map| found |= map.contains_key("$ref"));
    found
}
