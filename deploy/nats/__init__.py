"""NATS as an installation of its own runs it: configuration and users."""
