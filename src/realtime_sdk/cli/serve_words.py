"""The words of the commands that listen: `serve` and `record`. Their work is in `serving`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from realtime_sdk.cli.ending import as_endings

__all__ = ["record", "serve"]

CertOption = Annotated[
    Path | None, typer.Option("--tls-cert", metavar="PEM", help="Certificate: the server is wss:// then.")
]
KeyOption = Annotated[Path | None, typer.Option("--tls-key", metavar="PEM", help="The certificate's key.")]

KaniOption = Annotated[
    str | None, typer.Option("--kani", metavar="MODULE:NAME", help="Who answers: a Kani, or a function that makes one.")
]
BetaOption = Annotated[
    Literal["accept", "refuse"] | None,
    typer.Option("--beta", help="Refuse clients of the beta dialect, as OpenAI does now; accepted by default."),
]


def serve(
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", "-p", min=0, max=65_535, metavar="PORT", help="0 takes a free one.")
    ] = 0,
    speed: Annotated[
        float, typer.Option("--speed", min=0, metavar="N", help="1 is real time, 2 twice as fast, 0 at once.")
    ] = 1.0,
    seed: Annotated[str, typer.Option("--seed", metavar="SEED", help="Equal seeds give equal ids.")] = "0",
    scenario: Annotated[
        Path | None, typer.Option("--scenario", metavar="FILE", help="What it answers: a script, JSON or YAML.")
    ] = None,
    kani: KaniOption = None,
    replay: Annotated[
        Path | None, typer.Option("--replay", metavar="LOG", help="Speak a recorded log instead, to every client.")
    ] = None,
    match: Annotated[
        Literal["lenient", "strict", "off"],
        typer.Option("--match", help="How a client is held to the log that is replayed."),
    ] = "lenient",
    beta: BetaOption = None,
    log: Annotated[
        Path | None, typer.Option("--log", metavar="DIR", help="Leave a log of each session in this folder.")
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", metavar="JSON", help="What goes wrong; may be given several times.")
    ] = None,
    tls_cert: CertOption = None,
    tls_key: KeyOption = None,
) -> None:
    """Be a realtime server for any client: no key, no network.

    The first line printed is its URL; Ctrl-C and SIGTERM end it. With --scenario, steps that are left over then fail
    the command.

    Any model and any key will do. What nobody scripts, a small built-in persona answers: it greets, calls the tools
    it is offered, repeats what it heard, and obeys plain words ("say exactly ...", "call NAME with {...}").

    \b
    realtime-sdk serve
    realtime-sdk serve --port 8080 --scenario booking.yaml --log logs
    realtime-sdk serve --seed 7 --beta refuse
    realtime-sdk serve --kani agent:make_kani
    realtime-sdk serve --replay call.jsonl --match strict
    realtime-sdk serve --fault '{"kind": "drop", "on": "response.done", "nth": 2}'
    """
    with as_endings():
        from realtime_sdk.cli import serving

        where = serving.Where(host=host, port=port, tls=serving.tls_of(tls_cert, tls_key))
        if replay is None:
            options = serving.options_of(seed=seed, beta=beta, kani=kani, scenario=scenario)
            serving.simulate(where, options, speed=speed, scenario=scenario, log=log, faults=fault or ())
        else:
            serving.refuse_beside_replay(scenario=scenario, kani=kani, beta=beta, log=log, fault=fault)
            serving.replay(where, replay, match=match, speed=speed)


def record(
    to: Annotated[str, typer.Option("--to", metavar="URL", help="The server: wss://api.openai.com, or with a path.")],
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Where clients connect; port 0 takes a free one.")
    ] = "127.0.0.1:0",
    log: Annotated[Path, typer.Option("--log", metavar="DIR", help="Where the logs go: a file for each session.")] = (
        Path("recordings")
    ),
    redact: Annotated[
        list[str] | None,
        typer.Option(
            "--redact",
            metavar="WHAT",
            help="Keep out of the logs: audio (all sound), text (all words), or a field's name. "
            "May be given several times; secrets are always kept out.",
        ),
    ] = None,
    tls_cert: CertOption = None,
    tls_key: KeyOption = None,
) -> None:
    """Stand between any client and a server, and log each session.

    The first line printed is the URL for clients; Ctrl-C and SIGTERM end it. Their path, query and headers go on to the
    server, keys among them, which are never written. Frames pass as they are and stand in the log before they are
    passed on.

    \b
    realtime-sdk record --to wss://api.openai.com
    realtime-sdk record --to wss://api.openai.com --listen 127.0.0.1:8080 --log logs
    realtime-sdk record --to wss://api.openai.com --redact audio --redact metadata
    realtime-sdk show recordings/session-001.jsonl
    """
    with as_endings():
        from realtime_sdk.cli import serving

        host, port = serving.place_of(listen)
        where = serving.Where(host=host, port=port, tls=serving.tls_of(tls_cert, tls_key))
        serving.record(where, to, log=log, redact=redact or ())
