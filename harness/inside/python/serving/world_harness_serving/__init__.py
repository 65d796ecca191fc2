"""What every Python app holds, whatever it is for: its World, its workflows, and its deliveries.

It runs in the environment of the app, with the standard library and that app's SDK alone.
"""
