"""Benchmarks that print tables: ``python -m tests.bench.NAME``. Nothing here is collected as a test."""
