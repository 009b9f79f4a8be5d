"""The OpenAPI documents, checked by an independent validator against the initiative's own schemas."""

import copy
import json
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
DOCUMENTS = {path.parent.name: json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*/openapi.json"))}


def problems(document):
    return [error.message for error in OpenAPIV30SpecValidator(document).iter_errors()]


@pytest.mark.parametrize("handler", DOCUMENTS)
def test_a_document_is_openapi(handler):
    document = DOCUMENTS[handler]
    assert document["openapi"].startswith("3.0.")
    assert problems(document) == []


def test_what_is_deployed_is_the_same_document():
    deployed = {path.parent.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*/action-group.json")}
    assert deployed, "one group is registered by OpenAPI"
    for handler, included in deployed.items():
        assert json.loads(included["Payload"]) == DOCUMENTS[handler]


@pytest.mark.parametrize("handler", DOCUMENTS)
def test_the_validator_finds_mistakes(handler):
    def broken(change):
        document = copy.deepcopy(DOCUMENTS[handler])
        (operation,) = next(iter(document["paths"].values())).values()
        change(document, operation)
        return problems(document)

    def body(operation):
        return operation["requestBody"]["content"]["application/json"]

    assert broken(lambda document, operation: document.pop("info"))
    assert broken(lambda document, operation: operation.pop("responses"))
    assert broken(lambda document, operation: operation["requestBody"].pop("content"))
    assert broken(lambda document, operation: body(operation)["schema"].update(type="text"))
    assert broken(lambda document, operation: body(operation)["schema"].update(required="orderId"))
    assert broken(lambda document, operation: document["paths"].update(orders={}))
