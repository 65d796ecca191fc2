"""The instrument: everything that measures and judges a World, and no test code."""

#: Written here and nowhere else. Asking the installed package's metadata for it would cost the
#: reference World, which starts hundreds of times, more than the rest of its start.
__version__ = "0.1.0"
