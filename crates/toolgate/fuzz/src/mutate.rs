//! Mutations of an event that stay valid JSON. Random changes of bytes nearly always fail in the parser, and the code
//! under test comes after it.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let words = include_str!("../words.dict").lines().filter(|line| line.starts_with('"'));
    words.map(|word| serde_json::from_str(word).unwrap()).collect()
});

/// An event and its client context, with one to four changes. `None` where the event is not valid JSON.
pub fn event(bytes: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut random = Random(u64::from(seed) << 1 | 1);
    let mut lines: Vec<Value> =
        bytes.splitn(2, |byte| *byte == b'\n').map(serde_json::from_slice).collect::<Result<_, _>>().ok()?;
    for _ in 0..=random.below(4) {
        let at = random.below(lines.len());
        change(&mut lines[at], &mut random);
    }
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    Some(lines.join("\n").into_bytes())
}

/// Changes one value somewhere inside of `root`.
fn change(root: &mut Value, random: &mut Random) {
    let donor = pick(root, random).clone();
    let place = pick(root, random);
    match (random.below(7), place) {
        (0, Value::Object(members)) => {
            members.insert(random.word(), donor);
        }
        (1, Value::Object(members)) => {
            if let Some(name) = random.name(members) {
                let member = members.remove(&name).unwrap_or_default();
                let name = if random.below(2) == 0 { random.word() } else { random.respell(&name) };
                members.insert(name, member);
            }
        }
        (2, Value::Object(members)) => {
            if let Some(name) = random.name(members) {
                members.remove(&name);
            }
        }
        (0 | 1, Value::Array(items)) => {
            let item = json!({"name": random.word(), "value": random.value()});
            items.insert(random.below(items.len() + 1), if random.below(2) == 0 { item } else { donor });
        }
        (2, Value::Array(items)) => {
            items.pop();
        }
        (3, place) => *place = donor,
        (4, place) => *place = place.to_string().into(),
        (5, place) => {
            if let Some(inner) = place.as_str().and_then(|text| serde_json::from_str(text).ok()) {
                *place = inner;
            }
        }
        (_, place) => *place = random.value(),
    }
}

/// A random value inside of `value`. Values near its top and far down are equally likely.
fn pick<'a>(value: &'a mut Value, random: &mut Random) -> &'a mut Value {
    let inner = match value {
        Value::Object(members) => members.len(),
        Value::Array(items) => items.len(),
        _ => 0,
    };
    if inner == 0 || random.below(5) == 0 {
        return value;
    }
    let at = random.below(inner);
    match value {
        Value::Object(members) => pick(members.values_mut().nth(at).unwrap(), random),
        Value::Array(items) => pick(&mut items[at], random),
        _ => unreachable!("it has nothing inside"),
    }
}

/// A separate generator (xorshift), because libFuzzer provides only a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }

    fn word(&mut self) -> String {
        WORDS[self.below(WORDS.len())].clone()
    }

    fn name(&mut self, members: &Map<String, Value>) -> Option<String> {
        let at = self.below(members.len().max(1));
        members.keys().nth(at).cloned()
    }

    /// A name that looks the same to a reader, in other letters.
    fn respell(&mut self, name: &str) -> String {
        match self.below(4) {
            0 => name.to_uppercase(),
            1 => name.chars().flat_map(|c| c.is_uppercase().then_some('_').into_iter().chain([c])).collect(),
            2 => format!("{name}\u{200b}"),
            _ => name.replace('a', "\u{430}"),
        }
    }

    fn value(&mut self) -> Value {
        match self.below(9) {
            0 => Value::Null,
            1 => json!(self.below(3) == 0),
            2 => json!(self.0 as i64 >> self.below(64)),
            3 => json!(f64::from_bits(self.0)),
            4 => json!([self.word(), self.below(9)]),
            5 => json!({self.word(): self.word()}),
            6 => format!("[{{itemName={}, quantity={}}}]", self.word(), self.below(99)).into(),
            7 => json!({"city": self.word(), "geo": {"lat": self.below(90), "lon": "7.5"}}).to_string().into(),
            _ => self.word().into(),
        }
    }
}
