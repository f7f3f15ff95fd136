"""Kani runs on asyncio alone, and so do its tests; a test with a wire is run on each that `wires` has for it."""

from functools import partial

import pytest

from tests.kani import talk
from tests.kani.talk import Simulating, Talking
from tests.kani.wires import Wire, wires_of


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "wire" in metafunc.fixturenames:
        metafunc.parametrize("wire", wires_of(metafunc.function.__name__), ids=str)


@pytest.fixture
def talking(wire: Wire) -> Talking:
    """`talk.talking` over the wire of this run."""
    return partial(talk.talking, wire=wire)


@pytest.fixture
def simulating(wire: Wire) -> Simulating:
    """`talk.simulating` over the wire of this run."""
    return partial(talk.simulating, wire=wire)
