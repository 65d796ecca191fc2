"""Imports every module of workflows."""

from .payloads import concurrent_payloads, sequential_payloads
from .registry import registry
from .steps import concurrent_steps, no_steps, one_step, racing_steps, sequential_steps
from .streams import line_stream, merged_streams, parallel_streams, stream_pipeline

__all__ = [
    "concurrent_payloads",
    "concurrent_steps",
    "line_stream",
    "merged_streams",
    "no_steps",
    "one_step",
    "parallel_streams",
    "racing_steps",
    "registry",
    "sequential_payloads",
    "sequential_steps",
    "stream_pipeline",
]
