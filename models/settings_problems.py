"""What is wrong with a configuration, in the words of whoever wrote it: where it stands, and which key is near.

Refuses to know any setting: it is given the model.
"""

from __future__ import annotations

from typing import Any, get_args, get_origin

from pydantic import BaseModel

from models.nearest import nearest


def _place(location: tuple[str | int, ...], document: Any) -> str:  # noqa: ANN401 (whatever stands there)
    """Return where something stands as people find it: entries of a list counted from 1, with their name."""
    parts: list[str] = []
    for part in location:
        if isinstance(part, str):
            document = document.get(part) if isinstance(document, dict) else None
            parts.append(part)
            continue
        document = document[part] if isinstance(document, list) else None
        name = document.get("name") if isinstance(document, dict) else None
        parts[-1] += f" {part + 1}" + (f" ({name})" if isinstance(name, str) else "")
    return ".".join(parts)


def problem(item: dict[str, Any], document: dict[str, Any], root: type[BaseModel]) -> str:
    """Return what is wrong with one setting, as a sentence without its full stop.

    Args:
        item: What pydantic found.
        document: The whole configuration as it was written.
        root: The model of the whole configuration.
    """
    place = _place(item["loc"], document)
    if item["type"] == "tuple_type":
        return f"{place}: " + (f"write [[{place}]]" if isinstance(item["input"], dict) else "must be a list, in [ ]")
    if item["type"] != "extra_forbidden":
        return f"{place}: {str(item['msg']).removeprefix('Value error, ')}"
    section = _section_at(item["loc"][:-1], root)
    known = list(section.model_fields) if section else []
    near = nearest(str(item["loc"][-1]), known, most=1)
    told = f"nearest known key is '{near[0]}'" if near else f"known keys are {', '.join(known)}" if known else ""
    return f"unknown key '{place}'" + (f", {told}" if told else "")


def _section_at(location: tuple[str | int, ...], root: type[BaseModel]) -> type[BaseModel] | None:
    section = root
    for part in location:
        if isinstance(part, int):
            continue
        annotation: Any = section.model_fields[part].annotation
        while get_origin(annotation) is not None:
            annotation = get_args(annotation)[0]
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return None
        section = annotation
    return section
