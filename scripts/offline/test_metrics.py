"""Each metric that an alarm or the dashboard names is one that something writes: no widget is empty by a spelling.

The own metrics are compared with what the functions' lines describe. Tests in Rust hold the lines to the same files.
"""

import json
import re

import pytest
from variants import ROOT, VARIANTS

TOOLS = {"CustomersFunction", "OrdersFunction", "BillingFunction", "SupportFunction"}
# The files, and the functions that write these lines.
LINES = {
    "crates/toolgate/tests/it/metrics.json": TOOLS,
    "handlers/chat/tests/metrics.json": {"ChatFunction"},
    "handlers/announce/tests/metrics.json": {"AnnounceFunction"},
    "handlers/digest/tests/metrics.json": {"DigestFunction"},
    "handlers/hooks/tests/metrics.json": {"HooksFunction"},
    "handlers/support/tests/metrics.json": {"SupportFunction"},
}
# The metrics of services, with the dimensions of each, as their documentation has them. AgentCore's page names the
# dimensions and no combination. AWS' own CDK uses this one (`Gateway.metric`).
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
# https://docs.aws.amazon.com/bedrock/latest/userguide/monitoring.html
# https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/observability-gateway-metrics.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
SERVICES = {
    "AWS/Lambda": ({"Errors", "Throttles"}, ("FunctionName",)),
    "AWS/Bedrock": ({"InvocationThrottles"}, ("ModelId",)),
    "AWS/Bedrock-AgentCore": ({"Invocations", "SystemErrors", "Throttles", "UserErrors"}, ("Operation", "Protocol", "Resource")),
    "AWS/SQS": ({"ApproximateNumberOfMessagesVisible"}, ("QueueName",)),
}
# Written, and only for searches and dashboards of your own.
BESIDE = {"DroppedFields"}


def described():
    """The own metrics: by name and dimensions, the unit."""
    found = {}
    for file in LINES:
        for directive in json.loads((ROOT / file).read_text()):
            for dimensions in directive["Dimensions"]:
                for metric in directive["Metrics"]:
                    found[metric["Name"], tuple(dimensions)] = metric["Unit"]
    return found


WRITTEN = described()


def gates():
    """The gates that can stop a call, from their names, and what stands for a tool's own refusal."""
    source = (ROOT / "crates/toolgate/src/observe/step.rs").read_text()
    names = re.search(r"fn name\(self\).*?\n    }\n", source, re.DOTALL)[0]
    return {*re.findall(r'Self::\w+ => "([a-z ]+)"', names)} - {"run"} | {"none"}


def widgets(deployed):
    (dashboard,) = deployed.of("AWS::CloudWatch::Dashboard").values()
    return json.loads(dashboard["DashboardBody"])["widgets"]


def of_alarms(deployed):
    for name, alarm in deployed.of("AWS::CloudWatch::Alarm").items():
        stats = [metric["MetricStat"]["Metric"] for metric in alarm.get("Metrics", []) if "MetricStat" in metric]
        for metric in stats or [alarm]:
            dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions", [])}
            yield name, metric["Namespace"], metric["MetricName"], dimensions


def of_widgets(deployed):
    for widget in widgets(deployed):
        title = widget["properties"]["title"]
        for metric in widget["properties"].get("metrics", []):
            match [one for one in metric if isinstance(one, str)]:
                case [namespace, name, *rest]:
                    yield title, namespace, name, dict(zip(rest[::2], rest[1::2], strict=True))
                case []:
                    for search in re.findall(r"SEARCH\('(.*?)'", metric[0]["expression"]):
                        namespace, keys, name = re.fullmatch(r'\{"(.*)",(\w+)\} MetricName="(\w+)"', search).groups()
                        yield title, namespace, name, {keys: None}


def named(deployed):
    yield from of_alarms(deployed)
    yield from of_widgets(deployed)


def test_every_metric_is_written_under_this_name_with_these_dimensions(deployed):
    (own,) = {function["Environment"]["Variables"]["TOOLGATE_METRICS_NAMESPACE"]
              for function in deployed.of("AWS::Lambda::Function").values()}
    for where, namespace, name, dimensions in named(deployed):
        if namespace == own:
            assert (name, tuple(dimensions)) in WRITTEN, (where, name, dimensions)
        else:
            names, keys = SERVICES[namespace]
            assert name in names and tuple(dimensions) == keys, (where, name, dimensions)


def test_every_dimension_has_a_value_that_occurs(deployed):
    profile = r"us\.anthropic\.claude-(sonnet-4-5-20250929|haiku-4-5-20251001)-v1:0"
    seen = set()
    for where, _, _, dimensions in named(deployed):
        for key, value in dimensions.items():
            seen.add(key)
            match key:
                case "FunctionName":
                    assert deployed.resources[value]["Type"] == "AWS::Lambda::Function", where
                case "QueueName":
                    assert deployed.resources[value]["Type"] == "AWS::SQS::Queue", where
                case "ModelId":
                    assert re.fullmatch(profile, value), where
                case "Gate":
                    assert value is None or value in gates(), where
                case "Resource":
                    assert ":gateway/" in value, where
                case "Operation" | "Protocol":
                    assert value == {"Operation": "InvokeGateway", "Protocol": "MCP"}[key], where
                case _:
                    pytest.fail(f"{where} has an unknown dimension {key}")
    assert "budget" in gates() and "Gate" in seen


def test_every_own_metric_is_watched():
    seen = {name for deployed in VARIANTS.values() for _, _, name, _ in named(deployed)}
    assert {name for name, _ in WRITTEN} - seen == BESIDE


def test_a_function_that_writes_metrics_is_one_of_these(deployed):
    functions = set().union(*LINES.values())
    there = deployed.of("AWS::Lambda::Function").keys()
    assert there - functions == ({"InterceptorFunction"} if "InterceptorFunction" in there else set())


def test_every_widget_has_a_title_a_unit_and_its_region(deployed):
    titles = [widget["properties"]["title"] for widget in widgets(deployed)]
    assert len(set(titles)) == len(titles)
    for widget in widgets(deployed):
        properties = widget["properties"]
        if widget["type"] == "alarm":
            continue
        assert widget["type"] == "metric" and properties["region"] == "us-east-1"
        label = properties["yAxis"]["left"]["label"]
        units = {WRITTEN[name, tuple(dimensions)] for title, namespace, name, dimensions in of_widgets(deployed)
                 if title == properties["title"] and not namespace.startswith("AWS/")}
        assert label and ("Milliseconds" in units) == ("milliseconds" in label), properties["title"]
        assert ("Seconds" in units) == ("hours" in label), properties["title"]
        assert properties["view"] in ("timeSeries", "bar")


def test_every_expression_of_a_widget_reads_its_own_metrics(deployed):
    for widget in widgets(deployed):
        options = [metric[-1] for metric in widget["properties"].get("metrics", []) if isinstance(metric[-1], dict)]
        ids = {one["id"] for one in options if "id" in one}
        for one in options:
            if "expression" in one and not one["expression"].startswith("SEARCH("):
                read = set(re.findall(r"[a-z]+", one["expression"]))
                assert read and read <= ids, widget["properties"]["title"]
                assert all(other["visible"] is False for other in options if other.get("id") in read)


def test_the_dashboard_shows_every_alarm(deployed):
    shown = {arn for widget in widgets(deployed) if widget["type"] == "alarm" for arn in widget["properties"]["alarms"]}
    assert {arn.rsplit(":", 1)[1] for arn in shown} == deployed.of("AWS::CloudWatch::Alarm").keys()


def test_a_dollar_is_on_the_dashboard_once(deployed):
    """A turn of the front door that calls the harness is in the metrics of both. One that calls an agent is not."""
    (widget,) = [one for one in widgets(deployed) if one["properties"]["title"].startswith("Dollars a day")]
    costs = {metric[1] for metric in widget["properties"]["metrics"] if len(metric) > 1}
    has_harness = "Harness" in deployed.resources
    front = deployed.of("AWS::Lambda::Function").get("ChatFunction")
    # Where the front door calls an agent beside a harness, they are two things, and both are added.
    beside = has_harness and front is not None and front["Environment"]["Variables"]["AGENT_ID"] != ""
    assert costs == ({"HarnessCostMicroUsd"} if has_harness and not beside else {"CostMicroUsd"} if not beside else
                     {"CostMicroUsd", "HarnessCostMicroUsd"})
    others = {name for title, _, name, _ in of_widgets(deployed) if "Cost" in name and not title.startswith("Dollars a day")}
    # The digests call no agent and no harness. Their dollars are in a widget of their own.
    others -= {"DigestCostMicroUsd"}
    assert not others
