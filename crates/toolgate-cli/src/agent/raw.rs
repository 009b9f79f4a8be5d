//! Trace parts as they are on the wire.
//!
//! The SDK's types cannot be serialized to JSON, and drop unknown fields. So an interceptor decodes the bytes of a response
//! as well, and queues the JSON of each trace part until the SDK has returned its event.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_bedrockagentruntime::{
    config::{ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeDeserializationInterceptorContextMut},
    error::BoxError,
};
use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::{body::SdkBody, event_stream::Message};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde_json::Value;

/// The trace parts of one response that were received and not taken yet.
#[derive(Debug, Clone, Default)]
pub(super) struct RawTraces(Arc<Mutex<VecDeque<Value>>>);

impl RawTraces {
    /// Takes the oldest one.
    pub(super) fn next(&self) -> Option<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn add(&self, part: Value) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(part);
    }
}

impl Intercept for RawTraces {
    fn name(&self) -> &'static str {
        "RawTraces"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response_mut().body_mut();
        let traces = self.clone();
        let mut reader = Reader::default();
        let read = std::mem::replace(body, SdkBody::taken()).map_frame(move |frame| {
            if let Some(bytes) = frame.data_ref() {
                reader.read(bytes, &traces);
            }
            frame
        });
        *body = SdkBody::from_body_1_x(read);
        Ok(())
    }
}

/// Decodes event stream messages from chunks of any size.
#[derive(Default)]
struct Reader {
    decoder: MessageFrameDecoder,
    bytes: BytesMut,
    /// The body is not a valid event stream, which the SDK reports.
    lost: bool,
}

impl Reader {
    fn read(&mut self, bytes: &Bytes, traces: &RawTraces) {
        if self.lost {
            return;
        }
        self.bytes.extend_from_slice(bytes);
        loop {
            match self.decoder.decode_frame(&mut self.bytes) {
                Ok(DecodedFrame::Complete(message)) if is_trace(&message) => {
                    // The SDK rejects a part that is not valid JSON as well.
                    traces.add(serde_json::from_slice(message.payload()).unwrap_or_default());
                }
                Ok(DecodedFrame::Complete(_)) => {}
                Ok(DecodedFrame::Incomplete) => return,
                Err(_) => {
                    self.lost = true;
                    return;
                }
            }
        }
    }
}

fn is_trace(message: &Message) -> bool {
    let is_kind = |header: &&aws_smithy_types::event_stream::Header| header.name().as_str() == ":event-type";
    let kind = message.headers().iter().find(is_kind).and_then(|header| header.value().as_string().ok());
    kind.is_some_and(|kind| kind.as_str() == "trace")
}
