"""What the record proxy costs a frame: through the proxy, against the same client without it.

Proxy and client run in one loop, the other side in a process of its own: the difference is the CPU time that the proxy
takes to read a frame, write it to the log file and send it on.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from tempfile import TemporaryDirectory

import anyio

from realtime_sdk.simulator.proxy import record_proxy
from tests.benchmarks import far_side
from tests.benchmarks.measure import Spent
from tests.benchmarks.row import US_PER_FRAME, Row, Scale, TimedRow, Works
from tests.benchmarks.socket_rows import LOOPS, OPTIONS, through_transport
from tests.benchmarks.workload import frames_of

__all__ = ["rows"]


def rows(scale: Scale) -> Iterator[Row]:
    for loop, needs in LOOPS.items():
        for kind, size in (("small", max(scale.frames // 60, 1)), ("sound", max(scale.frames // 10, 2))):
            prepare = partial(passing, loop, kind, size)
            yield TimedRow(name=f"record proxy, {kind}, {loop}", prepare=prepare, unit=US_PER_FRAME, needs=needs)


def passing(loop: str, kind: str, size: int, stack: ExitStack) -> Works:
    folder = stack.enter_context(TemporaryDirectory())
    url, count = f"{far_side.url()}/{kind}/{size}", len(frames_of(kind, size))
    return {
        "client + proxy": partial(anyio.run, through_proxy, url, count, folder, backend=loop),
        "client": partial(anyio.run, through_transport, url, count, backend=loop),
    }


async def through_proxy(url: str, count: int, folder: str) -> Spent:
    async with record_proxy(url, log_dir=folder, options=OPTIONS) as proxy:
        return await through_transport(proxy.url, count)
