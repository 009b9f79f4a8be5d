"""Evaluates the deployed alarms with metrics. A function that is not called has no data."""

import re

import pytest
from variants import VARIANTS


def evaluated(alarm, data):
    """The alarm's value in one period, from the metrics that have data. `None` means no data, which breaches no
    threshold."""
    assert alarm["TreatMissingData"] == "notBreaching"
    ids = {}
    for metric in alarm["Metrics"]:
        if stat := metric.get("MetricStat"):
            dimensions = tuple(one["Value"] for one in stat["Metric"].get("Dimensions", []))
            ids[metric["Id"]] = data.get((stat["Metric"]["MetricName"], *dimensions))
    (expression,) = [metric["Expression"] for metric in alarm["Metrics"] if "Expression" in metric]
    (returned,) = [metric for metric in alarm["Metrics"] if metric.get("ReturnData", True)]
    assert "Expression" in returned
    if expression == "SUM(FILL(METRICS(), 0))":
        return sum(value or 0 for value in ids.values())
    # Plain arithmetic has a value only if all of its metrics have one.
    used = set(re.findall(r"[a-z]+", expression))
    assert used <= ids.keys() and re.fullmatch(r"[a-z0-9+*/ ]+", expression), expression
    if any(ids[name] is None for name in used):
        return None
    return eval(expression, {"__builtins__": {}}, ids)  # noqa: S307


def rings(alarm, data):
    value = evaluated(alarm, data)
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    return value is not None and value > alarm["Threshold"]


@pytest.mark.parametrize(("name", "metric"), [("FailureAlarm", "Errors"), ("ThrottleAlarm", "Throttles")])
def test_one_function_alone_rings(deployed, name, metric):
    alarm = deployed.of("AWS::CloudWatch::Alarm")[name]
    functions = deployed.of("AWS::Lambda::Function")
    assert ("InterceptorFunction" in functions) == (not deployed.name.startswith("classic"))
    assert ("HooksFunction" in functions) == ("Harness" in deployed.resources)
    assert ("ChatFunction" in functions) == (not deployed.name.endswith("-prod"))
    for function in functions:
        # The other functions were not called.
        assert rings(alarm, {(metric, function): 1}), function
        assert not rings(alarm, {(metric, function): 0}), function
    assert not rings(alarm, {})


def test_a_rate_of_errors_rings(deployed):
    alarm = deployed.of("AWS::CloudWatch::Alarm")["ErrorRateAlarm"]
    calls, errors = ("AgentInvocations",), ("ToolErrors",)
    assert rings(alarm, {calls: 10, errors: 1})
    assert not rings(alarm, {calls: 100, errors: 5})
    assert not rings(alarm, {calls: 100, errors: 0})
    assert not rings(alarm, {})


def test_an_alarm_tells_somebody(deployed):
    for name, alarm in deployed.of("AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == ["AlarmTopic"], name


def test_an_alarm_has_as_many_metrics_as_it_may():
    for deployed in VARIANTS.values():
        for alarm in deployed.of("AWS::CloudWatch::Alarm").values():
            assert len([one for one in alarm.get("Metrics", []) if "MetricStat" in one]) <= 10
