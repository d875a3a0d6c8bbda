"""HTML pages from templates of workflow/report."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Mapping

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def render(template: Path, filters: Mapping[str, Callable[..., str]], content: Mapping[str, Any]) -> str:
    """The page; a variable that ``content`` lacks is an error."""
    loader = FileSystemLoader(template.parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters.update(filters)
    page = environment.get_template(template.name).render(**content)
    # Reasons name files, whose bytes that are no UTF-8 arrive as lone surrogates, which no page can hold.
    return page.encode("utf-8", "backslashreplace").decode("utf-8")
