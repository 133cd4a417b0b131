"""NATS servers: one without TLS, one with, since a server has one port for clients."""

import subprocess

import server

# The largest message of the benches is ten times what is allowed unless it is set.
CONFIG = """
listen: 127.0.0.1:{port}
log_file: "{log}"
max_payload: 16MB
"""

TLS = """
tls {{
  ca_file: "{certs}/ca.pem"
  cert_file: "{certs}/server.pem"
  key_file: "{certs}/server.key"
  verify: true
}}
"""


class Server(server.Server):
    NAME = "nats-server"

    def _command(self, name, port, more):
        config = self.folder / f"{name}.conf"
        config.write_text(CONFIG.format(port=port, log=self.log) + more, encoding="utf-8")
        return [self.program, "-c", str(config)]

    def commands(self):
        return [self._command("nats-plain", self.plain, ""),
                self._command("nats-tls", self.tls, TLS.format(certs=self.folder / "certs"))]

    def what(self):
        done = subprocess.run([self.program, "-v"], capture_output=True, text=True, check=False)
        return f"{done.stdout.strip().replace(': ', ' ')}, max_payload 16MB, otherwise as installed"
