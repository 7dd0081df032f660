"""Tests, package by package; strategies are shared between them."""
