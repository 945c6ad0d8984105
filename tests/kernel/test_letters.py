"""Letters: one for a key, kept with their fact, sent once; a mail server that is away is waited for."""

from __future__ import annotations

import email
import email.policy
import socket
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller

from shop.kernel import clock, jobs, mail
from shop.kernel.db import session, transaction
from shop.kernel.jobs import Job
from shop.kernel.mail import Letter


class Box:
    """A mail server that keeps what it gets, or refuses."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.refuse = False
        self.port = 0

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return "451 later please"
        self.got.append(envelope.content)
        return "250 OK"


@pytest.fixture
def box():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    handler = Box()
    handler.port = port
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler
    controller.stop()


def write(key: str = "order-placed:HX7K") -> bool:
    with transaction():
        return mail.post(key, "test", "khach@example.vn", "Đã nhận đơn\nBcc: ai@do.vn", "Xin chào", "<p>Xin chào</p>")


def hurry() -> None:
    with transaction() as s:
        s.query(Job).update({"run_at": clock.now() - timedelta(seconds=1)})


def test_a_letter_goes_out_once_with_a_safe_subject(make_app, box):
    app = make_app(smtp_url=f"smtp://127.0.0.1:{box.port}")
    with app.app_context():
        assert write()
        assert not write()
        jobs.dispatch()
        jobs.dispatch()
        assert len(box.got) == 1
        head = box.got[0].split(b"\r\n\r\n")[0]
        assert b"\r\nBcc:" not in head
        assert b"Message-ID: <" in head
        assert session().query(Letter).one().sent_at is not None


def test_a_mail_server_that_is_away_is_waited_for(make_app, box):
    app = make_app(smtp_url=f"smtp://127.0.0.1:{box.port}")
    box.refuse = True
    with app.app_context():
        write()
        jobs.dispatch()
        assert session().query(Letter).one().sent_at is None
        box.refuse = False
        hurry()
        jobs.dispatch()
        hurry()
        jobs.dispatch()
        assert len(box.got) == 1


def test_without_a_server_letters_are_files(ctx):
    write()
    jobs.dispatch()
    folder = ctx.extensions["shop_config"].instance_dir / "mail"
    files = list(folder.glob("*.eml"))
    assert len(files) == 1
    assert b"khach@example.vn" in files[0].read_bytes()


@pytest.mark.parametrize(
    "subject",
    [
        "Hàng đang giữ cho bạn: Trứng vịt biển Đồng Rui",
        "Đơn Mực ống Cô Tô khô đang trên đường đến bạn",
        "Đã có hàng, đang giữ cho bạn: Gà Tiên Yên",
    ],
)
def test_a_long_subject_keeps_its_blanks(ctx, subject):
    """Folded into encoded words by Python 3.11, some of them came apart as "RuiĐồng"."""
    with transaction():
        mail.post("long", "test", "lan@example.com", subject, "Thân thư\n" + "chữ " * 400)
    letter = session().query(Letter).filter_by(key="long").one()
    raw = bytes(mail._message(letter))
    assert email.message_from_bytes(raw, policy=email.policy.default)["Subject"] == subject
    body = raw.split(b"\n\n", 1)[1]
    assert max(map(len, body.splitlines())) <= 78
