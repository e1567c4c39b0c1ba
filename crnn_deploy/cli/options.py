"""Typer commands from configs: every option of a verb is made from a field of the verb's config.

A verb is a function `verb(config, as_json)`. Its command offers an option for each field of the config, hands the
values that the user gives to the config, and calls the verb. Errors name the options as the user writes them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, get_type_hints

import typer
from pydantic.fields import FieldInfo

from crnn_deploy.cli.completion import complete_files, complete_words
from crnn_deploy.cli.field_types import FieldType, head_of, help_text, inner_fields, read_type
from crnn_deploy.compact import parse_compact
from crnn_deploy.config import Argument, Flags, Frozen, NoOption, OneByOne
from crnn_deploy.errors import InputError
from crnn_deploy.validation import parse

C = TypeVar("C", bound=Frozen)
Verb = Callable[..., None]

_JSON = typer.Option("--json", metavar="", help="Print one JSON object on stdout instead of text.")
DEBUG = typer.Option("--debug", metavar="", help="Show the traceback of an error.")


@dataclass(frozen=True)
class Setting:
    """One option or argument of a command, and the field of the config that takes its value.

    Attributes:
        parameter: name of the command's Python parameter.
        path: of the field: `("data",)`, or `("student", "width")` in a nested config.
        spelling: as the user writes it, such as `--width`.
        annotation: of the Python parameter, for Typer.
        required: whether it must be given.
        flag: the value of the field that a flag stands for; None: the option has a value of its own.
    """

    parameter: str
    path: tuple[str, ...]
    spelling: str
    annotation: Any
    required: bool = False
    flag: str | None = None


@dataclass(frozen=True)
class Shown:
    """What a flag shows before the command ends, and its help."""

    help: str
    show: Callable[[], None]


def command(verb: Verb, shown: Mapping[str, Shown] = MappingProxyType({})) -> Verb:
    """The Typer command of a verb, with `--json`, `--debug` and an option for each field of its config.

    Args:
        shown: flags that show something instead of running the verb.
    """
    config: type[Frozen] | None = get_type_hints(verb).get("config")
    settings = list(settings_of(config)) if config else []
    renamed = list(_renamed(config)) if config else []

    def run(as_json: bool = False, _debug: bool = False, **values: Any) -> None:
        if config is None:
            verb(as_json=as_json)
            return
        _refuse_renamed(renamed, values)
        verb(config=read_config(config, settings, values, verb_name(verb)), as_json=as_json)

    ordered = sorted(settings, key=lambda setting: not setting.required and setting.flag is None)
    parameters = [_parameter(setting) for setting in (*ordered, *renamed)]
    parameters.append(_keyword("as_json", Annotated[bool, _JSON], default=False))
    parameters.append(_keyword("_debug", Annotated[bool, DEBUG], default=False))
    parameters += [_showing(name, each) for name, each in shown.items()]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__name__, run.__doc__ = verb.__name__, verb.__doc__
    return run


def _showing(name: str, shown: Shown) -> inspect.Parameter:
    def callback(value: bool) -> None:
        if value:
            shown.show()
            raise typer.Exit

    info = typer.Option(f"--{name}", metavar="", help=shown.help, is_eager=True, callback=callback, show_default=False)
    return _keyword(f"_show_{name}", Annotated[bool, info], default=False)


def verb_name(verb: Verb) -> str:
    """`build-engine` of the function `build_engine`."""
    return verb.__name__.strip("_").replace("_", "-")


def settings_of(config: type[Frozen]) -> Iterator[Setting]:
    """The options and arguments that the fields of a config make, in the order of the fields."""
    for name, field in config.model_fields.items():
        kind = read_type(field)
        if isinstance(kind.option, NoOption):
            continue
        if isinstance(kind.option, Flags):
            yield from _flags(name, field, kind)
            continue
        yield _setting((name,), field, kind)
        if isinstance(kind.option, OneByOne):
            yield from (_setting((name, inner), each, read_type(each)) for inner, each in inner_fields(kind).items())


def read_config(config: type[C], settings: Sequence[Setting], values: dict[str, Any], verb: str) -> C:
    """The config that the values of the options make. What the user did not give is left to the config's defaults.

    Args:
        values: by parameter; None or an empty list where the option was not given.
        verb: its name, for the messages.

    Raises:
        InputError: if a value is wrong, a setting is given twice, or one of several flags is missing.
    """
    given = [setting for setting in settings if values[setting.parameter] not in (None, [])]
    data: dict[str, Any] = {}
    for setting in given:
        value = setting.flag or values[setting.parameter]
        if len(setting.path) == 2:
            _add_inner(config, data, setting, value)
        elif setting.flag and setting.path[0] in data:
            other = f"--{data[setting.path[0]]}"
            raise InputError(
                f"{verb} takes only one {setting.path[0]}.", fix=f"Leave out {other} or {setting.spelling}."
            )
        else:
            data[setting.path[0]] = value
    _require_flags(data, settings, verb)
    return parse(config, data, "The command line", partial(_spell, settings))


def _setting(path: tuple[str, ...], field: FieldInfo, kind: FieldType) -> Setting:
    """The option or argument of one field. Nothing but required ones has a default: the config knows the defaults."""
    required = field.is_required() and len(path) == 1
    spelling = f"--{(kind.option.name or path[-1]).replace('_', '-')}"
    shown: dict[str, Any] = {"help": help_text(field, kind), "show_default": False}
    shown |= {"autocompletion": _completion(kind)}
    value: Any = list[kind.value] if kind.several else kind.value  # type: ignore[name-defined]
    if isinstance(kind.option, Argument):
        spelling = kind.metavar
        info: Any = typer.Argument(metavar=kind.metavar, **shown)
    elif kind.value is bool:
        both = f"{spelling}/--no-{spelling.removeprefix('--')}"
        info = typer.Option(both if field.default is True else spelling, metavar="", **shown)
    else:
        names = (spelling, kind.option.short) if kind.option.short else (spelling,)
        info = typer.Option(*names, metavar=kind.metavar, **shown)
    return Setting("_".join(path), path, spelling, Annotated[value if required else value | None, info], required)


def _flags(name: str, field: FieldInfo, kind: FieldType) -> Iterator[Setting]:
    """One flag for each value of a field."""
    texts = dict(kind.option.texts) if isinstance(kind.option, Flags) else {}
    for word in kind.words:
        info = typer.Option(f"--{word}", help=texts.get(word, field.description), metavar="", show_default=False)
        yield Setting(f"{name}_{word}", (name,), f"--{word}", Annotated[bool | None, info], flag=word)


def _renamed(config: type[Frozen]) -> Iterator[Setting]:
    """Hidden options under the names of earlier versions, which say what the option is called now."""
    for old in config.RENAMED:
        spelling = f"--{old.replace('_', '-')}"
        info = typer.Option(spelling, hidden=True)
        yield Setting(f"renamed_{old}", (old,), spelling, Annotated[str | None, info], flag=config.RENAMED[old])


def _refuse_renamed(renamed: Sequence[Setting], values: dict[str, Any]) -> None:
    for setting in renamed:
        if values[setting.parameter] is not None and setting.flag is not None:
            name, comma, remark = setting.flag.partition(",")
            raise InputError(f"{setting.spelling} is now --{name.replace('_', '-')}{comma}{remark}.")


def _add_inner(config: type[Frozen], data: dict[str, Any], setting: Setting, value: Any) -> None:
    """Put a field of a nested config beside those that `--student FAMILY:KEY=VALUE,…` gives."""
    outer, inner = setting.path
    if isinstance(data.get(outer), str):
        try:
            data[outer] = parse_compact(data[outer], head_of(read_type(config.model_fields[outer])))
        except ValueError as error:
            raise InputError(f"--{outer} {error}") from None
    nested = data.setdefault(outer, {})
    if inner in nested:
        raise InputError(
            f"{inner} is given twice, in --{outer} and by {setting.spelling}.", fix="Leave one of them out."
        )
    nested[inner] = value


def _require_flags(data: dict[str, Any], settings: Sequence[Setting], verb: str) -> None:
    """Raise `InputError` if none of the flags of a field was given."""
    flags: dict[str, list[str]] = {}
    for setting in settings:
        if setting.flag is not None:
            flags.setdefault(setting.path[0], []).append(setting.spelling)
    for name, spellings in flags.items():
        if name not in data:
            *others, last = spellings
            fix = f"Give one of {', '.join(others)} and {last}." if others else f"Add {last}."
            raise InputError(f"{verb} needs to know the {name}.", fix=fix)


def _spell(settings: Sequence[Setting], location: str) -> str:
    """How the user writes the field at a location such as `student.width` or `losses.0.frame-kl.until`."""
    path = tuple(part for part in location.split(".") if not part.isdecimal())
    ends = path if len(path) < 2 else (path[0], path[-1])  # between both may stand the family
    exact = next((setting.spelling for setting in settings if setting.path == ends), None)
    if exact is not None:
        return exact
    outer = next((setting for setting in settings if setting.path == path[:1]), None)
    if outer is None:
        return location
    return outer.spelling if len(path) == 1 else f"{outer.spelling} …{path[-1]}"


def _parameter(setting: Setting) -> inspect.Parameter:
    return _keyword(setting.parameter, setting.annotation, inspect.Parameter.empty if setting.required else None)


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _completion(kind: FieldType) -> Callable[[str], list[str]] | None:
    """What the shell offers; a callable, since Typer looks at its parameters."""
    if kind.words:
        return lambda incomplete: complete_words(kind.words, incomplete)
    if kind.completes_files:
        return lambda incomplete: complete_files(kind.option.suffixes, incomplete)
    return None
