"""Proofs about what would be deployed; they need no AWS, and run nothing that is."""

import pytest
from variants import VARIANTS


@pytest.fixture(params=VARIANTS)
def deployed(request):
    return VARIANTS[request.param]
