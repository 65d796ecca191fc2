"""A World and the model side by side, through generated histories; what differs is shrunk.

Run it with `pytest suites/properties --world SPEC [--line L] [--effort E] [--seed N]`.
"""
