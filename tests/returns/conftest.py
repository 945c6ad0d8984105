"""The small shop of checkout."""

from tests.checkout.conftest import bench as bench
from tests.checkout.conftest import bench_with as bench_with
