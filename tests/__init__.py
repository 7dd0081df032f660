"""Tests, room by room; a package so that rooms can share strategies."""
