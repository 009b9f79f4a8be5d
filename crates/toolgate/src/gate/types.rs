//! Gate 3, types: text becomes typed values by the tool's own schema, then serde, then `validator`. Every problem of a
//! call comes back at once.

use super::Passage;
use crate::{coerce, error::ToolError};

pub(super) fn enter<S>(passage: &mut Passage<S>) -> Result<(), ToolError> {
    let mut arguments = std::mem::take(&mut passage.arguments);
    // the same call is answered alike, in whichever order a model wrote its members
    arguments.sort_keys();
    arguments.values_mut().for_each(serde_json::Value::sort_all_objects);
    let input = coerce::arguments(&passage.entry.shape, arguments, &mut passage.reading);
    let (count, problems) = match passage.reading.count() {
        0 => {
            if passage.keeps_input() {
                passage.arguments.clone_from(&input);
            }
            match passage.entry.exec.prepare(input, &passage.entry.shape) {
                Ok(ready) => {
                    passage.ready = Some(ready);
                    return Ok(());
                }
                Err(problems) => (problems.len(), problems),
            }
        }
        count => (count, std::mem::take(&mut passage.reading).into_problems()),
    };
    let count = match count {
        1 => "one problem".to_owned(),
        several if several > problems.len() => format!("{several} problems, of which {} are listed", problems.len()),
        several => format!("{several} problems"),
    };
    let message = format!("the input has {count}; correct what is listed and call again");
    Err(ToolError::invalid(message).with_problems(problems))
}
