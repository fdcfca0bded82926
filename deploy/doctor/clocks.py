"""How far a server's clock is from this machine's."""

from datetime import datetime

from deploy.doctor.finding import Finding, ok

SECONDS = 2.0


def compared(about: str, before: datetime, theirs: datetime, after: datetime) -> Finding:
    """From what the server said it was between two looks at our own clock, all of them aware."""
    ahead = (theirs - after).total_seconds() if theirs > after else (theirs - before).total_seconds()
    if before <= theirs <= after or abs(ahead) <= SECONDS:
        return ok(f"clock of {about}", "as this machine's")
    said = f"{abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} this machine's"
    return Finding(f"clock of {about}", "wrong", said, "have a time service set every machine's clock")
