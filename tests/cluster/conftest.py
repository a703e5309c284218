import logging

import pytest
from distributed import Client, LocalCluster


@pytest.fixture
def in_process():
    """A client of a cluster in this process: one worker with three threads."""
    logging.disable()
    try:
        with (
            LocalCluster(
                processes=False, n_workers=1, threads_per_worker=3, dashboard_address=None
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
    finally:
        logging.disable(logging.NOTSET)
