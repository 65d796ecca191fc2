"""The checks: each decides a clause of the World contract by calling a World from outside.

One file a clause group. A check reads like the clause: it is given an `Arena` (processes that have
opened a World) or a `Race` (the same, in rounds), makes calls, and says what must be true.
"""
