import pytest

from nse_tf.reporting import units


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.07123, "0.0712"),
        (0.14, "0.140"),
        (9.996, "10.0"),
        (12.34, "12.3"),
        (123.4, "123"),
        (1234.5, "1,230"),
        (2e-9, "0.000000"),
    ],
)
def test_three_digits(value: float, text: str) -> None:
    assert units.three_digits(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (812, "812"),
        (999.9, "1.00 k"),
        (1178720, "1.18 M"),
        (999_999, "1.00 M"),
        (470_792_064, "471 M"),
        (1.2e9, "1.20 G"),
        (4.5e13, "45,000 G"),
    ],
)
def test_counts_get_a_prefix(value: float, text: str) -> None:
    assert units.short_count(value) == text


@pytest.mark.parametrize(
    ("name", "value", "short", "exact"),
    [
        ("macs", 1178720, "1.18 M", "1,178,720"),
        ("params", 812, "812", "812"),
        ("latency_ms", 0.142345, "0.142 ms", "0.1423 ms"),
        ("size_bytes", 54328, "54.3 kB", "54,328 bytes"),
    ],
)
def test_costs_get_their_unit(
    name: str, value: float, short: str, exact: str
) -> None:
    assert units.short_cost(name, value) == short
    assert units.exact_cost(name, value) == exact


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (21.4, "21 s"),
        (59.7, "1 min 0 s"),
        (201.75, "3 min 22 s"),
        (3599.9, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_time_is_written_as_people_do(seconds: float, text: str) -> None:
    assert units.duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "1"),
        (999_999, "999,999"),
        (221502229807900608, "2.2 · 10¹⁷"),
        (10**400, "1.0 · 10⁴⁰⁰"),
        (9_999_999, "1.0 · 10⁷"),
    ],
)
def test_sizes_of_any_magnitude_are_written(number: int, text: str) -> None:
    assert units.short_whole(number) == text


def test_dates_keep_their_zone() -> None:
    utc = units.date_text("2026-11-22T06:10:05+00:00")
    assert utc == "2026-11-22 06:10 UTC"
    there = units.date_text("2026-11-22T06:10:05+05:30")
    assert there == "2026-11-22 06:10+05:30"
