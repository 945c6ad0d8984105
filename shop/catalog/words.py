"""Facts of goods as people say them."""

from __future__ import annotations

from calendar import month_abbr

from shop.kernel import web
from shop.kernel.wording import gettext as _


def season_text(months: int) -> str | None:
    """The months of a season as people say them: `tháng 7–8, 10`; None for all year."""
    chosen = [m for m in range(1, 13) if months & (1 << (m - 1))]
    if not chosen or len(chosen) == 12:
        return None
    runs: list[list[int]] = []
    for m in chosen:
        if runs and m == runs[-1][-1] + 1:
            runs[-1].append(m)
        else:
            runs.append([m])
    if len(runs) > 1 and runs[0][0] == 1 and runs[-1][-1] == 12:  # over the turn of the year
        runs[0] = runs.pop() + runs[0]
    name = month_abbr.__getitem__ if web.language() == "en" else str
    return _(
        "tháng %(months)s", months=", ".join("–".join(name(m) for m in dict.fromkeys((r[0], r[-1]))) for r in runs)
    )
