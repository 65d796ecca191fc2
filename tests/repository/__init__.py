"""Tests of what stands around the code: versions, forms, instructions."""
