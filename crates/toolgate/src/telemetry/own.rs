//! Metrics of a function's own, beside those of its calls: the same format, the same namespace, the same switch.

use std::{
    fmt,
    io::Write,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value, json};

use super::metrics;
use crate::error::Error;

/// The unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// A number of things.
    Count,
    /// A duration.
    Seconds,
    /// A duration.
    Milliseconds,
    /// A value without a unit, such as a rating.
    None,
}

impl Unit {
    /// The spelling of CloudWatch (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>).
    const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
            Self::Milliseconds => "Milliseconds",
            Self::None => "None",
        }
    }
}

/// Writes metrics of your own, without dimensions, in CloudWatch's embedded metric format.
///
/// The names are in your code, so no caller can create a metric. A value must not identify a person.
///
/// ```
/// use toolgate::{Metrics, Unit};
///
/// # fn main() -> Result<(), toolgate::Error> {
/// let metrics = Metrics::from_env()?;
/// metrics.write(&[("ParcelsSent", Unit::Count, 3), ("ParcelsWeighed", Unit::Count, 2)]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Metrics(Option<Target>);

#[derive(Clone)]
struct Target {
    namespace: Arc<str>,
    write: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Metrics {
    /// Metrics on standard output, as `TOOLGATE_METRICS` and `TOOLGATE_METRICS_NAMESPACE` set them for the calls of a
    /// function: written on Lambda, unless they are switched off.
    ///
    /// # Errors
    /// A variable is not valid.
    pub fn from_env() -> Result<Self, Error> {
        let namespace = metrics::namespace_from_env()?;
        Ok(match metrics::from_env()? {
            true => Self::new(namespace.as_deref().unwrap_or(metrics::NAMESPACE), |line| {
                // a closed output has no reader
                let _ = std::io::stdout().lock().write_all(format!("{line}\n").as_bytes());
            }),
            false => Self::default(),
        })
    }

    /// Metrics for `write`, which gets each line without its line break. Tests read the lines this way. The default is
    /// metrics that are not written.
    pub fn new(namespace: &str, write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Target { namespace: namespace.into(), write: Arc::new(write) }))
    }

    /// Writes values that were measured now, as one line.
    pub fn write(&self, values: &[(&'static str, Unit, u64)]) {
        let Some(Target { namespace, write }) = &self.0 else { return };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let metrics: Vec<Value> =
            values.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit.as_str()})).collect();
        let directive = json!({"Namespace": &**namespace, "Dimensions": [[]], "Metrics": metrics});
        let timestamp = u64::try_from(now.as_millis()).unwrap_or_default();
        let mut line = Map::new();
        // the first member: the local agent recognises the line by it
        line.insert("_aws".into(), json!({"Timestamp": timestamp, "CloudWatchMetrics": [directive]}));
        line.extend(values.iter().map(|(name, _, value)| ((*name).to_owned(), (*value).into())));
        write(&Value::Object(line).to_string());
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.0.as_ref().map(|target| &target.namespace);
        f.debug_struct("Metrics").field("namespace", &namespace).finish_non_exhaustive()
    }
}
