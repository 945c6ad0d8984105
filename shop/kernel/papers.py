"""Papers as PDF. What varies goes into a template as data, never as source: nothing a customer types can be a command.

A template (`templates/<room>/papers/<name>.typ`) reads its data with `json(bytes(sys.inputs.data))`; its words come with the
data, already in the reader's language. Only the fonts inside the typesetter are used, so that a paper looks the same on
every machine; nothing is fetched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from config import ROOT

TEMPLATES = ROOT / "templates"


@lru_cache(maxsize=1)
def _fonts() -> Any:
    import typst  # 30 MB that only papers need

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


def pdf(template: str, data: Mapping[str, Any], *, title: str = "") -> bytes:
    """Return the paper that `template` (`pages/papers/packing.typ`) makes of `data` (plain values), as PDF.

    Raises:
        FileNotFoundError: there is no such template.
        typst.TypstError: the template is wrong.
    """
    made: bytes = _made(template, data, title, "pdf")
    return made


def picture(template: str, data: Mapping[str, Any], *, dpi: int = 120) -> list[bytes]:
    """The pages of the same paper as PNG, for looking at."""
    made = _made(template, data, "", "png", ppi=float(dpi))
    return [made] if isinstance(made, bytes) else list(made)


def _made(template: str, data: Mapping[str, Any], title: str, kind: str, **more: Any) -> Any:
    import typst

    path: Path = TEMPLATES / template
    if not path.is_file():
        raise FileNotFoundError(template)
    compiler: Any = typst.compile
    return compiler(
        str(path),
        root=str(TEMPLATES),
        format=kind,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps({"title": title, **data}, ensure_ascii=False)},
        **more,
    )
