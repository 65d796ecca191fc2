"""What there is to run: `bench` and `load` measure, `certify` and `e2e` check, `tests` tests."""

import nox

nox.options.sessions = ["tests", "lint", "types"]
nox.options.error_on_external_run = True
# A new environment takes longer than a smoke benchmark.
nox.options.reuse_venv = "yes"

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
#: Tests that need no network and no server.
QUICK = "not sdk and not slow and not containers"
DOCUMENTS = [
    "reports.documents.excerpts",
    "reports.documents.contract",
    "reports.forms.data",
    "harness.adapters.schema",
    "suites.conformance.mutants_document",
    "suites.conformance.worlds_document",
    "suites.engine.engine_document",
    "suites.honesty.statistics_document",
]
#: With the drivers of every service, which a plain installation lacks.
WITH_DRIVERS = ".[mongodb,mysql]"
CODE = ["harness", "suites", "worlds", "reports", "tests", "noxfile.py"]
TEXTS = ["README.md", "docs", ".github", "pyproject.toml"]


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the real SDK packages: `nox -s bench -- --profile smoke` passes everything on."""
    session.install("-e", WITH_DRIVERS)
    session.run("world-harness", "bench", *session.posargs)


@nox.session
def load(session: nox.Session) -> None:
    """Measure under load: `nox -s load -- --rate 50/s --for 60s` passes everything on."""
    session.install("-e", ".")
    session.run("world-harness", "load", *session.posargs)


@nox.session
def certify(session: nox.Session) -> None:
    """Certify a World: `nox -s certify -- postgres` passes everything on."""
    session.install("-e", WITH_DRIVERS)
    session.run("world-harness", "certify", *session.posargs)


@nox.session
def e2e(session: nox.Session) -> None:
    """Test the engine under faults, on real apps: `nox -s e2e -- --line v5 --world postgres`."""
    session.install("-e", WITH_DRIVERS)
    session.run("world-harness", "e2e", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Test the instrument, with real apps on the real SDK: `nox -s tests -- -k store`."""
    session.install("-e", ".[dev]")
    # The tests wait most of the time, so there are more workers than cores.
    session.run("pytest", "-n", "4", "--dist", "loadgroup", *(session.posargs or ["tests"]))


@nox.session
def unit(session: nox.Session) -> None:
    """Test what needs no network and no server, in two minutes: `nox -s unit -- -k store`."""
    session.install("-e", ".[dev]")
    covered = [f"--cov={package}" for package in ("harness", "reports")]
    session.run(
        "pytest",
        "-n",
        "2",
        "-m",
        QUICK,
        *covered,
        "--cov-report=term:skip-covered",
        *(session.posargs or ["tests"]),
    )


@nox.session(python=PYTHONS)
def versions(session: nox.Session) -> None:
    """Test the instrument, without the real SDK, on every Python that is supported."""
    session.install("-e", ".[dev]")
    session.run("pytest", "-n", "2", "-m", "not sdk", *(session.posargs or ["tests"]))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and spelling."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check", *CODE)
    session.run("ruff", "format", "--check", *CODE)
    session.run("codespell", *CODE, *TEXTS)


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    session.install("-e", ".[dev]")
    session.run("mypy", *CODE)
    # Named one by one: as a package it is left out like its folder.
    entry = ("__main__", "packages", "plugin")
    session.run("mypy", *(word for name in entry for word in ("-m", f"world_harness.{name}")))


@nox.session
def perf(session: nox.Session) -> None:
    """Measure what the harness costs (20 minutes): `nox -s perf -- adapter` or `merge` alone."""
    session.install("-e", ".")
    session.run("python", "-m", "suites.performance", *session.posargs)


@nox.session
def honesty(session: nox.Session) -> None:
    """Try what verdicts are worth: `record FILE` (an hour), then `try FILE`; `repeat FILE FILE`."""
    session.install("-e", ".")
    session.run("python", "-m", "suites.honesty", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Have the Python Worlds write for a minute, and be killed each second of another one."""
    session.install("-e", ".[dev]")
    session.run("pytest", "tests/worlds/python/test_soak.py", env={"WORLD_HARNESS_SOAK": "60"})


@nox.session
def containers(session: nox.Session) -> None:
    """Run services in real containers; root starts a Docker daemon if none answers."""
    session.install("-e", ".[dev]")
    session.run(
        "pytest", *(session.posargs or ["tests/containers"]), env={"WORLD_HARNESS_CONTAINERS": "1"}
    )


@nox.session
def site(session: nox.Session) -> None:
    """Build the documentation as a site, in build/site."""
    session.install(*nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "site"))
    session.run("sphinx-build", "-q", "-W", "--keep-going", "-b", "html", "docs", "build/site")


@nox.session
def docs(session: nox.Session) -> None:
    """Write the generated documents again: reports, excerpts, contract, schemas."""
    session.install("-e", ".")
    for module in DOCUMENTS:
        session.run("python", "-m", module)
