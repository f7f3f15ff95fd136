"""`python -m codegen generate [--check]` and `python -m codegen capture DOCUMENT`."""

import argparse
import sys
from pathlib import Path

from codegen.generate import check, generate
from codegen.specs import Spec


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if all is well, 1 if a check finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m codegen", description="From a published protocol to our classes.")
    commands = parser.add_subparsers(dest="command", required=True)
    generating = commands.add_parser("generate", help="write what is generated from spec/")
    generating.add_argument("--check", action="store_true", help="write nothing; fail with a diff if they differ")
    generating.add_argument("--spec", type=Path, default=Spec().folder, help="the folder of the spec")
    chosen = parser.parse_args(arguments)
    return _generate(Spec(chosen.spec), only_check=chosen.check)


def _generate(spec: Spec, *, only_check: bool) -> int:
    if only_check:
        difference = check(spec)
        sys.stdout.write(difference or "generated files are up to date\n")
        return 1 if difference else 0
    for path in generate(spec):
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
