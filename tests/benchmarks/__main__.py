"""`python -m tests.benchmarks`."""

from tests.benchmarks.cli import main

main()
