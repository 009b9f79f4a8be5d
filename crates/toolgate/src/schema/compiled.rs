//! A tool's input schema, compiled once at build, so that a check walks plain data.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value};

/// The values that a schema accepts.
#[derive(Debug, Default)]
pub(crate) struct CompiledSchema {
    pub(crate) text: bool,
    pub(crate) integer: bool,
    pub(crate) number: bool,
    pub(crate) boolean: bool,
    pub(crate) null: bool,
    /// Accepts any JSON value unchanged.
    pub(crate) any: bool,
    pub(crate) list: Option<List>,
    pub(crate) object: Option<Object>,
    /// Accepts exactly these values.
    pub(crate) one_of: Option<Vec<Value>>,
    /// Alternatives that cannot be merged into one schema. The first that fits is used.
    pub(crate) any_of: Vec<CompiledSchema>,
    pub(crate) rules: Rules,
    /// Describes the expected value.
    pub(crate) expected: String,
    /// The value is never repeated in an error.
    pub(crate) secret: bool,
}

/// The limits in the schema.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) minimum: Option<(f64, bool)>,
    pub(crate) maximum: Option<(f64, bool)>,
    pub(crate) min_length: Option<usize>,
    pub(crate) max_length: Option<usize>,
    pub(crate) pattern: Option<Regex>,
    pub(crate) email: bool,
}

#[derive(Debug)]
pub(crate) struct List {
    pub(crate) items: Option<Box<CompiledSchema>>,
    pub(crate) min: Option<usize>,
    pub(crate) max: Option<usize>,
}

#[derive(Debug, Default)]
pub(crate) struct Object {
    pub(crate) fields: BTreeMap<String, Field>,
    /// The schema of other members. `None` rejects them.
    pub(crate) others: Option<Box<CompiledSchema>>,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) shape: CompiledSchema,
    pub(crate) required: bool,
}

impl CompiledSchema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// Describes the problem, such as a pattern that is not a valid regular expression.
    pub(crate) fn compile(schema: &Value) -> Result<Self, String> {
        let Some(map) = schema.as_object() else { return Ok(Self::anything()) };
        if let Some(keyword) = ["allOf", "not", "if"].into_iter().find(|keyword| map.contains_key(*keyword)) {
            return Err(format!("a schema in its input uses `{keyword}`, which is not supported"));
        }
        let mut shape = Self { secret: is_secret(map), ..Self::default() };
        let mut known = shape.read_types(map)?;
        known |= shape.read_alternatives(map)?;
        let constant = map.get("const").map(|value| vec![value.clone()]);
        if let Some(values) = constant.or_else(|| map.get("enum")?.as_array().cloned()) {
            known = true;
            shape.text |= values.iter().any(Value::is_string);
            shape.one_of = Some(values);
        }
        if !known {
            return Ok(Self { secret: shape.secret, ..Self::anything() });
        }
        shape.rules = Rules::read(map)?.or(shape.rules);
        shape.expected = super::dialect::expected(schema);
        Ok(shape)
    }

    /// Whether the schema accepts a number.
    pub(crate) fn takes_numbers(&self) -> bool {
        self.number || self.integer || self.any_of.iter().any(Self::takes_numbers)
    }

    fn anything() -> Self {
        Self { any: true, null: true, expected: "any value".to_owned(), ..Self::default() }
    }

    fn read_types(&mut self, map: &Map<String, Value>) -> Result<bool, String> {
        let types: Vec<&str> = match map.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        for kind in &types {
            match *kind {
                "string" => self.text = true,
                "integer" => self.integer = true,
                "number" => self.number = true,
                "boolean" => self.boolean = true,
                "null" => self.null = true,
                "array" => self.list = Some(List::read(map)?),
                "object" => self.object = Some(Object::read(map)?),
                _ => {}
            }
        }
        Ok(!types.is_empty())
    }

    /// Reads `anyOf` and `oneOf`. It merges `null` and enumerated values. The rest become alternatives.
    fn read_alternatives(&mut self, map: &Map<String, Value>) -> Result<bool, String> {
        let alternatives = map.get("anyOf").or_else(|| map.get("oneOf")).and_then(Value::as_array);
        let Some(alternatives) = alternatives else { return Ok(false) };
        if self.object.is_some() {
            return Err("an enum is flattened into a struct of its input, which no AWS schema supports; give it a \
                        field of its own"
                .to_owned());
        }
        let mut rest = Vec::new();
        let mut named = Vec::new();
        for schema in alternatives {
            let shape = Self::compile(schema)?;
            if schema.get("type").and_then(Value::as_str) == Some("null") {
                self.null = true;
            } else if let Some(values) = shape.one_of {
                named.extend(values);
            } else {
                rest.push(shape);
            }
        }
        if !named.is_empty() {
            self.text |= named.iter().any(Value::is_string);
            self.one_of = Some(named);
        }
        if rest.len() == 1 && self.one_of.is_none() {
            let (null, secret) = (self.null, self.secret);
            *self = rest.pop().unwrap_or_default();
            self.null |= null;
            self.secret |= secret;
        } else {
            self.any_of = rest;
        }
        Ok(true)
    }
}

impl List {
    fn read(map: &Map<String, Value>) -> Result<Self, String> {
        let items = map.get("items").map(CompiledSchema::compile).transpose()?.map(Box::new);
        Ok(Self { items, min: count(map, "minItems"), max: count(map, "maxItems") })
    }
}

impl Object {
    fn read(map: &Map<String, Value>) -> Result<Self, String> {
        let required: Vec<&str> =
            map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let mut fields = BTreeMap::new();
        for (name, schema) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let mut shape = CompiledSchema::compile(schema)?;
            shape.secret |= is_secret_name(name);
            fields.insert(name.clone(), Field { shape, required: required.contains(&name.as_str()) });
        }
        // for example a map with numbers as keys; serde checks the keys
        let patterned = map.get("patternProperties").and_then(|map| map.as_object()?.values().next());
        let others = match map.get("additionalProperties") {
            // a struct rejects other members; so does a schema without this keyword, because fields that are not listed
            // are rejected
            None | Some(Value::Bool(false)) => patterned.map(CompiledSchema::compile).transpose()?.map(Box::new),
            Some(schema) => Some(Box::new(CompiledSchema::compile(schema)?)),
        };
        Ok(Self { fields, others })
    }
}

impl Rules {
    fn read(map: &Map<String, Value>) -> Result<Self, String> {
        let format = map.get("format").and_then(Value::as_str);
        let number = |name: &str| map.get(name).and_then(Value::as_f64);
        let either = |open: &str, closed: &str| number(open).map(|n| (n, true)).or(number(closed).map(|n| (n, false)));
        let compile =
            |text| Regex::new(text).map_err(|_| format!("the pattern `{text}` is not a valid regular expression"));
        let pattern = map.get("pattern").and_then(Value::as_str).map(compile).transpose()?;
        // a larger number would become infinite
        let bound = (format == Some("float")).then_some((f64::from(f32::MAX), false));
        Ok(Self {
            minimum: either("exclusiveMinimum", "minimum").or(bound.map(|(n, open)| (-n, open))),
            maximum: either("exclusiveMaximum", "maximum").or(bound),
            min_length: count(map, "minLength"),
            max_length: count(map, "maxLength"),
            pattern,
            email: format == Some("email"),
        })
    }

    /// These limits, with the other limits where there are none.
    fn or(self, other: Self) -> Self {
        Self {
            minimum: self.minimum.or(other.minimum),
            maximum: self.maximum.or(other.maximum),
            min_length: self.min_length.or(other.min_length),
            max_length: self.max_length.or(other.max_length),
            pattern: self.pattern.or(other.pattern),
            email: self.email || other.email,
        }
    }
}

fn count(map: &Map<String, Value>, name: &str) -> Option<usize> {
    map.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok())
}

fn is_secret(map: &Map<String, Value>) -> bool {
    map.get("writeOnly") == Some(&Value::Bool(true)) || map.get("format").and_then(Value::as_str) == Some("password")
}

/// Names with secret values, whatever the schema is.
pub(crate) fn is_secret_name(name: &str) -> bool {
    const PARTS: [&str; 12] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "apikey",
        "credential",
        "cardnumber",
        "cvv",
        "cvc",
        "ssn",
        "privatekey",
    ];
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    name == "pin" || name == "iban" || PARTS.iter().any(|part| name.contains(part))
}
