"""The common part of every Python app: its World, its workflows, and its deliveries.

It runs in the environment of the app, with the standard library and that app's SDK alone.
"""
