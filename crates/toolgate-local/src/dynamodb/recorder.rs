//! Records the requests of calls to DynamoDB, and the items that they changed, in the turns of the calls.
//!
//! The access key of a request names the instance that sent it, and an instance runs one call at a time. The items are
//! read just before and just after a write. Where two calls write one item at the same moment, the change of one may
//! appear in the other.

use std::{collections::BTreeMap, time::Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};
use toolgate_template::Template;

use super::{
    images::{Written, plain, written},
    upstream::{Answer, Upstream, target},
};
use crate::turns::{Place, Request, Row, Topic, Turns};

/// Maximum number of items that one request reads (`BatchGetItem`). It is also the maximum of a transaction.
const ITEMS: usize = 100;

/// Records requests to the tables of a template.
#[derive(Debug)]
pub(crate) struct Recorder {
    turns: Turns,
    /// The names of the key attributes, by table.
    keys: BTreeMap<String, Vec<String>>,
    /// The table of the approvals.
    approvals: Option<String>,
}

impl Recorder {
    pub(crate) fn new(turns: Turns, template: &Template) -> Self {
        let names = |create: &Value| {
            let parts = create.get("KeySchema").and_then(Value::as_array).into_iter().flatten();
            parts.filter_map(|part| part.get("AttributeName")?.as_str().map(str::to_owned)).collect()
        };
        let keys = template.tables.iter().map(|table| (table.name.clone(), names(&table.create))).collect();
        let is_approvals = |logical_id: &str| template.approvals.as_deref() == Some(logical_id);
        let approvals = template.tables.iter().find(|table| is_approvals(&table.logical_id));
        Self { turns, keys, approvals: approvals.map(|table| table.name.clone()) }
    }

    /// Sends a request, and records it if a call sent it.
    pub(super) async fn send(
        &self,
        upstream: &Upstream,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Answer, reqwest::Error> {
        let operation = target(headers).rsplit('.').next().unwrap_or_default().to_owned();
        let caller = access_key(headers).and_then(|key| self.turns.caller(key));
        let parsed = serde_json::from_slice::<Value>(&body).unwrap_or_default();
        let written = written(&operation, &parsed, &self.keys);
        let answer = match caller {
            Some(place) => self.recorded(upstream, &place, headers, (operation, body, &parsed), &written).await?,
            None => upstream.send(headers, body).await?,
        };
        if answer.status.is_success() && written.iter().any(|item| self.approvals.as_ref() == Some(&item.table)) {
            self.turns.touch(Topic::Approvals);
        }
        Ok(answer)
    }

    async fn recorded(
        &self,
        upstream: &Upstream,
        place: &Place,
        headers: &HeaderMap,
        (operation, body, parsed): (String, Bytes, &Value),
        written: &[Written],
    ) -> Result<Answer, reqwest::Error> {
        let before = images(upstream, headers, written).await;
        let began = Instant::now();
        let answer = upstream.send(headers, body).await?;
        let took = began.elapsed();
        let after = match before.is_some() && answer.status.is_success() {
            true => images(upstream, headers, written).await,
            false => None,
        };
        let rows = before.zip(after).map_or_else(Vec::new, |(before, after)| rows(written, &before, &after));
        let outcome = if answer.status.is_success() { "ok".to_owned() } else { error_type(&answer.body) };
        let table = parsed.get("TableName").and_then(Value::as_str).map(str::to_owned);
        place.requested(Request { operation, table: table.or_else(|| only(written)), began, took, outcome }, rows);
        Ok(answer)
    }
}

/// The only table of a request.
fn only(written: &[Written]) -> Option<String> {
    let first = written.first()?;
    written.iter().all(|item| item.table == first.table).then(|| first.table.clone())
}

/// The access key in the signature of a request.
fn access_key(headers: &HeaderMap) -> Option<&str> {
    let signature = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    signature.split_once("Credential=")?.1.split('/').next()
}

/// The items of a request at one moment.
#[derive(Debug, Default)]
struct Images {
    /// Table and item, in DynamoDB's form.
    items: Vec<(String, Value)>,
    /// Table and key of the items that were not read, because they are too large together.
    unread: Vec<(String, Value)>,
}

impl Images {
    /// Reads the answer of `BatchGetItem`.
    fn of(answer: &Value) -> Self {
        let tables = |name: &str| answer.get(name).and_then(Value::as_object).into_iter().flatten();
        let all = |table: &String, items: Option<&Value>| {
            let items = items.and_then(Value::as_array).into_iter().flatten();
            items.map(|item| (table.clone(), item.clone())).collect::<Vec<_>>()
        };
        Self {
            items: tables("Responses").flat_map(|(table, items)| all(table, Some(items))).collect(),
            unread: tables("UnprocessedKeys").flat_map(|(table, keys)| all(table, keys.get("Keys"))).collect(),
        }
    }

    /// The item, or null if there is none. `None` if it was not read.
    fn find(&self, of: &Written) -> Option<&Value> {
        let find = |items: &[(String, Value)]| items.iter().position(|(table, item)| *table == of.table && of.is(item));
        match find(&self.items).and_then(|at| self.items.get(at)) {
            Some((_, item)) => Some(item),
            None => find(&self.unread).is_none().then_some(&Value::Null),
        }
    }
}

/// The items now. `None` if nothing is written, or the items cannot be read.
async fn images(upstream: &Upstream, headers: &HeaderMap, written: &[Written]) -> Option<Images> {
    if written.is_empty() {
        return None;
    }
    let mut keys: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for item in written.iter().take(ITEMS) {
        keys.entry(&item.table).or_default().push(&item.key);
    }
    let keys = keys.into_iter().map(|(table, keys)| (table, json!({"Keys": keys, "ConsistentRead": true})));
    let body = json!({"RequestItems": keys.collect::<BTreeMap<_, _>>()});
    let mut headers = headers.clone();
    headers.insert("x-amz-target", HeaderValue::from_static("DynamoDB_20120810.BatchGetItem"));
    // it is the checksum of another body
    headers.remove("x-amz-content-sha256");
    let answer = upstream.send(&headers, Bytes::from(body.to_string())).await.ok()?;
    if !answer.status.is_success() {
        return None;
    }
    let answer: Value = serde_json::from_slice(&answer.body).ok()?;
    Some(Images::of(&answer))
}

fn rows(written: &[Written], before: &Images, after: &Images) -> Vec<Row> {
    let row = |item: &Written| {
        let (before, after) = (before.find(item)?, after.find(item)?);
        let plain = |value: &Value| if value.is_null() { Value::Null } else { plain(value) };
        (before != after).then(|| Row::new(item.table.clone(), plain(&item.key), plain(before), plain(after)))
    };
    written.iter().take(ITEMS).filter_map(row).collect()
}

fn error_type(body: &[u8]) -> String {
    let kind = || serde_json::from_slice::<Value>(body).ok()?.get("__type")?.as_str().map(str::to_owned);
    let kind = kind().unwrap_or_else(|| "failed".to_owned());
    kind.rsplit('#').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_that_was_not_read_is_no_change() {
        let key = |id: &str| json!({"id": {"S": id}});
        let written: Vec<Written> =
            ["a", "b", "c", "d"].map(|id| Written { table: "T".to_owned(), key: key(id) }).into();
        let item = |id: &str, n: &str| json!({"id": {"S": id}, "n": {"N": n}});
        let before = Images::of(&json!({
            "Responses": {"T": [item("a", "1"), item("c", "1")]}, "UnprocessedKeys": {"T": {"Keys": [key("b")]}},
        }));
        let after = Images::of(&json!({
            "Responses": {"T": [item("a", "2"), item("b", "2")]}, "UnprocessedKeys": {"T": {"Keys": [key("c")]}},
        }));
        let rows = rows(&written, &before, &after);
        assert_eq!(rows.iter().map(|row| &row.key["id"]).collect::<Vec<_>>(), ["a"], "b, c: not read; d: never there");
    }
}
