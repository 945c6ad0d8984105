"""What imports refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid


class Unclear(Invalid):
    """A cell that may mean several things, or none; `suggestion` is what could stand there instead, if there is a guess."""

    code = "cell-unclear"
    title = N_("Ô này chưa đọc được.")

    def __init__(
        self, title: str | None = None, *, suggestion: str = "", field: str | None = None, **values: object
    ) -> None:
        super().__init__(title, field=field, **values)
        self.suggestion = suggestion


class TooManyRows(Invalid):
    """The file has more rows than a producer's import takes."""

    code = "import-too-long"
    title = N_("Tệp có quá %(n)s dòng. Hãy chia thành vài tệp và nhập lần lượt.")


class WrongStep(Conflict):
    """The import is not at the step that was asked for: somebody was quicker, or it is being worked on."""

    code = "import-wrong-step"
    title = N_("Lần nhập này đang ở bước khác. Hãy tải lại trang để xem.")


class StillRefused(Conflict):
    """All rows were to be taken in one go, and some are refused."""

    code = "import-still-refused"
    title = N_(
        "Còn %(n)s dòng bị từ chối nên chưa ghi được tất cả một lần. Hãy sửa các dòng đó, hoặc chọn ghi từng dòng."
    )


class TooLate(Conflict):
    """An import can be undone for a day."""

    code = "import-undo-over"
    title = N_("Đã quá 24 giờ nên không hoàn tác được nữa.")
