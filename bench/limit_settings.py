"""How gunicorn serves the bare application: the shop's own settings, without what the shop does at its start."""

import gc
import os
from typing import Any

wsgi_app = "bench.limit:wsgi"
bind = [f"127.0.0.1:{os.environ['PORT']}"]
workers = 2
worker_class = "gthread"
threads = 8
preload_app = True
backlog = 1024
keepalive = 15
timeout = 60
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
loglevel = "warning"


def when_ready(server: Any) -> None:
    """As the shop does: what is loaded before the fork stays shared."""
    gc.collect()
    gc.freeze()
