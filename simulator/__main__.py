"""``python -m simulator``: serve until SIGTERM or SIGINT."""

import asyncio
import json
import logging
import os
import signal
import sys

from aiohttp import web

from simulator.options import Options, parse
from simulator.server import application


async def serve(options: Options) -> None:
    """Serve; prints one JSON line with the URL when ready."""
    app, network = await application(
        options.number,
        host=options.host,
        time_scale=options.time_scale,
        strict_keys=options.strict_keys,
        sound_dir=options.sound_dir,
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, options.host, options.port)
    await site.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    network.url = f"http://{options.host}:{runner.addresses[0][1]}"
    sys.stdout.write(json.dumps({"url": network.url}) + "\n")
    sys.stdout.flush()
    try:
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> None:
    """Entry point."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    asyncio.run(serve(parse(sys.argv[1:], os.environ)))


if __name__ == "__main__":
    main()
