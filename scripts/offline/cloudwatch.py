"""Evaluates CloudWatch alarms on series of samples: statistics, metric math, missing data, M of N.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

A series is a list of periods. A period has the samples of each metric: `{"ToolErrors": [0, 1, 0]}`. A metric with
dimensions has their values in its name: `Errors:OrdersFunction`. A metric without samples has no data in that period.
"""

import ast
import math
import operator

# An alarm looks further back than its evaluation periods when data is missing. AWS publishes no number. Its examples
# have 2 more periods.
MORE = 2
COMPARISONS = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
STATISTICS = {"Sum": sum, "Maximum": max, "Minimum": min, "SampleCount": len, "Average": lambda samples: sum(samples) / len(samples)}
ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def name_of(metric):
    values = [dimension["Value"] for dimension in metric.get("Dimensions", [])]
    return ":".join([metric["MetricName"], *values])


def statistic(name, samples):
    if not samples:
        return None
    if name.startswith("p"):
        rank = math.ceil(float(name[1:]) / 100 * len(samples))
        return sorted(samples)[max(rank, 1) - 1]
    return STATISTICS[name](samples)


def combined(operation, sides):
    """Joins series, and numbers, period by period. Without data on one side, or on a division by zero, there is none."""
    length = max(len(side) for side in sides if isinstance(side, list))
    joined = []
    for values in zip(*(side if isinstance(side, list) else [side] * length for side in sides), strict=True):
        try:
            joined.append(None if None in values else operation(*values))
        except ZeroDivisionError:
            joined.append(None)
    return joined


class Expression:
    """The parts of metric math that the template uses. Another part is an error, so that no alarm is judged wrongly."""

    def __init__(self, series):
        self.series = series

    def of(self, node):
        match node:
            case ast.Expression(body=body):
                return self.of(body)
            case ast.Constant(value=int() | float() as value):
                return value
            case ast.Name(id=name):
                return self.series[name]
            case ast.BinOp(left=left, op=op, right=right):
                return combined(ARITHMETIC[type(op)], [self.of(left), self.of(right)])
            case ast.Call(func=ast.Name(id="METRICS"), args=[]):
                return tuple(self.series.values())
            case ast.Call(func=ast.Name(id="FILL"), args=[what, ast.Constant(value=value)]):
                what = self.of(what)
                fill = lambda series: [value if one is None else one for one in series]  # noqa: E731
                return tuple(map(fill, what)) if isinstance(what, tuple) else fill(what)
            case ast.Call(func=ast.Name(id="SUM"), args=[what]) if isinstance(all_of := self.of(what), tuple):
                return combined(lambda *values: sum(values), list(all_of))
        raise AssertionError(f"this evaluator does not know `{ast.unparse(node)}`")


def points(alarm, periods):
    """The alarm's value in each period. `None` is missing data."""
    if "Metrics" not in alarm:
        stat = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        return [statistic(stat, period.get(name_of(alarm), [])) for period in periods]
    series, expressions = {}, []
    (returned,) = [metric for metric in alarm["Metrics"] if metric.get("ReturnData", True)]
    for metric in alarm["Metrics"]:
        if stat := metric.get("MetricStat"):
            name = name_of(stat["Metric"])
            series[metric["Id"]] = [statistic(stat["Stat"], period.get(name, [])) for period in periods]
        else:
            expressions.append(metric)
    # One expression, which is the alarm's value. All of its metrics have the same period.
    assert expressions == [returned] and len({m["MetricStat"]["Period"] for m in alarm["Metrics"] if "MetricStat" in m}) == 1
    return Expression(series).of(ast.parse(returned["Expression"], mode="eval"))


def state(alarm, values, before):
    """The alarm's state after these periods."""
    needed = alarm["EvaluationPeriods"]
    real = [value for value in values[-(needed + MORE):] if value is not None][-needed:]
    missing, treat = needed - len(real), alarm["TreatMissingData"]
    if missing and treat == "ignore":
        return before
    if not real and treat == "missing":
        return "INSUFFICIENT_DATA"
    breaching = sum(COMPARISONS[alarm["ComparisonOperator"]](value, float(alarm["Threshold"])) for value in real)
    breaching += missing if treat == "breaching" else 0
    return "ALARM" if breaching >= alarm.get("DatapointsToAlarm", needed) else "OK"


def rings(alarm, periods, before=()):
    """Whether the alarm rings at the end of any of the periods. `before` is what was there before, in each period."""
    earlier = [dict(before)] * (alarm["EvaluationPeriods"] + MORE)
    values = points(alarm, [*earlier, *periods])
    now = state(alarm, values[: len(earlier)], "OK")
    assert now == "OK", "it rings before anything has happened"
    states = []
    for end in range(len(earlier) + 1, len(values) + 1):
        now = state(alarm, values[:end], now)
        states.append(now)
    return "ALARM" in states
