"""A local HTTP server that answers well, badly or not at all."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Serves `server.files`; a value is the content, or what to do wrong with it."""

    def do_GET(self):
        self.server.asked.append(self.path)
        answer = self.server.files.get(self.path)
        if callable(answer):
            answer(self)
        elif answer is None:
            self.send_error(404)
        else:
            send(self, answer)

    def log_message(self, *words):
        pass


def send(handler, content, *, promised=None):
    """Send a file; one that promises more bytes than come is a broken transfer."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(promised or len(content)))
    handler.end_headers()
    handler.wfile.write(content)


class Server:
    """The server in its thread, with the paths that were asked for."""

    def __init__(self):
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.files, self.http.asked = {}, []
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    @property
    def files(self):
        return self.http.files

    @property
    def asked(self):
        return self.http.asked

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()
