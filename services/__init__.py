"""The three services and their front door."""
