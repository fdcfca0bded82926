"""Runs reporting's commands: `python -m services.reporting run`."""

from services.reporting.cli import app

app()
