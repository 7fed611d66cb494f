"""So many of something: files, lines, seconds, dollars."""

from collections.abc import Sequence

UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def plural(number: int, noun: str) -> str:
    """“1 file”, “1,200 files”."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def series(values: Sequence[str]) -> str:
    """“a”, “a and b”, “a, b and c”."""
    return " and ".join(filter(None, [", ".join(values[:-1]), *values[-1:]]))


def more(hidden: int) -> str:
    """The line behind a list that was cut."""
    return f"… and {hidden:,} more"


def counted(added: int, removed: int) -> str:
    """Lines, as they stand behind the name of a file."""
    return f" (+{added:,} −{removed:,})" if added or removed else ""


def lasting(seconds: float) -> str:
    """In the largest unit of which it is at least one."""
    whole = max(0, round(seconds))
    size, noun = next((unit for unit in UNITS if whole >= unit[0]), UNITS[-1])
    return plural(whole // size, noun)


def duration(seconds: float) -> str:
    """To the second, as long as that matters."""
    whole = int(seconds)
    if whole < 1:
        return "less than a second"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole // 60 % 60} min"


def price(dollars: float) -> str:
    """As exact as such a sum deserves."""
    if dollars >= 1:
        return f"${dollars:,.2f}"
    return f"${dollars:.4f}" if dollars >= 0.0001 else "less than $0.0001"
