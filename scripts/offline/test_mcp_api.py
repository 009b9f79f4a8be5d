"""The HTTP API of McpApi: which requests reach which function, and with which token."""

import json
import re

import pytest
from variants import REGION, ACCOUNT, VARIANTS

GROUPS = ("billing", "customers", "orders", "support")
METADATA = "GET /.well-known/oauth-protected-resource"
SOURCE = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:McpHttpApi/"
ISSUER = "https://login.example.com"


@pytest.fixture(params=[name for name in VARIANTS if not name.endswith("-dev")])
def api(request):
    return VARIANTS[request.param]


def routes(deployed):
    """The function behind each route, and the authorization of the route."""
    integrations = {name: one["IntegrationUri"] for name, one in deployed.of("AWS::ApiGatewayV2::Integration").items()}
    return {route["RouteKey"]: (integrations[route["Target"].removeprefix("integrations/")], route["AuthorizationType"])
            for route in deployed.of("AWS::ApiGatewayV2::Route").values()}


def alias(group):
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{group.capitalize()}FunctionAliaslive:live"


def test_it_exists_only_where_it_is_turned_on():
    for deployed in VARIANTS.values():
        there = {body["Type"] for body in deployed.resources.values() if body["Type"].startswith("AWS::ApiGatewayV2::")}
        assert bool(there) != deployed.name.endswith("-dev"), deployed.name
        for function in deployed.of("AWS::Lambda::Function").values():
            variables = function["Environment"]["Variables"]
            on = ("mcp" in variables["TOOLGATE_WIRES"].split(","), variables["TOOLGATE_MCP_ISSUER"],
                  variables["SUPPORT_DESK_CUSTOMER_CLAIM"])
            assert on == ((False, "", "") if deployed.name.endswith("-dev") else (True, ISSUER, "customer_id"))


def test_a_tool_is_reached_with_a_token_and_metadata_without(api):
    expected = {f"POST /{group}/mcp": (alias(group), "JWT") for group in GROUPS}
    expected |= {f"{METADATA}{path}": (alias("support"), "NONE") for path in ("", *(f"/{group}/mcp" for group in GROUPS))}
    assert routes(api) == expected
    for route in api.of("AWS::ApiGatewayV2::Route").values():
        assert route.get("AuthorizerId") == ("McpAuthorizer" if route["AuthorizationType"] == "JWT" else None)


def test_a_token_is_of_the_issuer_and_for_this_api(api):
    (authorizer,) = api.of("AWS::ApiGatewayV2::Authorizer").values()
    audience = "support-desk" if api.name.endswith("-staging") else "desk-app"
    assert authorizer["JwtConfiguration"] == {"Issuer": ISSUER, "Audience": [audience]}
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]


def test_the_api_calls_what_its_routes_name_and_nothing_else(api):
    allowed = {(one["FunctionName"], one["SourceArn"]) for one in api.of("AWS::Lambda::Permission").values()
               if one["Principal"] == "apigateway.amazonaws.com" and one["Action"] == "lambda:InvokeFunction"}
    assert allowed == {*((alias(group), f"{SOURCE}*/POST/{group}/mcp") for group in GROUPS),
                       (alias("support"), f"{SOURCE}*/GET/.well-known/oauth-protected-resource*")}


def test_an_integration_waits_longer_than_its_function(api):
    timeout = api.of("AWS::Lambda::Function")["OrdersFunction"]["Timeout"]
    for integration in api.of("AWS::ApiGatewayV2::Integration").values():
        assert timeout * 1000 < integration["TimeoutInMillis"] <= 30_000
        assert integration["PayloadFormatVersion"] == "2.0"


def test_every_route_without_an_authorizer_has_a_lower_limit(api):
    (stage,) = api.of("AWS::ApiGatewayV2::Stage").values()
    limits, usual = stage["RouteSettings"], stage["DefaultRouteSettings"]
    assert limits.keys() == {key for key, (_, authorization) in routes(api).items() if authorization == "NONE"}
    for limit in limits.values():
        assert all(0 < limit[name] < usual[name] for name in ("ThrottlingRateLimit", "ThrottlingBurstLimit"))
    # API Gateway rejects the settings of a route that does not exist.
    assert {*api.resources["McpStage"]["DependsOn"]} == api.of("AWS::ApiGatewayV2::Route").keys()


def test_the_log_of_the_api_has_nothing_personal(api):
    (stage,) = api.of("AWS::ApiGatewayV2::Stage").values()
    line = json.loads(stage["AccessLogSettings"]["Format"])
    # Neither the path as it was sent, nor an address, a claim or a message about a token.
    assert set(line.values()) == {f"$context.{name}" for name in (
        "requestTimeEpoch", "requestId", "routeKey", "status", "error.responseType", "integration.integrationStatus",
        "responseLatency", "integration.latency")}
    assert not re.search("identity|authorizer|claims|path|message", stage["AccessLogSettings"]["Format"])
