"""An Apache Kafka that lets nobody do what no rule allows: rules are set by its administrator, who may do everything.

It has a listener of TLS for those with a name and a password, one of TLS for those with a certificate, and an open one,
on which everybody is `User:ANONYMOUS`. Its certificates are made for the test.
"""

from __future__ import annotations

from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from stream.rim.embedded import HOST
from stream.rim.security import Mechanism, Protocol, Security
from tests.kafka_from_jars import ApacheKafka, free_ports

ADMINISTRATOR = "admin"
WORKER = "deskpulse-worker"
OPERATOR = "deskpulse-operator"
SENDER = "helpdesk"
#: Of each who has a name, the password is the name.
NAMED = (ADMINISTRATOR, WORKER, OPERATOR, SENDER)

_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required"
_SAYS = Mechanism.SCRAM_SHA_512


def _login(module: str, name: str, more: str = "") -> str:
    return f'{module} username="{name}" password="{name}"{more};'


class SecuredKafka(ApacheKafka):
    """`address` is the open listener, `login_address` that of passwords, `certified_address` that of certificates."""

    FORMAT = (
        "--standalone",
        *(part for name in NAMED for part in ("--add-scram", f"{_SAYS}=[name={name},password={name}]")),
    )

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._login_port, self._certified_port = free_ports(2)
        directory.mkdir(parents=True, exist_ok=True)
        self._authority = trustme.CA()
        self.ca_file = directory / "ca.pem"
        self._authority.cert_pem.write_to_path(self.ca_file)
        self._keystore = self._written("broker", self._authority.issue_cert(HOST))

    @property
    def login_address(self) -> str:
        return f"{HOST}:{self._login_port}"

    @property
    def certified_address(self) -> str:
        return f"{HOST}:{self._certified_port}"

    def security(self, name: str) -> Security:
        """How deskpulse's own clients come in with this name."""
        return Security(
            protocol=Protocol.SASL_SSL, mechanism=_SAYS, username=name, password=name, ca_file=str(self.ca_file)
        )

    def login_toml(self, name: str) -> str:
        """The same as keys of `[broker]`; the password, the name itself, is in `KAFKA_PASSWORD`."""
        return (
            f'security_protocol = "SASL_SSL"\nsasl_mechanism = "{_SAYS}"\nusername = "{name}"\n'
            f'password_env = "KAFKA_PASSWORD"\nca_file = "{self.ca_file}"\n'
        )

    def certified_toml(self, name: str) -> str:
        """Keys of `[broker]` for somebody who is known by a new certificate."""
        pem = self._written(name, self._authority.issue_cert(f"{name}@desk.example", common_name=name))
        return (
            f'security_protocol = "SSL"\nca_file = "{self.ca_file}"\ncertificate_file = "{pem}"\nkey_file = "{pem}"\n'
        )

    def client_properties(self, name: str) -> str:
        """What Kafka's own programs need to come in with this name."""
        return (
            f"security.protocol=SASL_SSL\nsasl.mechanism={_SAYS}\nsasl.jaas.config={_login(_SCRAM, name)}\n"
            f"ssl.truststore.type=PEM\nssl.truststore.location={self.ca_file}\n"
        )

    def _written(self, name: str, leaf: trustme.LeafCert) -> Path:
        """Key and certificate in one file; Java reads keys as PKCS 8 only."""
        key = load_pem_private_key(leaf.private_key_pem.bytes(), password=None)
        chain = b"".join(part.bytes() for part in leaf.cert_chain_pems)
        file = self.directory / f"{name}.pem"
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain)
        return file

    def _properties(self) -> str:
        users = "".join(f' user_{name}="{name}"' for name in NAMED)
        within = _login(_PLAIN, ADMINISTRATOR, users)
        ours = f"LOGIN://{self.login_address},CERTIFIED://{self.certified_address}"
        changed = (
            super()
            ._properties()
            .replace("\nlisteners=", f"\nlisteners={ours},")
            .replace("\nadvertised.listeners=", f"\nadvertised.listeners={ours},")
        )
        protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
        assert protocols in changed
        secured = "PLAINTEXT:PLAINTEXT,LOGIN:SASL_SSL,CERTIFIED:SSL,CONTROLLER:SASL_PLAINTEXT"
        return (
            changed.replace(protocols, secured)
            + f"""\
inter.broker.listener.name=LOGIN
sasl.mechanism.inter.broker.protocol={_SAYS}
sasl.mechanism.controller.protocol=PLAIN
listener.name.login.sasl.enabled.mechanisms={_SAYS}
listener.name.login.{_SAYS.lower()}.sasl.jaas.config={_login(_SCRAM, ADMINISTRATOR)}
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={within}
ssl.keystore.type=PEM
ssl.keystore.location={self._keystore}
ssl.truststore.type=PEM
ssl.truststore.location={self.ca_file}
listener.name.certified.ssl.client.auth=required
listener.name.certified.ssl.principal.mapping.rules=RULE:^.*CN=([^,]+).*$/$1/
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{ADMINISTRATOR}
"""
        )
