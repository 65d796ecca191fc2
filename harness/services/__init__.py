"""The servers a World needs: external (a URL the user gives), embedded (a wheel) or a container."""
