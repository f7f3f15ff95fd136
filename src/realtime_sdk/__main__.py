"""`realtime-sdk` and `python -m realtime_sdk`: looks for what the commands need, then hands over to `cli`."""

import sys
from importlib.util import find_spec

__all__ = ["main"]

NEEDED = ("rich", "typer")
INTERRUPTED = 130


def main() -> int:
    """Run the command line of this process, and give its exit code."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        print(
            f"realtime-sdk: the commands need {' and '.join(missing)}: pip install 'realtime-sdk[cli]'", file=sys.stderr
        )
        return 1
    try:
        from realtime_sdk.cli.app import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # before a command had begun, or after it
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
