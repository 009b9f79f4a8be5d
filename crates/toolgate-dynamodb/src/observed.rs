//! Records the requests of a client for the observers of a call, such as its trace.

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef},
    },
    error::BoxError,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use toolgate::BegunRequest;

/// The name of DynamoDB in the semantic conventions of OpenTelemetry.
const SYSTEM: &str = "aws.dynamodb";

/// Records each operation with its retries: its name, its time, and the class of its error. Without observers it does
/// nothing.
#[derive(Debug)]
pub(crate) struct ObserveRequests;

#[derive(Debug)]
struct Begun(std::sync::Mutex<Option<BegunRequest>>);

impl Storable for Begun {
    type Storer = StoreReplace<Self>;
}

impl Intercept for ObserveRequests {
    fn name(&self) -> &'static str {
        "ObserveRequests"
    }

    // not `read_before_execution`: the operation is not known yet where a client's interceptors run it
    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map(|metadata| metadata.name().to_owned());
        if let Some(request) = operation.and_then(|operation| toolgate::begin_request(SYSTEM, operation)) {
            config.interceptor_state().store_put(Begun(Some(request).into()));
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(begun) = config.load::<Begun>() else { return Ok(()) };
        let Some(request) = begun.0.lock().ok().and_then(|mut begun| begun.take()) else { return Ok(()) };
        request.end(match context.output_or_error() {
            Some(Err(error)) if error.is_timeout_error() => Some("timeout".into()),
            Some(Err(error)) if error.is_connector_error() => Some("connection".into()),
            Some(Err(_)) => {
                let status = context.response().map(|response| response.status().as_u16());
                Some(status.map_or("_OTHER".into(), |status| status.to_string().into()))
            }
            _ => None,
        });
        Ok(())
    }
}
