"""docker-compose.yml against what it is about: the command line, the configuration, the files, and itself."""

from __future__ import annotations

import re
import tomllib
from itertools import dropwhile
from pathlib import PurePosixPath
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import click
import pytest

from deskpulse.configuration.loading import CONFIG_VARIABLE, OVERRIDES
from deskpulse.generated import files_of
from deskpulse.worker import Setting, rim_settings
from tests.compose_file import (
    CONFIG,
    OWN,
    ROOT,
    SERVICES,
    VOLUMES,
    configuration,
    mounts,
    parsed,
    without_variables,
    words,
)

PAGE = (ROOT / "docs" / "compose.md").read_text(encoding="utf-8")
ONCE = {"topics", "generate"}
WITHOUT_PORT = {*ONCE, "simulator"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
GENERATED = "/generated"


def advertised() -> dict[str, str]:
    """Kafka's listeners, as clients are told."""
    pairs = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    return dict(pair.split("://") for pair in pairs)


def published(service: str) -> list[tuple[str, int]]:
    """(where on this machine, port inside)."""
    found = [port.rpartition(":") for port in SERVICES[service].get("ports", [])]
    return [(outside, int(inside)) for outside, _, inside in found]


class TestImages:
    @pytest.mark.parametrize("service", SERVICES)
    def test_every_image_is_of_one_version(self, service: str) -> None:
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+(-[a-z]+)?", SERVICES[service]["image"])

    def test_what_is_built_here_has_the_projects_version(self) -> None:
        assert {service["image"] for service in OWN.values()} == {f"deskpulse:{PROJECT['version']}"}

    def test_kafka_is_the_one_that_tests_run_on(self) -> None:
        found = ET.parse(ROOT / "tests" / "services" / "kafka" / "pom.xml").getroot()
        versions = [one.text for one in found.iter() if one.tag.endswith("}version")]
        assert SERVICES["kafka"]["image"] == f"apache/kafka:{versions[1]}"


class TestCommands:
    @pytest.mark.parametrize("service", OWN)
    def test_the_command_line_takes_every_command(self, service: str) -> None:
        parsed(words(OWN[service]))

    @pytest.mark.parametrize("wrong", [["workers"], ["topics", "make"], ["simulate", "--pase=1"], ["board", "x"]])
    def test_it_would_say_so(self, wrong: list[str]) -> None:
        with pytest.raises(click.UsageError):
            parsed(wrong)

    @pytest.mark.parametrize("service", OWN)
    def test_every_variable_is_one_that_is_read(self, service: str) -> None:
        assert set(OWN[service]["environment"]) <= {CONFIG_VARIABLE, *OVERRIDES}

    def test_two_workers_have_names_of_their_own(self) -> None:
        workers = [name for name in OWN if words(OWN[name])[0] == "worker"]
        assert len(workers) == 2
        assert [OWN[name]["hostname"] for name in workers] == workers

    def test_the_simulator_is_of_the_demo_alone(self) -> None:
        assert {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service} == {
            "simulator": ["demo"]
        }
        assert f"--broker=kafka://{advertised()['INSIDE']}" in words(SERVICES["simulator"])


class TestAddresses:
    def test_ports_are_published_on_this_machine_alone_and_each_once(self) -> None:
        outside = [where for service in SERVICES for where, _ in published(service)]
        assert all(where.startswith("127.0.0.1:") for where in outside)
        assert len(set(outside)) == len(outside)

    def test_the_broker_of_the_configuration_is_kafka_as_it_is_advertised_inside(self) -> None:
        assert configuration().broker.url == (advertised()["INSIDE"],)
        assert advertised()["INSIDE"].startswith("kafka:")

    def test_whoever_asks_from_this_machine_is_told_an_address_of_it(self) -> None:
        assert published("kafka") == [(advertised()["MACHINE"], 9092)]
        assert "MACHINE://:9092" in SERVICES["kafka"]["environment"]["KAFKA_LISTENERS"].split(",")

    def test_one_broker_has_one_copy_of_everything(self) -> None:
        environment = SERVICES["kafka"]["environment"]
        assert {value for name, value in environment.items() if "REPLICATION_FACTOR" in name} == {"1"}
        assert rim_settings(configuration(), Setting(brokers=configuration().broker.url)).replication == 1

    def test_every_other_address_is_a_service_and_its_port(self) -> None:
        found, alerts = configuration(), configuration().alerts
        ports = {"redis": 6379, "board": found.board.port, "alertmanager": 9093}
        for url in (found.redis.url, alerts.alertmanager_url, f"http://{alerts.board_target}"):
            parts = urlsplit(url or "")
            assert ports[str(parts.hostname)] == parts.port
            assert parts.hostname in SERVICES

    def test_grafana_asks_prometheus_and_links_lead_to_where_grafana_is_published(self) -> None:
        [(_, inside)], [(outside, _)] = published("prometheus"), published("grafana")
        assert configuration().grafana.prometheus_url == f"http://prometheus:{inside}"
        assert configuration().alerts.grafana_url == f"http://{outside}"

    def test_links_in_alerts_lead_to_where_the_board_is_published(self) -> None:
        [(outside, inside)] = published("board")
        assert (configuration().alerts.base_url, configuration().board.port) == (f"http://{outside}", inside)

    @pytest.mark.parametrize("service", ["prometheus", "alertmanager"])
    def test_links_of_prometheus_and_alertmanager_lead_to_where_they_are_published(self, service: str) -> None:
        [(outside, _)] = published(service)
        assert f"--web.external-url=http://{outside}" in words(SERVICES[service])

    def test_workers_and_board_listen_on_the_network(self) -> None:
        assert {configuration().worker.bind, configuration().board.bind} == {"0.0.0.0"}


class TestFiles:
    def test_what_is_mounted_from_here_is_here(self) -> None:
        for service in SERVICES.values():
            assert all((ROOT / mount.source).exists() for mount in mounts(service) if not mount.is_named)

    @pytest.mark.parametrize("service", OWN)
    def test_every_service_of_ours_reads_the_configuration(self, service: str) -> None:
        path = OWN[service]["environment"][CONFIG_VARIABLE]
        [mount] = [mount for mount in mounts(OWN[service]) if mount.target == path]
        assert (ROOT / mount.source, mount.is_read_only) == (CONFIG, True)

    def test_every_named_volume_is_declared_and_used(self) -> None:
        assert {mount.source for service in SERVICES.values() for mount in mounts(service) if mount.is_named} == VOLUMES

    def test_all_that_is_generated_goes_to_a_volume_or_is_the_runbook(self) -> None:
        service = SERVICES["generate"]
        assert words(service)[-2:] == ["--output", GENERATED]
        kept = [mount.target for mount in mounts(service) if mount.is_named]
        left = [tmpfs.partition(":")[0] for tmpfs in service["tmpfs"] if tmpfs.startswith(GENERATED)]
        for path in files_of(configuration()):
            parents = {str(parent) for parent in PurePosixPath(GENERATED, path).parents}
            assert parents & {*kept, *left}, path
        assert left == [f"{GENERATED}/docs"]

    @pytest.mark.parametrize("service", ["prometheus", "alertmanager"])
    def test_a_configuration_file_is_one_that_is_generated(self, service: str) -> None:
        [path] = [word.partition("=")[2] for word in words(SERVICES[service]) if word.startswith("--config.file=")]
        source = {mount.source: mount.target for mount in mounts(SERVICES["generate"])}
        [found] = [mount for mount in mounts(SERVICES[service]) if path.startswith(f"{mount.target}/")]
        assert f"{source[found.source]}/{PurePosixPath(path).name}".removeprefix(f"{GENERATED}/") in files_of(
            configuration()
        )

    def test_who_reads_generated_files_does_not_put_its_images_own_there(self) -> None:
        written = {mount.source for mount in mounts(SERVICES["generate"]) if mount.is_named}
        readers = [
            mount
            for name, service in SERVICES.items()
            for mount in mounts(service)
            if mount.source in written and name != "generate"
        ]
        assert {mount.source for mount in readers} == written
        assert all(mount.is_read_only and not mount.takes_the_images_files for mount in readers)

    def test_grafana_looks_where_it_looks_by_default(self) -> None:
        targets = {mount.source: mount.target for mount in mounts(SERVICES["grafana"])}
        assert targets["grafana-provisioning"] == "/etc/grafana/provisioning"
        assert targets["grafana-dashboards"] == configuration().grafana.dashboards_dir


class TestRunning:
    def test_nobody_waits_for_a_health_that_nobody_checks_or_an_end_that_does_not_come(self) -> None:
        for service in SERVICES.values():
            for needed, how in service.get("depends_on", {}).items():
                ends = how["condition"] == "service_completed_successfully"
                assert ends == (needed in ONCE)
                assert ends or "test" in SERVICES[needed]["healthcheck"]

    def test_workers_wait_for_the_topics_and_topics_for_kafka(self) -> None:
        assert {"topics", "redis"} <= set(SERVICES["worker-1"]["depends_on"])
        assert "kafka" in SERVICES["topics"]["depends_on"]

    @pytest.mark.parametrize("service", SERVICES)
    def test_every_service_is_started_again_but_those_that_end(self, service: str) -> None:
        assert SERVICES[service]["restart"] == ("no" if service in ONCE else "unless-stopped")

    @pytest.mark.parametrize("service", SERVICES)
    def test_every_service_has_its_limits(self, service: str) -> None:
        assert set(SERVICES[service]["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
        assert set(SERVICES[service]["logging"]["options"]) == {"max-size", "max-file"}

    @pytest.mark.parametrize("service", SERVICES)
    def test_every_service_with_a_port_has_a_health_check(self, service: str) -> None:
        check = SERVICES[service]["healthcheck"]
        assert check == {"disable": True} if service in WITHOUT_PORT else check["test"][0].startswith("CMD")

    def test_the_workers_clean_end_is_waited_for(self) -> None:
        assert {SERVICES[name]["stop_grace_period"] for name in ("worker-1", "worker-2", "board")} == {"20s"}

    def test_no_secret_is_in_the_file(self) -> None:
        for service in SERVICES.values():
            for name, value in service.get("environment", {}).items():
                if re.search("PASSWORD|TOKEN|SECRET|KEY", name):
                    assert without_variables(value) == ""
        assert "password" not in CONFIG.read_text().lower()

    @pytest.mark.parametrize("service", OWN)
    def test_ours_have_no_rights(self, service: str) -> None:
        found = OWN[service]
        assert (found["read_only"], found["cap_drop"]) == (True, ["ALL"])
        assert found["security_opt"] == ["no-new-privileges:true"]


class TestPage:
    def test_every_command_of_ours_in_it_is_one_that_the_command_line_takes(self) -> None:
        after = [line.partition("compose run ")[2].split() for line in PAGE.splitlines() if "compose run" in line]
        after += [["topics", *line.split()[1:]] for line in re.findall(r"docker run.* (deskpulse:.*)", PAGE)]
        told = [list(dropwhile(lambda word: word.startswith("--"), words)) for words in after]
        assert len(told) == 4
        for service, *rest in told:
            assert service in OWN
            if rest != ["--help"]:
                parsed(rest)

    def test_every_address_in_it_is_published(self) -> None:
        found = {where for service in SERVICES for where, _ in published(service)}
        assert {one.rstrip("/") for one in re.findall(r"(?:http|kafka)://(127\.0\.0\.1:[0-9]+)", PAGE)} == found

    def test_every_volume_in_it_is_one(self) -> None:
        rows = PAGE.partition("| volume |")[2].partition("\n\n")[0].splitlines()[2:]
        assert {name for row in rows for name in re.findall("`([a-z-]+)`", row.split("|")[1])} == VOLUMES
