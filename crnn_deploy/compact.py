"""The compact spelling of a config with a kind or a family: `frame-kl:until=0.5,weight=2`."""

from __future__ import annotations


def parse_compact(text: str, head: str) -> dict[str, object]:
    """`KIND:KEY=VALUE,…` as a mapping with the kind under the name `head`; numbers and booleans stay text.

    Raises:
        ValueError: if a setting is not key=value, or is given twice.
    """
    kind, _, rest = text.partition(":")
    settings: dict[str, object] = {head: kind}
    for setting in filter(None, rest.split(",")):
        key, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"'{setting}' is not key=value")
        if key in settings:
            raise ValueError(f"{key} is given twice")
        settings[key] = value
    return settings
