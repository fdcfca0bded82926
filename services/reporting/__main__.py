"""Runs reporting's commands: `python -m services.reporting run`."""

from services.reporting.cli import app
from shared.command import run

if __name__ == "__main__":
    run(app)
