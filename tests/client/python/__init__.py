"""Tests of the Python package, against the real server."""
