"""Pieces of English documents and receipts: words, prices, dates, phone numbers, codes and the like."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from typing import TypeVar

import numpy as np

Rng = np.random.Generator
T = TypeVar("T")

CURRENCIES = ("$", "$", "", "", "RM ", "USD ", "EUR ", "€", "£")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STREETS = ("Street", "St.", "Road", "Rd.", "Avenue", "Ave", "Lane", "Drive", "Park", "Square", "Hill")
TITLES = ("", "", "Mr. ", "Mrs. ", "Dr. ")
COMPANIES = ("Ltd.", "Inc.", "& Co.", "SDN BHD", "LLC", "Group", "Store", "Trading", "& Sons")
DOMAINS = ("com", "org", "net", "co.uk", "info")
FIELDS = ("Total", "Subtotal", "Tax", "Cash", "Change", "Balance", "Amount due", "Rounding", "Discount", "VAT")
REFERENCES = ("Invoice", "Order", "Ref", "No", "Table", "Doc No.", "GST ID", "Cashier", "Member", "Batch", "SKU")
BRACKETS = ("()", "()", "[]", "{}", "<>", '""', "''", "**")
CASES: tuple[Callable[[str], str], ...] = (str, str, str, str.capitalize, str.capitalize, str.title, str.upper)


def pick(rng: Rng, items: Sequence[T]) -> T:
    """One of `items`; much faster than `rng.choice`."""
    return items[int(rng.integers(len(items)))]


def characters(rng: Rng, alphabet: str, length: int) -> str:
    """A random string of `length` characters."""
    return "".join([alphabet[i] for i in rng.integers(len(alphabet), size=length)])


@cache
def _listed(file: str) -> tuple[str, ...]:
    return tuple((resources.files(__package__) / file).read_text(encoding="utf-8").split())


def _word(rng: Rng) -> str:
    return pick(rng, _listed("words.txt"))


def _proper(rng: Rng) -> str:
    return pick(rng, _listed("names.txt"))


def _digits(rng: Rng, length: int) -> str:
    return characters(rng, string.digits, length)


def _words(rng: Rng) -> str:
    words = [_word(rng) for _ in range(rng.integers(1, 6))]
    text = pick(rng, CASES)(" ".join(words))
    joint = rng.random()
    if joint < 0.1 and len(words) > 2:
        text = text.replace(" ", pick(rng, (", ", "; ", " - ", ": ", "/", " & ", "-", " + ")), 1)
    elif joint < 0.15:
        brackets = pick(rng, BRACKETS)
        text = brackets[0] + text + brackets[1]
    return text + pick(rng, ("", "", "", "", ".", ",", "!", "?", ":", ";", "..."))


def _name(rng: Rng) -> str:
    text = f"{pick(rng, TITLES)}{_proper(rng)} {_proper(rng)}"
    return text.upper() if rng.random() < 0.2 else text


def _company(rng: Rng) -> str:
    text = f"{_proper(rng)} {_word(rng).title()} {pick(rng, COMPANIES)}"
    return text.upper() if rng.random() < 0.5 else text


def _amount(rng: Rng) -> str:
    value = round(float(10 ** rng.uniform(-0.3, 4)), 2)
    return pick(rng, CURRENCIES) + (f"{value:,.2f}" if rng.random() < 0.8 else f"{value:.0f}")


def _date(rng: Rng) -> str:
    day, month, year = int(rng.integers(1, 29)), int(rng.integers(1, 13)), int(rng.integers(1990, 2031))
    return pick(
        rng,
        (
            f"{day:02}/{month:02}/{year}",
            f"{day:02}/{month:02}/{year % 100:02}",
            f"{year}-{month:02}-{day:02}",
            f"{day:02}-{month:02}-{year}",
            f"{day}.{month}.{year}",
            f"{MONTHS[month - 1]} {day}, {year}",
            f"{day} {MONTHS[month - 1].upper()} {year}",
        ),
    )


def _time(rng: Rng) -> str:
    hour, minute, second = int(rng.integers(24)), int(rng.integers(60)), int(rng.integers(60))
    return pick(
        rng,
        (
            f"{hour:02}:{minute:02}",
            f"{hour:02}:{minute:02}:{second:02}",
            f"{hour % 12 + 1}:{minute:02} {'AM' if hour < 12 else 'PM'}",
        ),
    )


def _phone(rng: Rng) -> str:
    shape = pick(rng, ("+{} {}-{} {}", "({}{}) {}-{}", "{}{}-{}-{}", "Tel: {}{}-{}{}", "Fax: +{} {} {} {}"))
    return shape.format(*(_digits(rng, length) for length in (2, 1, 3, 4)))


def _code(rng: Rng) -> str:
    letters = characters(rng, string.ascii_uppercase, int(rng.integers(1, 4)))
    number = _digits(rng, int(rng.integers(3, 9)))
    return pick(
        rng,
        (f"{letters}-{number}", f"{letters}{number}", f"#{number}", number, f"{letters}_{number}", f"*{number}*"),
    )


def _reference(rng: Rng) -> str:
    return f"{pick(rng, REFERENCES)}{pick(rng, (': ', ' # ', ':', '. ', ' = '))}{_code(rng)}"


def _field(rng: Rng) -> str:
    text = f"{pick(rng, FIELDS)}{pick(rng, (':', '', ' =', ' :'))} {_amount(rng)}"
    return text.upper() if rng.random() < 0.4 else text


def _item(rng: Rng) -> str:
    name = pick(rng, CASES)(f"{_word(rng)} {_word(rng)}")
    return f"{rng.integers(1, 13)}{pick(rng, (' x ', ' ', ' @ ', 'x '))}{name} {_amount(rng)}"


def _percentage(rng: Rng) -> str:
    number = f"{rng.uniform(0, 100):.{rng.integers(3)}f}%"
    return pick(rng, (number, f"-{number}", f"GST {number}", f"({number})", f"~{number}"))


def _address(rng: Rng) -> str:
    street = f"{rng.integers(1, 300)}{pick(rng, ('', '', ',', 'A', '/2'))} {_proper(rng)} {pick(rng, STREETS)}"
    return street if rng.random() < 0.6 else f"{street}, {_digits(rng, 5)}"


def _mail(rng: Rng) -> str:
    user = f"{_proper(rng)}{pick(rng, ('.', '_', ''))}{_word(rng)}".lower()
    host = f"{_word(rng)}.{pick(rng, DOMAINS)}"
    return pick(rng, (f"{user}@{host}", f"{user}@{host}", f"www.{host}", f"https://{host}/{_word(rng)}"))


# As often as they stand here.
PIECES: tuple[Callable[[Rng], str], ...] = (
    *(_words,) * 9,
    *(_item,) * 3,
    *(_field,) * 3,
    *(_amount,) * 2,
    *(_code, _reference, _name, _company, _address, _date, _time, _phone, _percentage, _mail),
)
