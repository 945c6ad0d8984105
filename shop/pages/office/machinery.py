"""`/office/jobs` and `/office/audit`: what the machine does and what people did."""

from __future__ import annotations

import time
from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import audit, clock, jobs, web
from shop.pages import listings
from shop.pages.office import bp


@bp.get("/jobs")
@guards.requires(Permission.JOB_READ)
def job_list() -> Any:
    """Work for later: waiting, done, failed."""
    view = listings.jobs(request.args)
    if view.export:
        return view.download()
    return render_template(
        "pages/office/jobs.html", here="/office/jobs", view=view, states=listings.JOB_STATES, now=clock.now()
    )


@bp.get("/jobs/schedules")
@guards.requires(Permission.JOB_READ)
def schedules() -> Any:
    """Recurring work: when it ran last and how that went."""
    known = listings.schedules()
    return render_template(
        "pages/office/schedules.html",
        here="/office/jobs",
        rows=[{"task": task, "row": known.get(task.name)} for task in jobs.periodic()],
        now=clock.now(),
    )


@bp.post("/jobs/<int:job_id>/retry")
@guards.requires(Permission.JOB_RETRY)
def retry_job(job_id: int) -> Any:
    """Put a failed job back into the queue."""
    if jobs.again(guards.actor(), job_id):
        flash(gettext("Việc này sẽ được chạy lại ngay."), "ok")
    else:
        flash(gettext("Việc này không còn ở trạng thái thất bại."), "warn")
    return redirect(web.path("/office/jobs?state=failed"))


@bp.get("/audit")
@guards.requires(Permission.AUDIT_READ)
def audit_log() -> Any:
    """Who did what; `check=1` recomputes the chain of seals."""
    view = listings.audit_log(request.args)
    if view.export:
        return view.download()
    broken, seconds = None, 0.0
    if request.args.get("check") == "1":
        began = time.perf_counter()
        broken, seconds = audit.broken_links(), time.perf_counter() - began
    return render_template(
        "pages/office/audit.html", here="/office/audit", view=view, broken=broken, seconds=round(seconds, 1)
    )
