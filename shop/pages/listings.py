"""Lists of the kernel's own rows for staff: jobs and the audit log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, or_, select

from shop.kernel import clock, tables
from shop.kernel.audit import AuditRow
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.kernel.jobs import Job, JobState, Schedule

JOB_STATES = {
    JobState.QUEUED: N_("Đang chờ"),
    JobState.DONE: N_("Đã xong"),
    JobState.FAILED: N_("Thất bại"),
}


def _state(value: str) -> ColumnElement[bool]:
    if value == "trying":
        return (Job.state == JobState.QUEUED) & Job.last_error.is_not(None)
    return Job.state == JobState(value)


def _like(column: Any, typed: str) -> ColumnElement[bool]:
    pattern = "%" + typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    found: ColumnElement[bool] = column.ilike(pattern, escape="\\")
    return found


JOBS = tables.Table(
    name="viec-nen",
    columns=(
        tables.Column("name", N_("Tên việc"), sort=(Job.name,)),
        tables.Column("payload", N_("Về"), value=lambda j: json.dumps(j.payload, ensure_ascii=False)),
        tables.Column("state", N_("Trạng thái"), sort=(Job.state,), value=lambda j: gettext(JOB_STATES[j.state])),
        tables.Column("attempts", N_("Số lần thử"), kind="num", sort=(Job.attempts,)),
        tables.Column("run_at", N_("Chạy lúc"), sort=(Job.run_at,)),
        tables.Column("last_error", N_("Lỗi gần nhất")),
        tables.Column("", "", kind="do", in_export=False),
    ),
    order="-run_at",
    tie=Job.id,
    filters=(
        tables.Filter(
            "state",
            N_("Trạng thái"),
            _state,
            [
                ("failed", N_("Thất bại")),
                ("trying", N_("Đang thử lại")),
                ("queued", N_("Đang chờ")),
                ("done", N_("Đã xong")),
            ],
        ),
    ),
    search=lambda q: _like(Job.name, q),
)


def jobs(args: Mapping[str, str]) -> tables.View:
    """The list of jobs, as the address asks for it."""
    return JOBS.open(args, "/office/jobs", select(Job), make=lambda row: row[0])


def schedules() -> dict[str, Schedule]:
    """When recurring work ran, by its name."""
    return {row.name: row for row in session().scalars(select(Schedule))}


def detail_text(detail: Mapping[str, Any]) -> str:
    """The facts of an audit row in one line."""
    return "; ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in detail.items())


AUDIT = tables.Table(
    name="nhat-ky",
    columns=(
        tables.Column("at", N_("Lúc"), sort=(AuditRow.id,)),
        tables.Column("actor", N_("Ai"), sort=(AuditRow.actor_label,), value="actor_label"),
        tables.Column("actor_key", N_("Mã người làm"), on_page=False),
        tables.Column("address", N_("Địa chỉ mạng"), on_page=False),
        tables.Column("action", N_("Làm gì"), sort=(AuditRow.action,)),
        tables.Column("target", N_("Với"), sort=(AuditRow.target,)),
        tables.Column("detail", N_("Chi tiết"), value=lambda row: detail_text(row.detail)),
        tables.Column("seal", N_("Niêm phong"), on_page=False),
    ),
    order="-at",
    tie=AuditRow.id,
    filters=(
        tables.Filter("since", N_("Từ ngày"), lambda day: AuditRow.at >= clock.start_of(day), kind="day"),
        tables.Filter("until", N_("Đến ngày"), lambda day: AuditRow.at < clock.end_of(day), kind="day"),
    ),
    search=lambda q: or_(
        _like(AuditRow.action, q), _like(AuditRow.target, q), _like(AuditRow.actor_label, q), AuditRow.actor_key == q
    ),
)


def audit_log(args: Mapping[str, str]) -> tables.View:
    """The audit log, as the address asks for it."""
    return AUDIT.open(args, "/office/audit", select(AuditRow), make=lambda row: row[0])
