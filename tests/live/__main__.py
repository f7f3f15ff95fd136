"""`python -m tests.live`: the verbs against a real server, recorded and compared with what the simulator says.

Needs a key (OPENAI_API_KEY) or an address (`--base`); without either it says so and does nothing. A verb that fails
makes it end with 1; a difference is no failure, but news of the server or of the simulator.
"""

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import anyio

import realtime_sdk as rt
from tests.live.verbs import SESSIONS, Live
from tests.simulator.truth import agreement, differences

NO_KEY = "skipped: nothing was asked of a real server, for there is no key (set OPENAI_API_KEY, or give --base)"
LIMIT_S = 120


@dataclass(frozen=True)
class Server:
    """Where the verbs are tried."""

    model: str
    base: str | None = None
    key: str | None = None

    @property
    def endpoint(self) -> rt.OpenAI:
        return rt.OpenAI(self.model, base=self.base, api_key=self.key)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sessions that are asked for, and tell what came of each; 1 if a verb failed."""
    asked = parser().parse_args(arguments)
    key = os.environ.get("OPENAI_API_KEY") or (asked.base and "none-is-needed")
    if not key:
        print(NO_KEY)
        return 0
    folder = asked.out or Path(mkdtemp(prefix="realtime-live-"))
    folder.mkdir(parents=True, exist_ok=True)
    server = Server(asked.model, asked.base, key)
    failed = [name for name in asked.sessions or SESSIONS if not tried(name, server, folder, loop=asked.loop)]
    print(f"\nThe logs are in {folder}." + (f" Failed: {', '.join(failed)}." if failed else ""))
    return int(bool(failed))


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser("python -m tests.live", description="The session's verbs against a real server.")
    made.add_argument("sessions", nargs="*", choices=[[], *SESSIONS], help="which sessions; all without any")
    made.add_argument("--model", default="gpt-realtime-2.1", help="the model that is talked to")
    made.add_argument("--base", help="the REST address of a server that speaks as OpenAI's does")
    made.add_argument("--out", type=Path, metavar="DIR", help="where the logs go; without it a new folder")
    made.add_argument("--loop", default="asyncio", choices=["asyncio", "trio"])
    return made


def tried(name: str, server: Server, folder: Path, *, loop: str) -> bool:
    """Run one session, compare what there is of it, and print both; whether all its verbs were answered."""
    log = folder / f"{name}.jsonl"
    try:
        anyio.run(session, SESSIONS[name], server, log, backend=loop)
        failure = None
    except Exception as error:
        failure = f"  failed: {type(error).__name__}: {error}"
    print("\n".join([*report(name, log), *([failure] if failure else [])]), flush=True)
    return failure is None


async def session(live: Live, server: Server, log: Path) -> None:
    with anyio.fail_after(LIMIT_S):
        async with rt.connect(server.endpoint, log=log, **live.settings) as opened:
            await live.run(opened)


def report(name: str, log: Path) -> list[str]:
    """How far the simulator agrees with the server of a log, and each difference."""
    records = [record for record in rt.EventLog.load(log) if record.sender != "local"] if log.exists() else []
    if not any(record.sender == "server" for record in records):
        return [f"{name}: nothing was recorded"]
    said = agreement([(record.sender, json.loads(record.frame)) for record in records], in_time=True)
    found = differences(said)
    steps = len(said.recorded)
    agreeing = steps - sum(line.startswith("- ") for line in found)
    return [f"{name}: {agreeing} of {steps} steps agree", *[f"  {line}" for line in found]]


if __name__ == "__main__":
    raise SystemExit(main())
