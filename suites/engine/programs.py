"""Programs that are drawn, and what they may answer.

A program is a workflow's shape as data, as `suites/workflows/engine/program.ts` performs it. Its
answer is computed here from the shape alone. Where several parts race, each of them may win: an
answer is therefore not compared with one value but asked whether the program can give it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from hypothesis import strategies as st

#: What `program.ts` calls a Program.
Shape: TypeAlias = dict[str, Any]

#: More failures than any step is tried.
_ALWAYS = 99
#: Each sleep takes a second at least, as queues count seconds.
_SLEEPS = 1
_FAILING_STEPS = 1
#: Steps and sleeps, about.
_LEAVES = 7


def draw_programs(*, failing: bool) -> st.SearchStrategy[Shape]:
    """Draw programs that complete: what cannot succeed is caught.

    Args:
        failing: Whether a step may fail at first and succeed when it is tried again.
    """
    return st.recursive(_draw_leaves(failing=failing), _draw_nodes, max_leaves=_LEAVES).map(_finish)


def _draw_leaves(*, failing: bool) -> st.SearchStrategy[Shape]:
    ms = st.sampled_from([0, 30, 150])
    step = st.builds(lambda ms: {"step": "", "ms": ms}, ms)
    fatal = st.builds(
        lambda ms: {"step": "", "ms": ms, "fails": _ALWAYS, "how": "fatal"},
        st.sampled_from([0, 30]),
    )
    sleep: st.SearchStrategy[Shape] = st.just({"sleep": 300})
    leaves = [step, step, step, fatal, sleep]
    if failing:
        leaves.append(st.just({"step": "", "fails": 1}))
    return st.one_of(leaves)


def _draw_nodes(children: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    def node(name: str, least: int, most: int) -> st.SearchStrategy[Shape]:
        return st.lists(children, min_size=least, max_size=most).map(lambda parts: {name: parts})

    caught = children.filter(lambda shape: "caught" not in shape).map(
        lambda shape: {"caught": shape}
    )
    return st.one_of(node("all", 2, 4), node("seq", 1, 3), node("race", 2, 3), caught)


def _finish(shape: Shape) -> Shape:
    """Give every step a key of its own; let nothing in it take long, nor the whole fail."""
    names = (f"s{place}" for place in range(1_000))
    budget = {"sleep": _SLEEPS, "fails": _FAILING_STEPS}
    finished = _rebuild(shape, names, budget)
    return {"caught": finished} if find_rejections(finished) else finished


def _rebuild(shape: Shape, names: Iterator[str], budget: dict[str, int]) -> Shape:
    for node in ("all", "seq", "race"):
        if node in shape:
            return {node: [_rebuild(part, names, budget) for part in shape[node]]}
    if "caught" in shape:
        return {"caught": _rebuild(shape["caught"], names, budget)}
    if "sleep" in shape:
        budget["sleep"] -= 1
        return dict(shape) if budget["sleep"] >= 0 else {"step": next(names)}
    if shape.get("fails") == 1:
        budget["fails"] -= 1
        if budget["fails"] < 0:
            return {"step": next(names)}
    return {**shape, "step": next(names)}


def list_steps(shape: Shape) -> Iterator[Shape]:
    """Return every step of a program."""
    if "step" in shape:
        yield shape
    for part in _list_parts(shape):
        yield from list_steps(part)


def _list_parts(shape: Shape) -> list[Shape]:
    if "caught" in shape:
        return [shape["caught"]]
    return next((shape[node] for node in ("all", "seq", "race") if node in shape), [])


def list_awaited(shape: Shape) -> set[str]:
    """Return the keys of the steps that have to be executed before the program can end.

    What lies in a race, or beside or behind what fails, need not be.
    """
    if "race" in shape or find_rejections(shape):
        return set()
    if "step" in shape:
        return {shape["step"]}
    return {key for part in _list_parts(shape) for key in list_awaited(part)}


def has_retries(shape: Shape) -> bool:
    """Tell whether one of its steps fails at first."""
    return any(0 < step.get("fails", 0) < _ALWAYS for step in list_steps(shape))


def find_rejections(shape: Shape) -> set[str]:
    """Return the keys of the steps with whose error a program may fail."""
    if "step" in shape:
        return {shape["step"]} if shape.get("fails", 0) >= _ALWAYS else set()
    if "caught" in shape:
        return set()
    found: set[str] = set()
    for part in _list_parts(shape):
        found |= find_rejections(part)
        if "seq" in shape and _must_fail(part):
            break
    return found


def _must_fail(shape: Shape) -> bool:
    if "step" in shape:
        return bool(find_rejections(shape))
    if "race" in shape:
        return all(_must_fail(part) for part in shape["race"])
    if "caught" in shape:
        return False
    return any(_must_fail(part) for part in _list_parts(shape))


def can_answer(shape: Shape, answer: Any) -> bool:
    """Tell whether a program can give an answer, with every race won by whoever may win it."""
    return next(judge(shape, answer) for name, judge in _JUDGES.items() if name in shape)


def _can_step(shape: Shape, answer: Any) -> bool:
    return answer == shape["step"] and not find_rejections(shape)


def _can_parts(shape: Shape, answer: Any) -> bool:
    parts = _list_parts(shape)
    return (
        isinstance(answer, list)
        and len(answer) == len(parts)
        and all(can_answer(part, given) for part, given in zip(parts, answer, strict=True))
    )


def _can_caught(shape: Shape, answer: Any) -> bool:
    if isinstance(answer, dict) and "caught" in answer:
        message = str(answer["caught"])
        if any(f"{key} fails on purpose" in message for key in find_rejections(shape["caught"])):
            return True
    return can_answer(shape["caught"], answer)


_JUDGES: dict[str, Callable[[Shape, Any], bool]] = {
    "step": _can_step,
    "all": _can_parts,
    "seq": _can_parts,
    "race": lambda shape, answer: any(can_answer(part, answer) for part in shape["race"]),
    "caught": _can_caught,
    "sleep": lambda shape, answer: answer == f"slept {shape['sleep']}",
    "hook": lambda shape, answer: isinstance(answer, list) and len(answer) == shape.get("count", 1),
}
