"""Named sets of font families, in the order in which they are drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

FONT_SETS: Mapping[str, tuple[str, ...]] = {
    # Print of all kinds: documents, receipts, signs, books. Installed with the extras `examples` and `fonts`.
    "print": (
        *(
            "Anton",
            "Archivo Narrow",
            "Arimo",
            "Arvo",
            "Barlow",
            "Barlow Condensed",
            "Chakra Petch",
            "Delius",
            "DM Mono",
        ),
        *("EB Garamond", "Fira Code", "Geist Mono", "IBM Plex Mono", "IBM Plex Serif", "Inconsolata", "Inter"),
        *("JetBrains Mono", "Lato", "Libre Baskerville", "Lora", "Merriweather", "Montserrat", "Noto Sans"),
        *("Noto Serif", "Nunito", "Open Sans", "Oswald", "Overpass", "Playfair Display", "Press Start 2P", "PT Sans"),
        *("PT Sans Narrow", "PT Serif", "Roboto", "Roboto Condensed", "Roboto Mono", "Roboto Slab", "Saira Condensed"),
        *("Share Tech", "Source Code Pro", "Space Mono", "Titillium Web", "Varela Round", "Work Sans"),
        *("Yanone Kaffeesatz", "Zilla Slab"),
    ),
    # Print of documents. Installed with the extra `examples`.
    "documents": (
        *("Arimo", "Inconsolata", "Inter", "Lato", "Lora", "Merriweather", "Noto Sans", "Noto Serif", "Open Sans"),
        *("PT Sans", "PT Serif", "Roboto", "Roboto Condensed", "Roboto Mono", "Source Code Pro", "Work Sans"),
    ),
}


def expand_font_sets(names: Iterable[str]) -> tuple[str, ...]:
    """`names` with each name of a set replaced by its families."""
    return tuple(family for name in names for family in FONT_SETS.get(name, (name,)))
