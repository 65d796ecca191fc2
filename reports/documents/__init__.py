"""This project's own documents, generated from its data and its committed results."""
