"""From the records of the suite's checks to a certificate: verdicts, the file, its verification."""
