"""An Apache Kafka that lets nobody do what no rule allows: rules are set by its administrator, who may do everything.

Clients without a name are `User:ANONYMOUS` on one listener; whoever has a name and password comes in on the other.
"""

from __future__ import annotations

from pathlib import Path

from stream.rim.embedded import HOST
from tests.kafka_from_jars import ApacheKafka, free_ports

ADMINISTRATOR = "admin"
#: Of each who has a name, the password is the name.
NAMED = (ADMINISTRATOR, "helpdesk")

_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"


class SecuredKafka(ApacheKafka):
    """`address` is for those without a name, `named_address` for the others."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        [self._named_port] = free_ports(1)

    @property
    def named_address(self) -> str:
        return f"{HOST}:{self._named_port}"

    def client_properties(self, name: str) -> str:
        """What Kafka's own programs need to come in with this name."""
        login = f'{_LOGIN} username="{name}" password="{name}";'
        return f"security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config={login}\n"

    def _properties(self) -> str:
        users = " ".join(f'user_{name}="{name}"' for name in NAMED)
        login = f'{_LOGIN} username="{ADMINISTRATOR}" password="{ADMINISTRATOR}" {users};'
        plain, named = super()._properties(), f"NAMED://{self.named_address}"
        changed = plain.replace("\nlisteners=", f"\nlisteners={named},").replace(
            "\nadvertised.listeners=", f"\nadvertised.listeners={named},"
        )
        protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
        assert protocols in changed
        return (
            changed.replace(protocols, "PLAINTEXT:PLAINTEXT,NAMED:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT")
            + f"""\
inter.broker.listener.name=NAMED
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.named.plain.sasl.jaas.config={login}
listener.name.controller.plain.sasl.jaas.config={login}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{ADMINISTRATOR}
"""
        )
