//! The first bytes of a streamed HTTP response: its status, headers and cookies as JSON, and eight zero bytes.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html>

use bytes::{Bytes, BytesMut};
use serde_json::Value;

const END: [u8; 8] = [0; 8];
/// The limit that AWS states for API Gateway. For function URLs it states none.
const BYTES: usize = 16 * 1024;

/// A prelude that is being read.
#[derive(Debug, Default)]
pub(super) struct Prelude(BytesMut);

/// A prelude and the data after it.
pub(super) type Head = (Value, Bytes);

impl Prelude {
    /// Adds a piece. `None`: the prelude is not complete yet.
    ///
    /// # Errors
    /// Why this is not a prelude.
    pub(super) fn read(&mut self, piece: &[u8]) -> Result<Option<Head>, String> {
        let seen = self.0.len().saturating_sub(END.len());
        self.0.extend_from_slice(piece);
        let end = self.0.get(seen..).and_then(position).map(|at| at + seen);
        match end {
            Some(end) if end <= BYTES => {
                let json = self.0.split_to(end);
                let data = self.0.split_off(END.len()).freeze();
                let head = serde_json::from_slice(&json).map_err(|error| format!("it is not JSON: {error}"))?;
                Ok(Some((head, data)))
            }
            None if self.0.len() < BYTES + END.len() => Ok(None),
            _ => Err(format!("no eight zero bytes follow within {BYTES} bytes")),
        }
    }
}

/// Whether a collected response begins with a prelude.
pub(super) fn is_in(response: &[u8]) -> bool {
    matches!(Prelude::default().read(response), Ok(Some(_)))
}

fn position(bytes: &[u8]) -> Option<usize> {
    bytes.windows(END.len()).position(|window| window == END)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_prelude_is_the_same_however_it_is_cut(cuts in proptest::collection::vec(1_usize..9, 1..40)) {
            let whole = [&br#"{"statusCode":201}"#[..], &END, b"\0data"].concat();
            let (mut prelude, mut rest, mut read) = (Prelude::default(), whole.as_slice(), None);
            for cut in cuts.into_iter().cycle() {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                rest = after;
                read = prelude.read(piece).unwrap();
                if read.is_some() {
                    break;
                }
            }
            let (head, data) = read.unwrap();
            prop_assert_eq!(&head["statusCode"], 201);
            prop_assert_eq!([&data[..], rest].concat(), b"\0data");
        }
    }

    #[test]
    fn a_prelude_has_an_end_and_is_json() {
        let large = vec![b' '; BYTES + END.len()];
        assert!(Prelude::default().read(&large).unwrap_err().contains("16384"));
        let mut slow = Prelude::default();
        assert_eq!(slow.read(&large[..BYTES]).unwrap(), None);
        assert!(slow.read(b"        ").is_err());
        assert!(Prelude::default().read(b"<html>\0\0\0\0\0\0\0\0").unwrap_err().starts_with("it is not JSON"));
        assert!(!is_in(b"{}") && is_in(b"{}\0\0\0\0\0\0\0\0"));
    }
}
