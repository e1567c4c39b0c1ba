"""Writes a text file to render: names of countries, languages and currencies, dates and amounts, in one language.

    python benchmarks/names_of_the_world.py zh -o zh.txt

The names are those of Unicode's CLDR in the package babel, which mkdocs-material brings. Each line is one of them;
spaces that do not break are written as plain ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency

SHORTEST = 4  # characters


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", help="such as zh, zh_Hant, ja, ko, ar, he or hi")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    plain = str.maketrans("\u202f\xa0", "  ")
    lines = sorted({text.translate(plain) for text in phrases(Locale.parse(arguments.language))})
    kept = [line for line in lines if len(line) >= SHORTEST]
    arguments.output.write_text("\n".join(kept) + "\n", encoding="utf-8")
    print(f"{len(kept)} lines")


def phrases(locale: Locale) -> Iterator[str]:
    for names in (locale.territories, locale.languages, locale.currencies):
        yield from names.values()
    for count in range(1, 101):
        yield format_date(date(2024, 1, 1) + timedelta(days=3 * count), "full", locale=locale)
        yield format_currency(count**3 / 7, "CNY", locale=locale)


if __name__ == "__main__":
    main()
