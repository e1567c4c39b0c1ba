"""All mutations of a Python module, from its syntax tree.

Left out is what no test of behaviour can see: docstrings and other text, f-strings (they are messages), annotations and
aliases of types, decorators, `assert` (it tells types to mypy), `zip(strict=)` (it guards against defects in the code
itself), and the `description` and `examples` of fields.
"""

from __future__ import annotations

import ast
import io
import tokenize
from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise

from mutants.mutation import Mutation, mutation_at

_OPERATORS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==",
    "is": "is not", "is not": "is", "in": "not in", "not in": "in",
    "+": "-", "-": "+", "*": "/", "/": "*", "//": "*", "%": "*", "**": "*", "&": "|", "|": "&", "<<": ">>", ">>": "<<",
    "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "&=": "|=", "|=": "&=",
    "and": "or", "or": "and",
}  # fmt: skip
_NAMES = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "argmin": "argmax", "argmax": "argmin",
    "any": "all", "all": "any", "floor": "ceil", "ceil": "floor",
}  # fmt: skip
_TEXT_KEYWORDS = {"description", "examples", "strict"}
_AXIS_KEYWORDS = {"axis", "dim"}


def python_mutations(path: str, source: str) -> list[Mutation]:
    """The mutations of `source`, which is the file `path`, in its order; all of them compile."""
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    return sorted(finder.found)


class _Finder(ast.NodeVisitor):
    def __init__(self, path: str, source: str) -> None:
        self.found: list[Mutation] = []
        self._path = path
        self._source = source
        self._lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        kinds = (tokenize.OP, tokenize.NAME)
        self._tokens = [(self._starts[t.start[0] - 1] + t.start[1], t.string) for t in tokens if t.type in kinds]

    def visit_Compare(self, node: ast.Compare) -> None:
        self._operators([node.left, *node.comparators])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self._operators(node.values)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if not (_is_text(node.left) or _is_text(node.right)):
            self._operators([node.left, node.right])
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if not _is_text(node.value):
            self._operators([node.target, node.value])
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        start, operand = self._start(node), node.operand
        if isinstance(node.op, ast.USub) and isinstance(operand, ast.Constant) and isinstance(operand.value, int):
            self._add(start, self._source[start : self._end(node)], repr(1 - operand.value))  # -1: often an axis
            return
        if isinstance(node.op, ast.Not):
            self._add(start, "not ", "")
        elif isinstance(node.op, ast.USub):
            self._add(start, "-", "")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        self._constant(node, _next(node.value))

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in _NAMES:
            self._add(self._end(node.func) - len(name), name, _NAMES[name])
        self.visit(node.func)
        for argument in node.args:
            self.visit(argument)
        names = {keyword.arg for keyword in node.keywords}
        for keyword in node.keywords:
            if names & {"min", "max"} == {keyword.arg}:  # as in clamp(min=1)
                self._add(self._start(keyword), str(keyword.arg), _NAMES[str(keyword.arg)])
            self._keyword(keyword)

    def _keyword(self, keyword: ast.keyword) -> None:
        if keyword.arg in _TEXT_KEYWORDS:
            return
        value = keyword.value
        if keyword.arg in _AXIS_KEYWORDS and isinstance(value, ast.Constant) and value.value in (1, 2):
            self._constant(value, value.value - 1)  # an axis that exists
        else:
            self.visit(value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        for statement in node.body:
            self.visit(statement)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        if not _is_type(node.value):
            self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Messages."""

    def visit_Assert(self, node: ast.Assert) -> None:
        """Types for mypy."""

    def _operators(self, operands: Iterable[ast.expr]) -> None:
        """The operator between each operand and the next."""
        for left, right in pairwise(operands):
            first = bisect_left(self._tokens, (self._end(left), ""))
            last = bisect_left(self._tokens, (self._start(right), ""))
            parts = [token for token in self._tokens[first:last] if token[1] not in "()"]
            operator = " ".join(text for _, text in parts)
            if operator in _OPERATORS:
                self._add(parts[0][0], operator, _OPERATORS[operator])

    def _constant(self, node: ast.Constant, value: object) -> None:
        if value is not None:
            start = self._start(node)
            self._add(start, self._source[start : self._end(node)], repr(value))

    def _add(self, start: int, before: str, after: str) -> None:
        self.found.append(mutation_at(self._path, self._source, start, before, after))

    def _start(self, node: ast.expr | ast.keyword) -> int:
        return self._offset(node.lineno, node.col_offset)

    def _end(self, node: ast.expr) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._offset(node.end_lineno, node.end_col_offset)

    def _offset(self, line: int, column: int) -> int:
        """In characters; the columns of a syntax tree count bytes of UTF-8."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())


def _next(value: object) -> object:
    """A value beside `value`; None for what is no number or boolean."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 2 or 1.0
    return None


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_type(node: ast.expr) -> bool:
    """Whether the value of an assignment is an alias of a type, such as `Callable[[int], str]` or `A | B`."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.BitOr) and _is_type(node.left) and _is_type(node.right)
    subject = node.value if isinstance(node, ast.Subscript) else node
    return isinstance(subject, ast.Name) and (subject.id in ("dict", "list", "tuple", "set") or subject.id.istitle())
