"""From the records of the suite's tests to a certificate: verdicts, the file, its verification."""
