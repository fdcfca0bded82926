"""What a figure is and how it is judged: pure, reads no clock, asks nobody."""
