//! The records of a stream with `KEYS_ONLY`.
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>

use serde::Deserialize;
use serde_json::Value;

/// A batch of records.
#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "Records")]
    records: Vec<Value>,
}

/// A batch whose records can be reported one by one.
pub(crate) struct Batch {
    pub(crate) records: Vec<Record>,
}

/// One record.
pub(crate) struct Record {
    /// The sequence number, by which a failed record is reported.
    pub(crate) sequence: String,
    kind: Option<String>,
    key: Option<String>,
}

impl Batch {
    /// Reads a batch.
    ///
    /// # Errors
    /// It has no records, or one of them has no sequence number.
    pub(crate) fn read(event: Value) -> Result<Self, &'static str> {
        let wire: Wire = serde_json::from_value(event).map_err(|_| "the event is not a batch of a stream")?;
        let records: Option<Vec<Record>> = wire.records.iter().map(Record::read).collect();
        Ok(Self { records: records.ok_or("a record of the stream has no sequence number")? })
    }
}

impl Record {
    fn read(record: &Value) -> Option<Self> {
        let text = |path: &str| record.pointer(path).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            sequence: text("/dynamodb/SequenceNumber").filter(|number| !number.is_empty())?,
            kind: text("/eventName"),
            key: text("/dynamodb/Keys/id/S"),
        })
    }

    /// The key of the item that was written. `None` if it was removed.
    ///
    /// A call that is parked over an expired one modifies its item. What else modifies it marks it as run.
    ///
    /// # Errors
    /// The record is not one of this table.
    pub(crate) fn written_key(self) -> Result<Option<String>, String> {
        match self.kind.as_deref() {
            Some("INSERT" | "MODIFY") => self.key.map(Some).ok_or_else(|| "its record has no key `id`".to_owned()),
            Some("REMOVE") => Ok(None),
            _ => Err("its record has no known kind".to_owned()),
        }
    }
}
