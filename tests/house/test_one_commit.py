"""`transaction()` is the only commit of the program, and no call leaves the machine inside one."""

import ast

from tests.house import source

HOME = "shop/kernel/db.py"


def ends_a_transaction(node: ast.AST) -> bool:
    """A session's or connection's `commit()`, which takes nothing (`stock.commit(hold)` sells goods), or COMMIT as SQL."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
        return not node.args and not node.keywords
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip(" ;").upper() == "COMMIT"


def test_there_is_one_commit():
    wrong = []
    for path in source.python("shop", "config.py"):
        if source.place(path) == HOME:
            continue
        for node in source.nodes(path):
            if ends_a_transaction(node):
                wrong.append(source.place(path, node.lineno))
    assert not wrong, "only `with transaction():` commits"


def test_the_commit_is_written_once():
    assert sum(ends_a_transaction(node) for node in source.nodes(source.ROOT / HOME)) == 1


def test_the_clock_is_read_in_one_place():
    """Instants and days come from `kernel.clock`; nothing else asks the system what time it is."""
    asks = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
    wrong = []
    for path in source.python("shop"):
        if source.place(path) in {"shop/kernel/clock.py", "shop/serve.py", "shop/payments/fake_stripe.py"}:
            continue
        for node in source.nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                name = (
                    owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
                )
                if (name, node.func.attr) in asks:
                    wrong.append(source.place(path, node.lineno))
    assert not wrong, "use shop.kernel.clock"


def test_the_environment_is_read_in_one_place():
    allowed = {"config.py", "shop/serve.py", "shop/forker.py", "shop/payments/fake_stripe.py"}
    wrong = []
    for path in source.python("shop", "config.py"):
        if source.place(path) in allowed:
            continue
        for node in source.nodes(path):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in {"environ", "getenv"}
                and (isinstance(node.value, ast.Name) and node.value.id == "os")
            ):
                wrong.append(source.place(path, node.lineno))
    assert not wrong, "settings come from config.Config"
