//! The encoding of a key: a tag, a length, and the value. Members are sorted. Members without a value are left out.

use std::any::type_name;

use serde::{Serialize, Serializer, ser};

/// Appends one value to a buffer.
pub(super) struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    /// The value has a text type, so its digits are not a number.
    text: bool,
}

/// A value's own `Serialize` may fail; nothing else does.
pub(super) type Encoded = Result<(), serde_json::Error>;

const NULL: &[u8] = b"z";

impl<'a> Encoder<'a> {
    /// Encodes a value with a known type.
    pub(super) fn of<T: ?Sized + Serialize>(out: &'a mut Vec<u8>, value: &T) -> Encoded {
        value.serialize(Self { out, text: is_text::<T>() })
    }

    fn put(self, tag: u8, bytes: &[u8]) -> Encoded {
        self.out.push(tag);
        self.out.extend((bytes.len() as u64).to_be_bytes());
        self.out.extend(bytes);
        Ok(())
    }

    fn number(self, digits: &str) -> Encoded {
        self.put(b'n', plain(digits).as_bytes())
    }
}

/// Whether `T` is a text type. It compares the type names that the compiler gives.
fn is_text<T: ?Sized>() -> bool {
    let name = type_name::<T>().trim_start_matches('&');
    [
        type_name::<str>(),
        type_name::<String>(),
        type_name::<Box<str>>(),
        type_name::<std::rc::Rc<str>>(),
        type_name::<std::sync::Arc<str>>(),
        type_name::<std::borrow::Cow<'static, str>>(),
        type_name::<char>(),
        // its numbers have a numeric type of their own
        type_name::<serde_json::Value>(),
    ]
    .contains(&name)
}

/// Whether text has the form in which a decimal type writes a number: digits without leading zeros, and an optional
/// fraction.
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && (whole == "0" || !whole.starts_with('0'))
}

/// A number without trailing zeros in its fraction, and zero without a sign.
fn plain(digits: &str) -> &str {
    let short = match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.'),
        false => digits,
    };
    if short == "-0" { "0" } else { short }
}

macro_rules! numbers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Encoded {
            self.number(&value.to_string())
        })*
    };
}

impl<'a> Serializer for Encoder<'a> {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Members<'a>;
    type SerializeStruct = Members<'a>;
    type SerializeStructVariant = Members<'a>;

    // `Display` of a float writes digits, never an exponent
    numbers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128,
        serialize_f32: f32, serialize_f64: f64
    );

    fn serialize_bool(self, value: bool) -> Encoded {
        self.out.push(if value { b't' } else { b'f' });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Encoded {
        self.put(b's', value.to_string().as_bytes())
    }

    fn serialize_str(self, value: &str) -> Encoded {
        match !self.text && is_decimal(value) {
            true => self.number(value),
            false => self.put(b's', value.as_bytes()),
        }
    }

    fn serialize_bytes(self, value: &[u8]) -> Encoded {
        self.put(b'b', value)
    }

    fn serialize_none(self) -> Encoded {
        self.serialize_unit()
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Encoded {
        Self::of(self.out, value)
    }

    fn serialize_unit(self) -> Encoded {
        self.out.extend(NULL);
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Encoded {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _name: &'static str, _at: u32, variant: &'static str) -> Encoded {
        self.put(b's', variant.as_bytes())
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _name: &'static str, value: &T) -> Encoded {
        Self::of(self.out, value)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _name: &'static str,
        _at: u32,
        variant: &'static str,
        value: &T,
    ) -> Encoded {
        let mut members = Members::new(self.out, None);
        members.add(variant, value)?;
        members.close()
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Items<'a>, serde_json::Error> {
        Ok(Items::new(self.out, None))
    }

    fn serialize_tuple(self, length: usize) -> Result<Items<'a>, serde_json::Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _name: &'static str, length: usize) -> Result<Items<'a>, serde_json::Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _at: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Items<'a>, serde_json::Error> {
        Ok(Items::new(self.out, Some(variant)))
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Members<'a>, serde_json::Error> {
        Ok(Members::new(self.out, None))
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Members<'a>, serde_json::Error> {
        Ok(Members::new(self.out, None))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _at: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Members<'a>, serde_json::Error> {
        Ok(Members::new(self.out, Some(variant)))
    }
}

/// A list, after its length.
pub(super) struct Items<'a> {
    out: &'a mut Vec<u8>,
    variant: Option<&'static str>,
    count: u64,
    items: Vec<u8>,
}

impl<'a> Items<'a> {
    const fn new(out: &'a mut Vec<u8>, variant: Option<&'static str>) -> Self {
        Self { out, variant, count: 0, items: Vec::new() }
    }

    fn add<T: ?Sized + Serialize>(&mut self, item: &T) -> Encoded {
        self.count += 1;
        Encoder::of(&mut self.items, item)
    }

    fn close(self) -> Encoded {
        open(self.out, self.variant)?;
        self.out.push(b'l');
        self.out.extend(self.count.to_be_bytes());
        self.out.extend(self.items);
        Ok(())
    }
}

/// Members, sorted by the encoding of their names, after their number.
pub(super) struct Members<'a> {
    out: &'a mut Vec<u8>,
    variant: Option<&'static str>,
    name: Vec<u8>,
    members: Vec<(Vec<u8>, Vec<u8>)>,
}

impl<'a> Members<'a> {
    const fn new(out: &'a mut Vec<u8>, variant: Option<&'static str>) -> Self {
        Self { out, variant, name: Vec::new(), members: Vec::new() }
    }

    fn add<K: ?Sized + Serialize, T: ?Sized + Serialize>(&mut self, name: &K, value: &T) -> Encoded {
        Encoder::of(&mut self.name, name)?;
        self.add_value(value)
    }

    fn add_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Encoded {
        let (name, mut encoded) = (std::mem::take(&mut self.name), Vec::new());
        Encoder::of(&mut encoded, value)?;
        if encoded != NULL {
            self.members.push((name, encoded));
        }
        Ok(())
    }

    fn close(mut self) -> Encoded {
        open(self.out, self.variant)?;
        self.members.sort_unstable();
        self.out.push(b'm');
        self.out.extend((self.members.len() as u64).to_be_bytes());
        self.members.into_iter().for_each(|(name, value)| self.out.extend(name.into_iter().chain(value)));
        Ok(())
    }
}

/// Encodes a variant with values as an object with one member, as in JSON.
fn open(out: &mut Vec<u8>, variant: Option<&'static str>) -> Encoded {
    let Some(variant) = variant else { return Ok(()) };
    out.push(b'm');
    out.extend(1_u64.to_be_bytes());
    Encoder::of(out, variant)
}

macro_rules! items {
    ($($trait:ident $method:ident),*) => {
        $(impl ser::$trait for Items<'_> {
            type Ok = ();
            type Error = serde_json::Error;

            fn $method<T: ?Sized + Serialize>(&mut self, item: &T) -> Encoded {
                self.add(item)
            }

            fn end(self) -> Encoded {
                self.close()
            }
        })*
    };
}

items!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);

macro_rules! fields {
    ($($trait:ident),*) => {
        $(impl ser::$trait for Members<'_> {
            type Ok = ();
            type Error = serde_json::Error;

            fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Encoded {
                self.add(name, value)
            }

            fn end(self) -> Encoded {
                self.close()
            }
        })*
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Members<'_> {
    type Ok = ();
    type Error = serde_json::Error;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, name: &T) -> Encoded {
        Encoder::of(&mut self.name, name)
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Encoded {
        self.add_value(value)
    }

    fn end(self) -> Encoded {
        self.close()
    }
}
