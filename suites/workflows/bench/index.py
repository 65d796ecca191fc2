"""Imports every module of workflows."""

from .labor import laboring_steps
from .payloads import concurrent_payloads, sequential_payloads
from .registry import registry
from .steps import concurrent_steps, no_steps, one_step, racing_steps, sequential_steps
from .streams import (
    line_stream,
    merged_streams,
    paced_stream,
    parallel_streams,
    stream_pipeline,
)
from .waits import resumed_steps, sleeping_steps

__all__ = [
    "concurrent_payloads",
    "concurrent_steps",
    "laboring_steps",
    "line_stream",
    "merged_streams",
    "no_steps",
    "one_step",
    "paced_stream",
    "parallel_streams",
    "racing_steps",
    "registry",
    "resumed_steps",
    "sequential_payloads",
    "sequential_steps",
    "sleeping_steps",
    "stream_pipeline",
]
