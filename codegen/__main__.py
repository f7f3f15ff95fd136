"""`python -m codegen capture [--beta] DOCUMENT` and `python -m codegen generate [--check]`."""

import argparse
import sys
from pathlib import Path

from codegen.facts import CaptureError
from codegen.generate import check, generate
from codegen.names import NamingError
from codegen.overlay import OverlayError
from codegen.pinned import Origin, captured
from codegen.specs import Spec, SpecError

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command: 0 if all is well, 1 if a check finds a difference, 2 if the input is wrong."""
    chosen = _parser().parse_args(arguments)
    try:
        return (
            _capture(chosen) if chosen.command == "capture" else _generate(Spec(chosen.spec), check_only=chosen.check)
        )
    except (CaptureError, NamingError, OverlayError, SpecError, OSError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m codegen", description="From a published protocol to our classes.")
    parser.add_argument("--spec", type=Path, default=Spec().folder, help="the folder of the spec")
    commands = parser.add_subparsers(dest="command", required=True)
    capturing = commands.add_parser("capture", help="take the facts out of a document into spec/, and say what changed")
    capturing.add_argument("document", type=Path, help="an OpenAPI document; with --beta a table of the beta wire")
    capturing.add_argument("--beta", action="store_true", help="capture the beta dialect")
    capturing.add_argument("--dry-run", "--check", action="store_true", help="write nothing; fail if there is drift")
    capturing.add_argument("--source", help="where the document comes from, if it does not say so itself")
    capturing.add_argument("--commit", help="the commit it was taken at, if it does not say so itself")
    generating = commands.add_parser("generate", help="write what is generated from spec/")
    generating.add_argument("--check", action="store_true", help="write nothing; fail with a diff if anything differs")
    return parser


def _capture(chosen: argparse.Namespace) -> int:
    origin = Origin(chosen.source, chosen.commit)
    capture = captured(chosen.document, chosen.spec, beta=chosen.beta, origin=origin)
    sys.stdout.write("\n".join(capture.report) + "\n")
    if chosen.dry_run:
        return 1 if capture.drifted else 0
    capture.write(chosen.spec)
    for name in sorted(capture.files):
        sys.stdout.write(f"wrote {chosen.spec / name}\n")
    return 0


def _generate(spec: Spec, *, check_only: bool) -> int:
    if check_only:
        difference = check(spec)
        sys.stdout.write(difference or "generated files are up to date\n")
        return 1 if difference else 0
    changed = generate(spec)
    sys.stdout.write("".join(f"wrote {path}\n" for path in changed) or "generated files were up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
