//! The part of a long conversation that a model gets: the newest messages, cut only where a model accepts a cut.
//!
//! A call and its result stay together, the user speaks first, and the roles alternate. The history itself is never
//! cut, because a later turn may use a larger window.

use std::borrow::Cow;

use toolgate_models::{Block, Message, Role};

/// The size of the window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ContextWindow {
    /// The limit in characters. It is the nearest measure to tokens that is the same for all models.
    pub(crate) characters: usize,
    /// The maximum number of turns before the current one.
    pub(crate) turns: Option<usize>,
    /// Whether reasoning blocks of earlier turns are left out.
    pub(crate) without_thinking: bool,
}

impl ContextWindow {
    /// The part of a history for the model. Its last message is always the last message of the history.
    pub(crate) fn view<'h>(&self, history: &'h [Message]) -> Cow<'h, [Message]> {
        let starts: Vec<usize> = (0..history.len()).filter(|index| history.get(*index).is_some_and(begins)).collect();
        let current = starts.last().copied().unwrap_or(0);
        let kept = self.turns.map_or(0, |turns| starts.len().saturating_sub(turns.saturating_add(1)));
        let mut from = starts.get(kept).copied().unwrap_or(0);
        let sizes: Vec<usize> = history.iter().map(size).collect();
        let mut total: usize = sizes.iter().skip(from).sum();
        for next in starts.iter().copied().filter(|start| *start > from).collect::<Vec<_>>() {
            if total <= self.characters {
                break;
            }
            total -= sizes.get(from..next).unwrap_or_default().iter().sum::<usize>();
            from = next;
        }
        if from == 0 && total <= self.characters && !self.without_thinking {
            return Cow::Borrowed(history);
        }
        let mut shown: Vec<Message> = history.get(from..).unwrap_or_default().to_vec();
        if self.without_thinking {
            shown.iter_mut().take(current - from).for_each(forget_thinking);
        }
        if from > 0
            && let Some(first) = shown.first_mut()
        {
            // These are results of calls that are not in the view.
            first.content.retain(|block| !matches!(block, Block::ToolResult { .. }));
        }
        if from == current && total > self.characters {
            self.cut_turn(&mut shown);
        }
        Cow::Owned(shown)
    }

    /// A window of about half the size of this window's view, if anything can be left out.
    pub(crate) fn shrink(self, shown: &[Message]) -> Option<Self> {
        let characters = shown.iter().map(size).sum::<usize>() / 2;
        (shown.len() > 1 && characters > 0).then_some(Self { characters, ..self })
    }

    /// A turn that is too long by itself loses its oldest calls first, and then the ends of its last results.
    fn cut_turn(&self, turn: &mut Vec<Message>) {
        let mut left_out = Vec::new();
        while turn.iter().map(size).sum::<usize>() > self.characters && turn.len() > 3 {
            let calls = turn.drain(1..3).next();
            left_out.extend(calls.iter().flat_map(|message| &message.content).filter_map(called).map(str::to_owned));
        }
        if let (false, Some(first)) = (left_out.is_empty(), turn.first_mut()) {
            // Without their names the model would repeat these calls.
            let calls = left_out.join(", ");
            first.content.push(Block::Text(format!("[Made already, and left out here for their length: {calls}]")));
        }
        let total: usize = turn.iter().map(size).sum();
        let Some(last) = turn.last_mut() else { return };
        let results = last.content.iter().filter(|block| matches!(block, Block::ToolResult { .. })).count();
        if total <= self.characters || results == 0 {
            return;
        }
        let others = total.saturating_sub(size(last));
        let share = self.characters.saturating_sub(others) / results;
        for block in &mut last.content {
            if let Block::ToolResult { text, .. } = block {
                truncate(text, share);
            }
        }
    }
}

/// Whether a message starts a turn: it has text of the user. A message of results only belongs to a running turn.
fn begins(message: &Message) -> bool {
    message.role == Role::User && message.content.iter().any(|block| matches!(block, Block::Text(_)))
}

fn called(block: &Block) -> Option<&str> {
    if let Block::ToolUse { name, .. } = block { Some(name) } else { None }
}

fn size(message: &Message) -> usize {
    let of_block = |block: &Block| match block {
        Block::Text(text) | Block::RedactedReasoning(text) | Block::Reasoning { text, .. } => text.len(),
        Block::ToolUse { name, input, .. } => name.len() + input.to_string().len(),
        Block::ToolResult { text, .. } => text.len(),
    };
    message.content.iter().map(of_block).sum()
}

fn forget_thinking(message: &mut Message) {
    let thought = |block: &Block| matches!(block, Block::Reasoning { .. } | Block::RedactedReasoning(_));
    // A message must not be empty.
    if message.content.iter().any(|block| !thought(block)) {
        message.content.retain(|block| !thought(block));
    }
}

/// Truncates a text to about this many bytes and appends a note.
pub(crate) fn truncate(text: &mut String, most: usize) {
    if text.len() <= most {
        return;
    }
    let length = text.len();
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.truncate(end);
    text.push_str(&format!(" … [cut: {length} bytes in all]"));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Turns of calls and answers in the form that the loop produces. A turn may have ended after its results.
    fn histories() -> impl Strategy<Value = Vec<Message>> {
        let step = (1..4_usize, 0..300_usize);
        let turn = (1..80_usize, prop::collection::vec(step, 0..5), any::<bool>());
        (prop::collection::vec(turn, 1..8), any::<bool>()).prop_map(|(turns, open)| {
            let mut history: Vec<Message> = Vec::new();
            let last = turns.len() - 1;
            for (number, (length, steps, broken)) in turns.into_iter().enumerate() {
                let text = Block::Text("u".repeat(length));
                match history.last_mut() {
                    Some(message) if message.role == Role::User => message.content.push(text),
                    _ => history.push(Message::user(vec![text])),
                }
                let ends = if number == last { open } else { broken };
                let count = steps.len();
                for (at, (calls, size)) in steps.into_iter().enumerate() {
                    let id = |call: usize| format!("{number}-{at}-{call}");
                    let mut content = vec![Block::Reasoning { text: "hm".to_owned(), signature: None }];
                    content.extend((0..calls).map(|call| Block::ToolUse {
                        id: id(call),
                        name: "get".to_owned(),
                        input: json!({"n": call}),
                    }));
                    history.push(Message::assistant(content));
                    let result = |call| Block::ToolResult { id: id(call), text: "é".repeat(size), error: false };
                    history.push(Message::user((0..calls).map(result).collect()));
                }
                if !(ends && count > 0) && number != last {
                    history.push(Message::assistant(vec![Block::Text("done".to_owned())]));
                }
            }
            history
        })
    }

    fn ids(message: &Message, of_calls: bool) -> Vec<&str> {
        let id = |block: &'_ Block| match block {
            Block::ToolUse { .. } | Block::ToolResult { .. } => Some(matches!(block, Block::ToolUse { .. })),
            _ => None,
        };
        let blocks = message.content.iter().filter(|block| id(block) == Some(of_calls));
        blocks
            .filter_map(|block| match block {
                Block::ToolUse { id, .. } | Block::ToolResult { id, .. } => Some(id.as_str()),
                _ => None,
            })
            .collect()
    }

    fn assert_accepted(shown: &[Message]) {
        assert_eq!(shown.first().map(|message| message.role), Some(Role::User));
        assert!(ids(&shown[0], false).is_empty(), "no result without its call");
        for pair in shown.windows(2) {
            assert_ne!(pair[0].role, pair[1].role, "the roles take turns");
            assert_eq!(ids(&pair[0], true), ids(&pair[1], false), "every call is answered, and nothing else");
        }
        assert!(shown.iter().all(|message| !message.content.is_empty()));
    }

    proptest! {
        #[test]
        fn a_view_is_always_what_a_model_accepts(
            history in histories(), characters in 0..3000_usize, turns in prop::option::of(0..5_usize),
            without_thinking in any::<bool>(),
        ) {
            let window = ContextWindow { characters, turns, without_thinking };
            let shown = window.view(&history);
            assert_accepted(&shown);
            prop_assert_eq!(shown.last().unwrap().role, history.last().unwrap().role);
            let begun = shown.iter().filter(|message| begins(message)).count();
            prop_assert!(turns.is_none_or(|turns| begun <= turns + 1));
            let total: usize = shown.iter().map(size).sum();
            // The minimum that always remains: the user's text, the last step, and the notes about the cuts.
            prop_assert!(total <= characters.max(80 * 8) + 700, "{total} of {characters}");
        }

        #[test]
        fn what_fits_is_shown_whole(history in histories()) {
            let window = ContextWindow { characters: usize::MAX, turns: None, without_thinking: false };
            let shown = window.view(&history);
            prop_assert_eq!(shown.as_ref(), history.as_slice());
        }
    }

    #[test]
    fn the_newest_turns_are_kept_and_thoughts_of_earlier_ones_go() {
        let turn = |text: &str| {
            let thought = Block::Reasoning { text: "hm".to_owned(), signature: None };
            let answer = Message::assistant(vec![thought, Block::Text(format!("{text}!"))]);
            [Message::user(vec![Block::Text(text.to_owned())]), answer]
        };
        let mut history: Vec<Message> = ["one", "two", "three"].iter().flat_map(|text| turn(text)).collect();
        history.push(Message::user(vec![Block::Text("four".to_owned())]));
        let texts = |window: ContextWindow| {
            let shown = window.view(&history).into_owned();
            shown.iter().map(|message| format!("{:?}", message.content)).collect::<Vec<_>>().join(" ")
        };
        let window = ContextWindow { characters: 1000, turns: Some(1), without_thinking: true };
        let shown = texts(window);
        assert!(!shown.contains("two") && shown.contains("three!") && !shown.contains("hm"), "{shown}");
        let shown = texts(ContextWindow { characters: 12, turns: None, without_thinking: false });
        assert!(!shown.contains("two") && shown.contains("four"), "{shown}");
    }

    #[test]
    fn calls_that_are_left_out_are_named() {
        let mut history = vec![Message::user(vec![Block::Text("go".to_owned())])];
        for at in 0..5 {
            let id = at.to_string();
            let call = Block::ToolUse { id: id.clone(), name: format!("tool{at}"), input: json!({}) };
            history.push(Message::assistant(vec![call]));
            history.push(Message::user(vec![Block::ToolResult { id, text: "x".repeat(100), error: false }]));
        }
        let shown = ContextWindow { characters: 50, turns: None, without_thinking: false }.view(&history).into_owned();
        let first = format!("{:?}", shown[0]);
        assert!(first.contains("tool0, tool1, tool2, tool3"), "{first}");
        assert!(format!("{:?}", shown.last()).contains("[cut: 100 bytes in all]"));
    }
}
