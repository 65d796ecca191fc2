"""The servers a World needs: external (a URL the user gives), embedded (a wheel) or a container.

A service is a module (or package) here with a `PROVIDER`; `resolution` finds it by its name.
"""
