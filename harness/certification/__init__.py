"""Certificates: verdicts from the records of checks, the file, and its verification."""
