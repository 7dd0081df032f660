"""Counts how often something is traced, from outside."""

from collections.abc import Callable
from typing import Any


class TraceCounter:
    """Counts the calls of a method that compiled steps make while traced.

    Args:
        owner: Whose method it is; it is replaced by one that counts.
        name: Name of the method.
    """

    def __init__(self, owner: Any, name: str) -> None:
        self._name, self._count = name, 0
        method = getattr(owner, name)

        def counting(*args: Any, **kwargs: Any) -> Any:
            self._count += 1
            return method(*args, **kwargs)

        setattr(owner, name, counting)

    def require(self, count: int) -> None:
        """Refuses any other number of calls.

        Raises:
            AssertionError: Naming both numbers.
        """
        if self._count != count:
            raise AssertionError(
                f"`{self._name}` was traced {self._count} times, not {count}."
            )

    def once(self, work: Callable[[], float]) -> Callable[[], float]:
        """Returns work that refuses to have been traced more than once."""

        def checked() -> float:
            result = work()
            self.require(1)
            return result

        return checked
