//! Writes seed data, and renews unchanged fixtures.

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, PutRequest, WriteRequest},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::{
    clock::Clock,
    error::DeskError,
    item::{Item, Read, text},
};

/// The attributes of a fixture about its seeding: the time, and a hash over all its other attributes.
const SEEDED_AT: &str = "seededAt";
const SEEDED_AS: &str = "seededAs";

/// The age at which an unchanged fixture is renewed.
const STALE: SignedDuration = SignedDuration::from_hours(24);

/// Maximum number of items in one BatchWriteItem request, a limit of the service.
const BATCH: usize = 25;

pub(super) async fn exists(client: &Client, table: &str, key: &str, value: &str) -> Result<bool, DeskError> {
    let read = client.get_item().table_name(table).key(key, text(value)).consistent_read(true).send().await;
    Ok(read.map_err(|error| DeskError::store(&error))?.item.is_some())
}

/// Writes items, a few batches at a time.
pub(super) async fn all(client: &Client, table: &str, items: Vec<Item>) -> Result<usize, DeskError> {
    let count = items.len();
    let batches: Vec<Vec<Item>> = items.chunks(BATCH).map(<[Item]>::to_vec).collect();
    stream::iter(batches.into_iter().map(Ok)).try_for_each_concurrent(4, |batch| write(client, table, batch)).await?;
    Ok(count)
}

async fn write(client: &Client, table: &str, batch: Vec<Item>) -> Result<(), DeskError> {
    let put = |item| {
        PutRequest::builder().set_item(Some(item)).build().map(|put| WriteRequest::builder().put_request(put).build())
    };
    let mut left =
        batch.into_iter().map(put).collect::<Result<Vec<_>, _>>().map_err(|error| DeskError::Store(error.into()))?;
    // items that a throttled table leaves unwritten are sent again
    for pause in [0, 50, 200, 800, 2_000] {
        tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
        let sent = client.batch_write_item().request_items(table, left).send().await;
        let unwritten = sent.map_err(|error| DeskError::store(&error))?.unprocessed_items;
        left = unwritten.and_then(|mut tables| tables.remove(table)).unwrap_or_default();
        if left.is_empty() {
            return Ok(());
        }
    }
    Err(DeskError::Store("DynamoDB left items of a batch unwritten".into()))
}

/// Marks a fixture, so that a later change can be detected.
pub(super) fn marked(mut story: Item, clock: &Clock) -> Item {
    let hash = hash(&story);
    story.insert(SEEDED_AT.into(), text(clock.now().to_string()));
    story.insert(SEEDED_AS.into(), text(hash));
    story
}

/// Renews the fixtures that are unchanged since their seeding and older than a day.
pub(super) async fn renew(client: &Client, table: &str, stories: Vec<Item>, clock: &Clock) -> Result<usize, DeskError> {
    let renewed = stream::iter(stories).then(|story| async move {
        let key = story.text("orderId")?;
        let read = client.get_item().table_name(table).key("orderId", text(key)).consistent_read(true);
        let current = read.send().await.map_err(|error| DeskError::store(&error))?.item;
        let Some(current) = current.filter(|item| is_stale(item, clock)) else { return Ok(false) };
        // every attribute that a tool or a person may change must still have the value that was read
        let mut put = client.put_item().table_name(table).set_item(Some(marked(story, clock)));
        let mut unchanged = Vec::new();
        for (place, (name, value)) in current.iter().enumerate() {
            put = put
                .expression_attribute_names(format!("#n{place}"), name)
                .expression_attribute_values(format!(":v{place}"), value.clone());
            unchanged.push(format!("#n{place} = :v{place}"));
        }
        let put = put
            .expression_attribute_names("#return", "return")
            .expression_attribute_names("#refunds", "refunds")
            .condition_expression(format!(
                "attribute_not_exists(#return) AND attribute_not_exists(#refunds) AND {}",
                unchanged.join(" AND ")
            ));
        match put.send().await {
            Ok(_) => {}
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                return Ok(false);
            }
            Err(error) => return Err(DeskError::store(&error)),
        }
        Ok::<_, DeskError>(true)
    });
    let renewed: Vec<bool> = renewed.try_collect().await?;
    Ok(renewed.into_iter().filter(|renewed| *renewed).count())
}

/// Whether an item is unchanged since its seeding, more than a day ago. If the clock was turned back, a fixture may
/// also lie in the future. It is renewed too.
fn is_stale(item: &Item, clock: &Clock) -> bool {
    let seeded_at = item.opt_text(SEEDED_AT).and_then(|text| text.parse::<Timestamp>().ok());
    let mut bare = item.clone();
    bare.remove(SEEDED_AT);
    let mark = bare.remove(SEEDED_AS);
    let untouched = mark.as_ref().and_then(|mark| mark.as_s().ok()).is_some_and(|mark| *mark == hash(&bare));
    untouched && seeded_at.is_some_and(|at| clock.now().duration_since(at).abs() > STALE)
}

fn hash(item: &Item) -> String {
    let mut sorted: Vec<_> = item.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    let mut hash = Sha256::new();
    for (name, value) in sorted {
        hash.update(name);
        hash.update(canonical(value));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A value as text, with sorted members of maps.
fn canonical(value: &AttributeValue) -> String {
    match value {
        AttributeValue::M(members) => {
            let mut sorted: Vec<_> =
                members.iter().map(|(name, value)| format!("{name:?}:{}", canonical(value))).collect();
            sorted.sort_unstable();
            format!("{{{}}}", sorted.join(","))
        }
        AttributeValue::L(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        AttributeValue::N(number) => number.clone(),
        AttributeValue::S(text) => format!("{text:?}"),
        other => format!("{other:?}"),
    }
}
