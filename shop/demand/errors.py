"""Why demand refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class ForecastRunning(Conflict):
    """Another process is making the forecast."""

    code = "forecast-running"
    title = N_("Một lần dự báo khác đang chạy. Hãy đợi vài phút.")
