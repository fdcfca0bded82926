"""`python -m services.notifier`."""

from services.notifier.cli import app

if __name__ == "__main__":
    app()
