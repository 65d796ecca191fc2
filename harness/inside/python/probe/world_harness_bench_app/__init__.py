"""The part of a measured Python app that does not depend on its framework.

It runs in the environment of the app, with the standard library and that app's SDK alone.
Importing the package itself touches nothing: workflows import its marks, and the SDK imports their
modules again for every replay, in a sandbox that has neither files nor a clock.
"""
