"""Evaluates every deployed alarm on series of samples that must ring, and on series that must not."""

import pytest
from cloudwatch import name_of, points, rings, state, statistic
from variants import ATTRIBUTES, VARIANTS

# What each alarm is judged by. The last one has a period without data between two that breach.
SITUATIONS = ("a quiet night", "one single event", "a burst", "sustained", "exactly at the threshold", "missing in between")
NIGHT = [{}] * 12
GATEWAY = f"InvokeGateway:MCP:{ATTRIBUTES['GatewayArn']}"


def share(all_name, part_name):
    """A period in which some of all are bad."""
    def period(everything, bad):
        return {all_name: [1] * everything, part_name: [1] * bad + [0] * (everything - bad)}
    return period


def rate(period):
    """An alarm on more than 5 % in two periods in a row."""
    good, bad = period(100, 0), period(100, 6)
    return {
        "a quiet night": [(NIGHT, False), ([good] * 3, False)],
        # A night's only call fails.
        "one single event": [([good, period(100, 1), good], False), ([{}, period(1, 1), {}, {}, {}], False)],
        "a burst": [([good, period(100, 50), good], False)],
        "sustained": [([good, bad, bad, good], True), ([period(1, 1)] * 2, True)],
        "exactly at the threshold": [([period(100, 5)] * 4, False), ([period(1000, 51)] * 2, True)],
        # Calls that are rare enough to leave periods empty, and that all fail.
        "missing in between": [([bad, {}, bad], True), ([good, {}, bad], False), ([bad, {}, {}, {}, {}, bad], False)],
    }


def any_of(name):
    """An alarm on more than none in one period."""
    def of(*counts):
        return [{} if count is None else {name: [count]} for count in counts]
    return {
        "a quiet night": [(NIGHT, False), (of(*[0] * 12), False)],
        "one single event": [(of(0, 1, 0), True), (of(None, 1, None), True)],
        "a burst": [(of(0, 40, 0), True)],
        "sustained": [(of(3, 3, 3), True)],
        "exactly at the threshold": [(of(0, 0, 0), False)],
        "missing in between": [(of(1, None, 1), True), (of(0, None, 0), False)],
    }


def slow(fast, late):
    return {"Latency": [40] * fast + [9000] * late}


def latency():
    good, bad = slow(100, 0), slow(90, 10)
    return {
        "a quiet night": [(NIGHT, False), ([good] * 3, False)],
        "one single event": [([slow(99, 1)] * 4, False), ([{}, slow(0, 1), {}, {}], False)],
        "a burst": [([good, bad, good], False)],
        "sustained": [([good, bad, bad], True)],
        # At most one in twenty, and as slow as the threshold itself.
        "exactly at the threshold": [([slow(95, 5)] * 4, False), ([slow(94, 6)] * 2, True), ([{"Latency": [3000] * 9}] * 4, False),
                                     ([{"Latency": [3000.1] * 9}] * 2, True)],
        "missing in between": [([bad, {}, bad], True), ([bad, {}, good], False)],
    }


def throttles():
    def of(*counts):
        # One sample for each turn.
        return [{} if count is None else {"ModelThrottles": [0] + [1] * count} for count in counts]
    return {
        "a quiet night": [(NIGHT, False)],
        "one single event": [(of(0, 1, 0), False), (of(None, 1, None), False)],
        # One burst is over before a person has read the mail.
        "a burst": [(of(0, 80, 0, 0), False)],
        "sustained": [(of(0, 6, 6), True), (of(6, 0, 6), True), (of(1, 1, 1, 1, 1, 1), False)],
        "exactly at the threshold": [(of(5, 5, 5, 5), False)],
        # A period without turns is one without throttles.
        "missing in between": [(of(6, None, 6), True), (of(6, None, None, 6), False)],
    }


def waiting():
    def of(*hours):
        return [{} if one is None else {"ApprovalsOldestAge": [int(one * 3600)]} for one in hours]
    return {
        # Nothing waits at night, and the count says so.
        "a quiet night": [(of(*[0] * 12), False)],
        "one single event": [(of(0, 0.1, 0.2, 0), False)],
        # Decided as soon as it was too old.
        "a burst": [(of(3.9, 4.1, 0, 0), False), (of(3.9, 4.1, 4.2, 0, 0), False)],
        "sustained": [(of(3.9, 4.1, 4.2, 4.3), True)],
        "exactly at the threshold": [(of(4, 4, 4, 4), False)],
        # A count that fails once is no news. One that stays away is.
        "missing in between": [(of(0, None, 0, None, 0), False), (of(4.1, None, 4.3, 4.4), True), (of(0, *[None] * 6), True)],
    }


def budget():
    cases = any_of("BudgetRefusals")
    for name in ("HarnessBudgetRefusals", "Refusals:budget", "DigestsDeferred"):
        cases = {key: cases[key] + more for key, more in any_of(name).items()}
    # Other refusals are not its business.
    cases["one single event"].append(([{"Refusals": [1], "Refusals:types": [1], "Turns": [1]}], False))
    return cases


def gateway():
    cases = rate(share(f"Invocations:{GATEWAY}", f"SystemErrors:{GATEWAY}"))
    cases["sustained"] += [
        # Metrics that have data only while there is something to count.
        ([{f"Invocations:{GATEWAY}": [60, 40], f"SystemErrors:{GATEWAY}": [4, 2]}] * 2, True),
        ([{f"Invocations:{GATEWAY}": [60, 40], f"Throttles:{GATEWAY}": [4, 2]}] * 2, True),
        ([{f"Invocations:{GATEWAY}": [60, 40], f"Throttles:{GATEWAY}": [3], f"SystemErrors:{GATEWAY}": [3]}] * 2, True),
        ([{f"Invocations:{GATEWAY}": [60, 40], f"Throttles:{GATEWAY}": [3], f"SystemErrors:{GATEWAY}": [2]}] * 4, False),
        ([{f"Invocations:{GATEWAY}": [60, 40], f"UserErrors:{GATEWAY}": [90]}] * 4, False),
    ]
    return cases


def front_door():
    cases = rate(share("Turns", "TurnErrors"))
    # A turn that a budget refuses is neither failed nor answered. One customer could hide the errors of all others.
    refused = {"Turns": [100], "BudgetRefusals": [80], "TurnErrors": [2]}
    cases["sustained"] += [([refused] * 2, True), ([{**refused, "TurnErrors": [1]}] * 4, False)]
    cases["sustained"].append(([{"Turns": [9], "BudgetRefusals": [9], "TurnErrors": [0]}] * 4, False))
    return cases


CASES = {
    "ErrorRateAlarm": rate(share("AgentInvocations", "ToolErrors")),
    "FailureAlarm": any_of("Errors:OrdersFunction"),
    "ThrottleAlarm": any_of("Throttles:OrdersFunction"),
    "LatencyAlarm": latency(),
    "UnannouncedAlarm": any_of("ApproximateNumberOfMessagesVisible:UnannouncedCalls"),
    "BudgetAlarm": budget(),
    "ModelThrottleAlarm": throttles(),
    "WaitingAlarm": waiting(),
    "GatewayAlarm": gateway(),
    "FrontDoorAlarm": front_door(),
    "DigestAlarm": any_of("ApproximateNumberOfMessagesVisible:DigestDeadLetters"),
}
# What is written all the time. Everything else has no data before its series.
BEFORE = {"WaitingAlarm": {"ApprovalsOldestAge": [0]}}


def alarms(deployed):
    return deployed.of("AWS::CloudWatch::Alarm")


def test_every_alarm_is_judged_in_every_situation():
    deployed = {name for one in VARIANTS.values() for name in alarms(one)}
    assert deployed == CASES.keys()
    for name, cases in CASES.items():
        assert tuple(cases) == SITUATIONS, name
        results = {expected for series in cases.values() for _, expected in series}
        assert results == {True, False}, f"{name}: it must ring, and must not"
        # A metric that the alarm does not read would let every series pass that must not ring.
        read = {metric for one in VARIANTS.values() if name in alarms(one) for metric in metrics_of(alarms(one)[name])}
        written = {metric for series in cases.values() for periods, expected in series if expected
                   for period in periods for metric in period}
        assert written <= read, name


def metrics_of(alarm):
    stats = [metric["MetricStat"]["Metric"] for metric in alarm.get("Metrics", []) if "MetricStat" in metric]
    return {name_of(metric) for metric in stats or [alarm]}


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("name", CASES)
def test_an_alarm_rings_when_it_must_and_only_then(deployed, name, situation):
    there = alarms(deployed)
    if name not in there:
        absent = {"GatewayAlarm": deployed.name.startswith("classic"), "DigestAlarm": deployed.name.endswith("-prod")}
        assert absent.get(name)
        return
    for periods, expected in CASES[name][situation]:
        assert rings(there[name], periods, BEFORE.get(name, {})) == expected, (periods, points(there[name], periods))


@pytest.mark.parametrize(("name", "metric"), [("FailureAlarm", "Errors"), ("ThrottleAlarm", "Throttles")])
def test_one_function_alone_rings(deployed, name, metric):
    alarm = alarms(deployed)[name]
    functions = deployed.of("AWS::Lambda::Function")
    assert ("InterceptorFunction" in functions) == (not deployed.name.startswith("classic"))
    assert ("HooksFunction" in functions) == ("Harness" in deployed.resources)
    assert ("ChatFunction" in functions) == ("DigestFunction" in functions) == (not deployed.name.endswith("-prod"))
    for function in functions:
        # The other functions were not called.
        assert rings(alarm, [{f"{metric}:{function}": [1]}]), function
        assert not rings(alarm, [{f"{metric}:{function}": [0]}]), function


def test_the_throttles_of_each_model_ring(deployed):
    alarm = alarms(deployed)["ModelThrottleAlarm"]
    models = {"us.anthropic.claude-sonnet-4-5-20250929-v1:0"}
    if not deployed.name.startswith("agentcore"):
        models.add("us.anthropic.claude-haiku-4-5-20251001-v1:0")
    for model in models:
        assert rings(alarm, [{f"InvocationThrottles:{model}": [2, 4]}] * 2), model
    # Three sources together.
    assert rings(alarm, [{f"InvocationThrottles:{model}": [3] for model in models} | {"ModelThrottles": [3]}] * 2)


def test_an_alarm_tells_somebody_what_to_do(deployed):
    for name, alarm in alarms(deployed).items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == ["AlarmTopic"], name
        # What has happened, and what to do.
        assert alarm["AlarmDescription"].count(". ") >= 1, name
        assert alarm["TreatMissingData"] == ("breaching" if name == "WaitingAlarm" else "notBreaching"), name


def test_an_alarm_has_as_many_metrics_as_it_may():
    for deployed in VARIANTS.values():
        for alarm in alarms(deployed).values():
            assert len([one for one in alarm.get("Metrics", []) if "MetricStat" in one]) <= 10


def test_the_evaluator_follows_the_rules_for_missing_data():
    """The examples of AWS' documentation for 3 of 3 periods, `-` is missing, X breaches and 0 does not."""
    alarm = {"EvaluationPeriods": 3, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 0}
    for window, results in {
        # `missing`, `ignore`, `breaching`, `notBreaching`
        "0 - X - X": ("OK", "OK", "OK", "OK"),
        "- - - - 0": ("OK", "before", "OK", "OK"),
        "- - - - -": ("INSUFFICIENT_DATA", "before", "ALARM", "OK"),
        "0 X X - X": ("ALARM", "ALARM", "ALARM", "ALARM"),
        "- - X - -": ("OK", "before", "ALARM", "OK"),
    }.items():
        values = [{"-": None, "X": 1, "0": 0}[one] for one in window.split()]
        for treat, expected in zip(("missing", "ignore", "breaching", "notBreaching"), results, strict=True):
            if window == "- - X - -" and treat == "missing":
                continue  # It is ALARM by a rule against early changes, which no alarm here needs.
            assert state({**alarm, "TreatMissingData": treat}, values, "before") == expected, (window, treat)


def test_the_evaluator_refuses_what_it_does_not_know():
    stat = {"Metric": {"MetricName": "Turns"}, "Period": 300, "Stat": "Sum"}
    for expression in ("ANOMALY_DETECTION_BAND(a, 2)", "IF(a > 0, 1, 0)", "MAX(METRICS())", "SUM(a)", "-a"):
        metrics = [{"Id": "x", "Expression": expression}, {"Id": "a", "ReturnData": False, "MetricStat": stat}]
        with pytest.raises(AssertionError, match="does not know"):
            points({"Metrics": metrics}, [{"Turns": [1]}])
    assert statistic("p95", list(range(1, 101))) == 95
    assert (statistic("Average", [1, 2]), statistic("SampleCount", [1, 2]), statistic("Sum", [])) == (1.5, 2, None)
