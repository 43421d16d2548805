"""Programs that stand for the app and for bare Python in the tests of the benchmark."""

SERVER = """
import http.server, os
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["ADAPP_PRESET"].encode())
    def log_message(self, *_):
        pass
port = int(os.environ["GRADIO_SERVER_PORT"])
http.server.HTTPServer(("127.0.0.1", port), Page).serve_forever()
"""
BARE = "print('ready', flush=True); input()"
