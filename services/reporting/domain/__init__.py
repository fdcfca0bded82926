"""What reporting decides without asking anyone."""
