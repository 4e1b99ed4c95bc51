"""Keeping it running."""
