"""Any page in a browser can reach loopback, so every route refuses foreign hosts and origins."""

import http.client

import pytest

ROUTES = [
    ("GET", "/health"),
    ("GET", "/"),
    ("POST", "/"),
    ("POST", "/mcp"),
    ("POST", "/2015-03-31/functions/orders/invocations"),
    ("POST", "/agents/Supervisor/agentAliases/TSTALIASID/sessions/e2e/text"),
    ("OPTIONS", "/2015-03-31/functions/orders/invocations"),
]


def status(desk, method, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in ({"Host": f"127.0.0.1:{desk.port}", "Content-Length": "0"} | headers).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.getheader("Access-Control-Allow-Origin") is None
        return answer.status
    finally:
        connection.close()


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_foreign_host_is_refused(desk, method, path):
    for host in ["evil.example", f"evil.example:{desk.port}", f"127.0.0.1.evil.example:{desk.port}", ""]:
        assert status(desk, method, path, Host=host) in (400, 403, 421)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_foreign_origin_is_refused(desk, method, path):
    for origin in ["http://evil.example", "null", f"https://127.0.0.1:{desk.port + 1}", f"http://localhost.evil.example:{desk.port}"]:
        assert status(desk, method, path, Origin=origin) == 403


def test_its_own_names_are_welcome(desk):
    for host in ["127.0.0.1", "localhost"]:
        assert status(desk, "GET", "/health", Host=f"{host}:{desk.port}") == 200
        assert status(desk, "GET", "/health", Host=f"{host}:{desk.port}", Origin=f"http://{host}:{desk.port}") == 200
