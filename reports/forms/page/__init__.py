"""The report as one HTML page that needs nothing else: the Markdown report, with figures."""
