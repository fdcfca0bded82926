"""The embedded stack: real servers from wheels, for one machine."""
