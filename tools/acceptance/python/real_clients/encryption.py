"""What a client needs for the encrypted port: the authority that it knows the server by, and the certificate that it shows of itself."""
import ssl
from pathlib import Path


class Certificates:
    def __init__(self, folder):
        self.authority, self.certificate, self.key = (str(Path(folder) / name) for name in ("ca.pem", "client.pem", "client.key"))

    def context(self, make=ssl.create_default_context):
        context = make(cafile=self.authority)
        context.load_cert_chain(self.certificate, self.key)
        return context

    def contents(self):
        """As gRPC's credentials want them: authority, key, certificate."""
        return [Path(path).read_bytes() for path in (self.authority, self.key, self.certificate)]
