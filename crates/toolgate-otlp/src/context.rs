//! The place of a span in its trace, and the two headers that carry it.

/// The ids of a span, and whether its trace is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The id of the trace. It is not 0.
    pub trace: u128,
    /// The id of the span. It is not 0.
    pub span: u64,
    /// Whether the caller records the trace. Spans of other traces are not sent.
    pub is_sampled: bool,
}

impl Context {
    /// A span without a parent.
    pub fn root() -> Self {
        Self { trace: fastrand::u128(1..), span: fastrand::u64(1..), is_sampled: true }
    }

    /// A span in the same trace.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { span: fastrand::u64(1..), ..*self }
    }

    /// Reads a `traceparent`. `None` where it is not valid.
    /// <https://www.w3.org/TR/trace-context/#traceparent-header>
    pub fn from_traceparent(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let version = u8::try_from(hex(version, 2)?).ok().filter(|version| *version != 0xff)?;
        if version == 0 && parts.next().is_some() {
            return None;
        }
        Self::new(hex(trace, 32)?, hex(span, 16)?, hex(flags, 2)? & 1 == 1)
    }

    /// Reads the header of X-Ray, which Lambda passes on as `Lambda-Runtime-Trace-Id`. `None` where it is not valid or
    /// names no parent. Where it does not decide on sampling, the trace is recorded.
    /// <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>
    pub fn from_xray(header: &str) -> Option<Self> {
        let part = |name: &str| {
            header
                .split(';')
                .find_map(|part| part.trim().split_once('=').filter(|(key, _)| *key == name))
                .map(|(_, value)| value)
        };
        let mut root = part("Root")?.split('-');
        let (version, time, random) = (root.next()?, root.next()?, root.next()?);
        if version != "1" || root.next().is_some() {
            return None;
        }
        let trace = hex(time, 8)? << 96 | hex(random, 24)?;
        Self::new(trace, hex(part("Parent")?, 16)?, part("Sampled") != Some("0"))
    }

    /// The header of X-Ray for a call that this span makes.
    pub fn to_xray(&self) -> String {
        let (time, random) = (self.trace >> 96, self.trace & ((1 << 96) - 1));
        let (span, sampled) = (self.span, u8::from(self.is_sampled));
        format!("Root=1-{time:08x}-{random:024x};Parent={span:016x};Sampled={sampled}")
    }

    fn new(trace: u128, span: u128, is_sampled: bool) -> Option<Self> {
        let span = u64::try_from(span).ok().filter(|span| *span != 0)?;
        (trace != 0).then_some(Self { trace, span, is_sampled })
    }
}

/// A number of exactly this many digits in lower case.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let plain = text.len() == digits && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    plain.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
    const SPAN: u64 = 0x00f0_67aa_0ba9_02b7;

    #[test]
    fn a_traceparent_is_read_as_the_standard_defines_it() {
        let context = |is_sampled| Some(Context { trace: TRACE, span: SPAN, is_sampled });
        for (header, expected) in [
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", context(true)),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", context(false)),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-09-future", context(true)),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", None),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", None),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", None),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", None),
            ("00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None),
            ("é", None),
            ("", None),
        ] {
            assert_eq!(Context::from_traceparent(header), expected, "{header}");
        }
    }

    #[test]
    fn a_header_of_x_ray_is_read_and_written() {
        let context = |is_sampled| Some(Context { trace: TRACE, span: SPAN, is_sampled });
        let root = "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736";
        for (header, expected) in [
            (format!("{root};Parent=00f067aa0ba902b7;Sampled=1"), context(true)),
            (format!("{root};Parent=00f067aa0ba902b7;Sampled=1;Lineage=1:a87bd80c:0"), context(true)),
            (format!("Self=1-1-1; {root} ;Sampled=0;Parent=00f067aa0ba902b7"), context(false)),
            (format!("{root};Parent=00f067aa0ba902b7"), context(true)),
            (root.to_owned(), None),
            ("Root=2-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7".to_owned(), None),
            ("Root=1-4bf92f35;Parent=00f067aa0ba902b7;Sampled=1".to_owned(), None),
            (";;==".to_owned(), None),
        ] {
            assert_eq!(Context::from_xray(&header), expected, "{header}");
        }
        let context = Context::root().child();
        assert_eq!(Context::from_xray(&context.to_xray()), Some(context));
    }
}
