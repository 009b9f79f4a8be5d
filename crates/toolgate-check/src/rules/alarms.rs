//! Alarms that never fire.

use std::collections::{BTreeMap, BTreeSet};

use toolgate_template::Node;

use super::{Rule, source};
use crate::{
    deployment::{Deployment, Resource},
    reporter::Reporter,
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("alarm-fill", source::METRIC_MATH, fill)
        .holds(
            "an alarm that sums metrics of functions fills the periods without data: a function that is not called \
                has no data, and then the sum has no value",
        )
        .fix("write `SUM(FILL(METRICS(), 0))`"),
    Rule::error("alarm-functions", source::LAMBDA_METRICS, functions)
        .holds("if alarms watch a Lambda metric per function, they watch it for every function")
        .fix("add the function's metric to the alarm"),
];

/// The function metrics that an alarm reads: the metric's name, and the function.
fn watched<'v>(deployment: &Deployment<'_>, alarm: &'v Resource) -> Vec<(&'v str, String)> {
    let metrics = alarm.properties().list("Metrics").iter().filter_map(|it| it.at(&["MetricStat", "Metric"]));
    let single = std::iter::once(alarm.properties());
    let of_lambda = metrics.chain(single).filter(|it| it.text_of("Namespace") == Some("AWS/Lambda"));
    let dimension = |metric: &Node| {
        let named = metric.list("Dimensions").iter().find(|it| it.text_of("Name") == Some("FunctionName"))?;
        deployment.function(named.text_of("Value")?).map(|function| function.id)
    };
    of_lambda.filter_map(|metric| Some((metric.text_of("MetricName")?, dimension(metric)?))).collect()
}

fn fill(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for alarm in deployment.of_type("AWS::CloudWatch::Alarm").filter(|alarm| watched(deployment, alarm).len() > 1) {
        for expression in alarm.properties().list("Metrics").iter().filter_map(|it| it.entry("Expression")) {
            if !expression.node.text().unwrap_or_default().contains("FILL(") {
                let message = format!("the alarm `{}` has no value while one of its functions has no data", alarm.id);
                reporter.at(&expression.position, message);
            }
        }
    }
}

fn functions(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    let mut by_metric = BTreeMap::<&str, BTreeSet<String>>::new();
    for (metric, function) in deployment.of_type("AWS::CloudWatch::Alarm").flat_map(|alarm| watched(deployment, alarm))
    {
        by_metric.entry(metric).or_default().insert(function);
    }
    for (metric, watched) in by_metric {
        for function in deployment.functions().filter(|function| !watched.contains(&function.id)) {
            let message =
                format!("no alarm watches `{metric}` of `{}`, but alarms watch it for other functions", function.id);
            reporter.at(&function.position, message);
        }
    }
}
