"""`flask seed` at the command line: what it refuses and what it prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask


def run(app: Flask, *arguments: str) -> Any:
    return app.test_cli_runner().invoke(args=["seed", *arguments])


def test_the_demonstration_is_refused_in_production(make_app: Callable[..., Flask]) -> None:
    app = make_app(mode="production")
    for arguments in (["--profile", "demo"], ["--profile", "demo", "--yes-really"]):
        answer = run(app, *arguments)
        assert answer.exit_code == 1
        assert "never loaded in production" in answer.output


def test_the_holdout_asks_twice_in_production(make_app: Callable[..., Flask]) -> None:
    app = make_app(mode="production")
    answer = run(app, "--profile", "holdout")
    assert answer.exit_code == 1
    assert "--yes-really" in answer.output


@pytest.mark.parametrize(
    "arguments",
    [[], ["--profile", "other"], ["--profile", "demo", "--seed", "x"], ["--profile", "demo", "--seed", "-1"]],
)
def test_wrong_words_are_refused(app: Flask, arguments: list[str]) -> None:
    assert run(app, *arguments).exit_code == 2


def test_it_prints_one_object(lived_in: Any) -> None:
    answer = run(lived_in.app, "--profile", "demo", "--json")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.output) == lived_in.demo


def test_it_prints_the_log_ins(lived_in: Any) -> None:
    answer = run(lived_in.app, "--profile", "demo", "--logins")
    assert answer.exit_code == 0
    for user in lived_in.demo["users"]:
        assert any(user["username"] in line and user["password"] in line for line in answer.output.splitlines())


def test_it_says_what_there_is(lived_in: Any) -> None:
    assert "36 producers" in run(lived_in.app, "--profile", "demo").output


def test_preparing_a_start_never_brings_the_demonstration_into_production(make_app: Callable[..., Flask]) -> None:
    answer = make_app(mode="production").test_cli_runner().invoke(args=["prepare", "--demo"])
    assert answer.exit_code == 1
    assert "never loaded in production" in answer.output
