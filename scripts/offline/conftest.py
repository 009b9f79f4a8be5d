"""Checks of what would be deployed. They need no AWS and run none of the deployed code."""

import pytest
from variants import VARIANTS


@pytest.fixture(params=VARIANTS)
def deployed(request):
    return VARIANTS[request.param]
