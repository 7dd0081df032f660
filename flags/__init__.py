"""Command lines, and the only readers of FLAGS."""
