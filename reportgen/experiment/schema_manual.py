"""The reference of experiment files, in Markdown: every table and key, from their JSON Schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Node = Mapping[str, Any]

_ABOUT = """\
# Experiment file reference

An experiment file is [TOML](https://toml.io). It says what is learned, by which networks, under which penalties, and
which sections the article has. `data`, `arms` and `sections` are required; everything else has the default shown
here. Unknown keys, values of another type and values out of range are mistakes. All mistakes are reported at once, with
line and column, before anything is trained.

`reportgen new -o mine.toml` writes a commented file to start from. `reportgen schema > reportgen.schema.json` and
`#:schema reportgen.schema.json` as the first line of the file make an editor complete and check it. This page is what
`reportgen schema --format markdown` prints."""

_LAST = ("reading", "site", "sweep", "animation")
"""Tables that most files do not have; they come last."""
_REQUIRED = "**required**"


def manual(schema: Node, titles: Mapping[str, str]) -> str:
    """The page. `schema` is the JSON Schema of experiment files; `titles` are the headings of the sections by name."""
    tables, top = schema["$defs"], schema["properties"]
    plain = {key: node for key, node in top.items() if not _is_table(node) and key not in ("data", "arms")}
    data = [tables[_definition_name(ref)] for ref in top["data"]["oneOf"]]
    arms = [tables[_definition_name(ref)] for ref in top["arms"]["items"]["oneOf"]]
    parts = [
        _ABOUT,
        "## Top level",
        "These keys are above the first table.",
        _keys(plain, schema["required"]),
        "## Sections of the article",
        "The values of `sections`. A build trains only the runs that its sections need, so fewer build faster.",
        _table(["Name", "Heading"], [[f"`{name}`", title] for name, title in titles.items()]),
        "## `[data]`",
        f"{top['data']['description']} The other keys depend on `name`.",
        *_kinds(data, "name", "Data set", "data", tables),
        "## `[[arms]]`",
        f"{top['arms']['description']} Each arm has one such table, whose keys depend on `penalty`. "
        "Biases are never penalized.",
        *_kinds(arms, "penalty", "Penalty", "arms", tables),
    ]
    for heading, node in _subtables(dict(sorted(top.items(), key=lambda item: item[0] in _LAST)), tables):
        parts += [f"## `{heading}`", _prose(node["description"])]
        rows = {key: part for key, part in node["properties"].items() if not _is_table(part)}
        parts.append(_keys(rows, node.get("required", ())))
    return "\n\n".join(parts) + "\n"


def _subtables(
    properties: Mapping[str, Node], tables: Mapping[str, Node], above: str = ""
) -> Iterator[tuple[str, Node]]:
    """Tables that have only one kind, and their subtables, by heading: "[network]" or "[[reading]]"."""
    for key, node in properties.items():
        if _is_table(node):
            table = tables[_definition_name(_table_of(node))]
            name = f"{above}{key}"
            yield f"[[{name}]]" if node.get("type") == "array" else f"[{name}]", table
            yield from _subtables(table["properties"], tables, f"{name}.")


def _is_table(node: Node) -> bool:
    return "$ref" in _table_of(node)


def _table_of(node: Node) -> Node:
    """The table in an array or in an optional value; `node` itself for other values."""
    kinds = [node, node.get("items", {}), *node.get("anyOf", ())]
    return next((kind for kind in kinds if "$ref" in kind), node)


def _kinds(nodes: Iterable[Node], key: str, what: str, table: str, tables: Mapping[str, Node]) -> list[str]:
    """The keys that all kinds of a table share, then the keys of each kind."""
    nodes = list(nodes)
    shared = {name for name in nodes[0]["properties"] if len({_without_default(node, name) for node in nodes}) == 1} | {
        key
    }
    common = {name: part for name, part in nodes[1]["properties"].items() if name in shared and name != key}
    names = [f'`"{node["properties"][key]["const"]}"`' for node in nodes]
    kind = [f"`{key}`", ", ".join(names), _REQUIRED, nodes[0]["properties"][key]["description"]]
    parts = [_table(_HEAD, [kind, *_rows(common, nodes[1]["required"])])]
    for node in nodes:
        parts += [f"### {what} `{node['properties'][key]['const']}`", _prose(node["description"])]
        own = {name: part for name, part in node["properties"].items() if name not in shared}
        if plain := {name: part for name, part in own.items() if not _is_named(part)}:
            parts.append(_keys(plain, node["required"]))
        for name in own.keys() - plain.keys():
            inner = tables[_definition_name(own[name]["additionalProperties"])]
            parts += [f"#### `[{table}.{name}.NAME]`", own[name]["description"], _keys(inner["properties"], ())]
    return parts


def _is_named(node: Node) -> bool:
    """True for a table whose keys are names, each with a table of its own."""
    return "$ref" in (node.get("additionalProperties") or {})


def _without_default(kind: Node, key: str) -> str:
    """The schema of a key without its default, as text, to compare it among kinds."""
    return json.dumps({name: part for name, part in kind["properties"].get(key, {}).items() if name != "default"})


_HEAD = ["Key", "Value", "Default", "Meaning"]


def _keys(keys: Mapping[str, Node], required: Iterable[str]) -> str:
    return _table(_HEAD, _rows(keys, required))


def _rows(keys: Mapping[str, Node], required: Iterable[str]) -> list[list[str]]:
    required = set(required)
    return [
        [f"`{key}`", _values(node), _REQUIRED if key in required else _default(node), node.get("description", "")]
        for key, node in keys.items()
    ]


_MANY = 10
"""More names than this are too long for a cell of the table."""


def _values(node: Node, *, many: bool = False) -> str:
    """The allowed values: "whole number, 1 to 40"."""
    if "anyOf" in node:  # TOML has no null: the key is left out instead
        return _values(next(kind for kind in node["anyOf"] if kind.get("type") != "null"))
    if "enum" in node:
        return ", ".join(f"`{json.dumps(value)}`" for value in node["enum"])
    match node["type"]:
        case "boolean":
            return "`true`, `false`"
        case "string":
            if node.get("format") == "date":
                return "date, like `2026-11-23`"
            longest = f", at most {_number(node['maxLength'])} characters" if "maxLength" in node else ""
            pattern = node.get("pattern", "\\x")
            # A pattern that only excludes control characters does not help a reader.
            return f"text{longest}" + ("" if "\\x" in pattern else f" that matches `{pattern}`")
        case "array":
            items, most = node["items"], f"; at most {node['maxItems']} of them" if "maxItems" in node else ""
            if len(names := items.get("enum", ())) > _MANY:
                return "array of [names](#sections-of-the-article)"
            return f"array of {'any of ' if names else ''}{_values(items, many=True).replace('text', 'texts', 1)}{most}"
        case kind:
            return {"integer": "whole number", "number": "number"}[kind] + ("s" if many else "") + _range(node)


def _range(node: Node) -> str:
    if "minimum" in node and "maximum" in node:
        return f", {_number(node['minimum'])} to {_number(node['maximum'])}"
    words = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    bounds = [f"{word} {_number(node[bound])}" for bound, word in words.items() if bound in node]
    return f", {' and '.join(bounds)}" if bounds else ""


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _default(node: Node) -> str:
    value = node.get("default")
    return "none" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _prose(docstring: str) -> str:
    """A docstring as paragraphs; its references become a list."""
    text, _, references = docstring.partition("\n\nReferences:\n")
    listed = "".join(f"\n- {line.strip()}" for line in references.splitlines() if line.strip())
    return _escape_formulas(text) + (f"\n{listed}" if listed else "")


def _escape_formulas(text: str) -> str:
    """Text with escaped dollar signs, which Markdown would take for formulas."""
    return re.sub(r"\$", r"\\$", text)


def _definition_name(ref: Node) -> str:
    return str(ref["$ref"]).rpartition("/")[2]
