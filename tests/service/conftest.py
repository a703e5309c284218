import httpx
import pytest

from serving import serving


@pytest.fixture(scope="module")
def service(classifier):
    """The address of a service that serves the tiny model, with the limits of everybody."""
    with serving(classifier) as address:
        yield address


@pytest.fixture(scope="module")
def client(service):
    """Asks it."""
    with httpx.Client(base_url=service, timeout=20, trust_env=False) as client:
        yield client
