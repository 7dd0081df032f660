"""The version of the package, apart from what the package offers."""

__version__ = "0.2.0"
