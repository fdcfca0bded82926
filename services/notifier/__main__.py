"""`python -m services.notifier`."""

from services.notifier.cli import app
from shared.command import run

if __name__ == "__main__":
    run(app)
