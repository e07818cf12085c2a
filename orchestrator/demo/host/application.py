"""application.py NAME ADDRESS PORT: a web service with a health page, as an application server has one."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

name, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])


class Handler(BaseHTTPRequestHandler):
    """Answers /health; everything else is not found."""

    def do_GET(self) -> None:
        found = self.path == "/health"
        answer = {"service": name, "status": "UP"} if found else {"error": "not found"}
        body = json.dumps(answer).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's name
        """Silent: the application's log is the demo's own."""


try:
    ThreadingHTTPServer((address, port), Handler).serve_forever()
except KeyboardInterrupt:
    sys.exit(0)
