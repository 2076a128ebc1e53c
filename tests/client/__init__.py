"""Tests of what lies in client/, those in Python."""
