"""Fake providers that speak the exact wire formats, as real HTTP servers on loopback."""
