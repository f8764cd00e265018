"""`python -m sdp.media`: one media worker. Configured by the environment, ended by SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys

from sdp.media.configuration import Configuration, ConfigurationError
from sdp.media.server import serve
from sdp.media.worker import Worker

log = logging.getLogger("sdp.media")

#: The collector looks at what is new each time there are so many objects more. Python's 700 are
#: there 50 times a second: recorded packets are kept for a while. This many take half a millisecond.
YOUNG = 10_000


async def run(configuration: Configuration) -> None:
    """Serve until SIGTERM or SIGINT, drain, and return."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    worker = Worker(configuration)
    await worker.start()
    warming = asyncio.create_task(worker.sources.warm_all())
    runner = await serve(worker, configuration.secret, configuration.listen)
    # what is there now stays for ever: the collector need not look at it in the middle of a call
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)
    log.info("ready for %d calls", configuration.capacity)
    await ended.wait()
    log.info("draining for up to %g seconds", configuration.drain_seconds)
    warming.cancel()
    await worker.drain()
    await worker.stop()
    await runner.cleanup()


def main() -> int:
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL", "INFO").upper(),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    try:
        configuration = Configuration.from_environment(os.environ)
    except ConfigurationError as error:
        log.error("%s", error)
        return 2
    try:
        asyncio.run(run(configuration))
    except OSError as error:  # the folder, the socket or the address cannot be used
        log.error("the worker cannot run: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
