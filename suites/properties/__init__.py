"""A World and the model side by side, through generated histories; what differs is shrunk.

Run it with `pytest -p world_harness.plugin --pyargs suites.properties --world SPEC`, and where
wanted `--line L`, `--effort E`, `--seed N`.
"""
