"""A benchmark from request to result file: a request is planned or resumed, and then run."""

from harness.bench.planning import select
from harness.bench.request import BenchRequest, reproduce, write_remote
from harness.bench.running import BenchOutcome, run_bench

__all__ = ["BenchOutcome", "BenchRequest", "reproduce", "run_bench", "select", "write_remote"]
