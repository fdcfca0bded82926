"""What the notifier decides without asking anyone."""
