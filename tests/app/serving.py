"""A small web server of a folder that can be exchanged, and that can break off."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any


class Site:
    """What is served, and what was asked for."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.breaking: set[str] = set()
        self.asked: list[str] = []
        self.address = f"http://localhost:{port}/"


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".wasm": "application/wasm",
        ".webmanifest": "application/manifest+json",
    }

    def __init__(self, *arguments: Any, server_of: list[Site], **named: Any) -> None:
        self._site = server_of[0]
        super().__init__(*arguments, directory=str(self._site.folder), **named)

    def do_GET(self) -> None:
        path = self.path.split("?")[0].lstrip("/")
        self._site.asked.append(path)
        if path not in self._site.breaking:
            return super().do_GET()
        # The link breaks after half of the file.
        content = (self._site.folder / path).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.close_connection = True

    def log_message(self, *arguments: Any) -> None:
        """Say nothing: a test prints its own."""


@contextmanager
def serving(folder: Path) -> Iterator[Site]:
    """Serve the folder on this machine until the end of the block."""
    sites: list[Site] = []
    server = ThreadingHTTPServer(("localhost", 0), partial(_Handler, server_of=sites))
    sites.append(Site(folder, server.server_port))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield sites[0]
    finally:
        server.shutdown()
        server.server_close()
