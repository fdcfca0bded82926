"""What runs Luodi somewhere."""
