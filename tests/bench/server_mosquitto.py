"""A Mosquitto with a listener of each kind."""

import os
import subprocess

import server

# As in certs/README.md.
CIPHERS = ("ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
           "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256")

# With Nagle's algorithm in the broker, every answer that follows an acknowledgement would wait 40
# ms for the client's, whatever the client does. The queue has room for what is under way; how much
# a receiver may have in flight is as Mosquitto has it, 20.
CONFIG = """
allow_anonymous true
persistence false
log_dest file {log}
set_tcp_nodelay true
max_queued_messages 100000
listener {plain} 127.0.0.1
listener {tls} 127.0.0.1
cafile {folder}/certs/ca.pem
certfile {folder}/certs/server.pem
keyfile {folder}/certs/server.key
require_certificate true
ciphers {ciphers}
"""


class Server(server.Server):
    NAME = "mosquitto"
    CONFIG = CONFIG

    def commands(self):
        config = self.folder / "mosquitto.conf"
        text = self.CONFIG.format(folder=self.folder, log=self.log, plain=self.plain, tls=self.tls,
                                  ciphers=CIPHERS)
        if os.geteuid() == 0:
            text = f"user root\n{text}"
        config.write_text(text, encoding="utf-8")
        return [[self.program, "-c", str(config)]]

    def what(self):
        done = subprocess.run([self.program, "-h"], capture_output=True, text=True, check=False)
        return (f"{done.stdout.splitlines()[0]}, set_tcp_nodelay true, "
                "max_queued_messages 100000, otherwise as installed")
