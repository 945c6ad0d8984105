"""How gunicorn serves the shop. `shop/serve.py` starts it; alone: `gunicorn -c gunicorn.conf.py`."""

import os
from typing import Any

wsgi_app = "shop:create_app()"

# serve.py owns the listening socket and hands it down, so that a restart never refuses a connection.
_socket = os.environ.get("SERVE_SOCKET_FD")
bind = [f"fd://{_socket}" if _socket else f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"]

workers = int(os.environ.get("WORKERS", "2"))
worker_class = "gthread"
threads = int(os.environ.get("THREADS", "8"))
# Loaded once, then forked: the workers share the pages of code, and a broken shop fails before it listens.
preload_app = True
backlog = 1024
keepalive = 15
# A worker that answers nothing for this long is replaced; the longest honest request is an upload.
timeout = 60
graceful_timeout = 25
# Slow growth in any library is cut off now and then, not in all workers at once.
max_requests = int(os.environ.get("MAX_REQUESTS", "20000"))
max_requests_jitter = max_requests // 4
control_socket_disable = True
# Heartbeats touch a file; on a disk that stalls they would kill healthy workers.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - gunicorn makes a private file in it
# Only the proxies that TRUSTED_PROXIES counts may speak for a client; the application reads their headers itself.
forwarded_allow_ips = ""
limit_request_line = 4094
limit_request_field_size = 8190
accesslog = os.environ.get("ACCESS_LOG") or None
errorlog = "-"
loglevel = os.environ.get("LOG_LEVEL", "warning").lower()


def when_ready(server: Any) -> None:
    """Before the workers are forked: load what every one of them needs, so that they share it."""
    if _socket:  # the forker has done it
        return
    from shop.warm import warm

    warm(server.app.wsgi())


def post_worker_init(worker: Any) -> None:
    """Tell serve.py that requests are answered from now on."""
    ready = os.environ.get("SERVE_READY_FD")
    if ready:
        try:
            os.write(int(ready), b".")
        except OSError:  # the first worker has spoken already and nobody listens any more
            pass
