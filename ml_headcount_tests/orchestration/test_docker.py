"""What of the container files can be checked without an engine."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from dagster._config import validate_config
from dagster._core.instance.config import dagster_instance_config_schema
from dagster._core.workspace.config_schema import WORKSPACE_CONFIG_SCHEMA

from ml_headcount_assets.orchestration.event_log import BATCH_SIZE_VARIABLE
from ml_headcount_assets.orchestration.instance import instance_settings
from ml_headcount_assets.orchestration.resources import (
    CONFIG_VARIABLE,
    STUDY_VARIABLE,
    WAREHOUSE_VARIABLE,
)

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docker"


def load(name: str) -> dict:
    return yaml.safe_load((FOLDER / name).read_text())


@pytest.fixture(scope="module")
def services() -> dict:
    return load("compose.yaml")["services"]


def test_dagsters_files_fit_its_schemas():
    assert validate_config(dagster_instance_config_schema(), load("dagster.yaml")).success
    assert validate_config(WORKSPACE_CONFIG_SCHEMA, load("workspace.yaml")).success


def test_settings_differ_from_the_local_ones_in_storage_only():
    local = instance_settings("anywhere")
    for name in ("run_storage", "event_log_storage", "schedule_storage"):
        del local[name]
    inside = load("dagster.yaml")
    assert inside.pop("storage")["postgres"]["postgres_db"]["scheme"] == "postgresql+psycopg2"
    assert inside == local


def test_every_variable_of_the_settings_is_given(services):
    wanted = set(re.findall(r"\{env: (\w+)\}", (FOLDER / "dagster.yaml").read_text()))
    wanted |= {STUDY_VARIABLE, CONFIG_VARIABLE, WAREHOUSE_VARIABLE, BATCH_SIZE_VARIABLE}
    for name in ("code", "webserver", "daemon"):
        # The password is in a secret's file, from which the entry point takes it.
        given = {each.removesuffix("_FILE") for each in services[name]["environment"]}
        assert wanted <= given


def test_nothing_listens_beyond_this_machine(services):
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:3000:3000"]


def test_only_the_code_sees_the_study_and_cannot_change_it(services):
    mounts = {name: service.get("volumes", []) for name, service in services.items()}
    assert [name for name, own in mounts.items() if any(":/study" in m for m in own)] == ["code"]
    assert any(mount.endswith(":/study:ro") for mount in mounts["code"])
    assert services["code"]["environment"][WAREHOUSE_VARIABLE].startswith("/warehouse/")


def test_the_services_find_each_other(services):
    (server,) = [entry["grpc_server"] for entry in load("workspace.yaml")["load_from"]]
    assert server["host"] in services
    command = services[server["host"]]["command"]
    assert command[command.index("--port") + 1] == str(server["port"])
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert "image" in service


def test_what_the_image_copies_is_there(services):
    build = services["code"]["build"]
    assert (FOLDER / build["context"]).resolve() == ROOT
    dockerfile = (ROOT / build["dockerfile"]).read_text()
    copied = [
        source
        for line in re.findall(r"^COPY (.+)$", dockerfile, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert copied
    shipped = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    assert {f"!{source.split('/')[0]}" for source in copied} <= set(shipped)
    for source in copied:
        assert (ROOT / source).exists(), source


def test_the_pinned_releases_belong_together():
    pins = dict(
        line.split("==")
        for line in (FOLDER / "constraints.txt").read_text().splitlines()
        if "==" in line
    )
    minor = pins["dagster"].split(".", 1)[1]  # 1.13.27 goes with 0.29.27
    generation, patch = minor.split(".")
    expected = f"dagster-postgres==0.{int(generation) + 16}.{patch}"
    assert expected in (FOLDER / "requirements.txt").read_text()


def test_discovery_of_keywords_is_an_option_of_the_image(services):
    dockerfile = (FOLDER / "Dockerfile").read_text()
    assert 'ARG EXTRAS=""' in dockerfile
    (installed,) = re.findall(r'"(\.\$\{EXTRAS:[^"]*)"', dockerfile)
    for extras, expected in (("", "."), ("keywords", ".[keywords]")):
        environment = {"EXTRAS": extras}
        shown = subprocess.run(
            ["sh", "-c", f'printf %s "{installed}"'],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert shown.stdout == expected
    for name in ("code", "webserver", "daemon"):
        assert services[name]["build"]["args"] == {"EXTRAS": "${EXTRAS:-}"}
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "keywords" in extras["optional-dependencies"]


def test_every_service_is_confined_and_watched(services):
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["mem_limit"], name
        assert service["cpus"], name
        assert service["pids_limit"], name
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}, name
        assert "/tmp" in service["tmpfs"], name
    # The entry point of the database hands its folder over, and needs no more than that.
    added = {name: service["cap_add"] for name, service in services.items() if "cap_add" in service}
    assert set(added) == {"postgres"}
    assert "SYS_ADMIN" not in added["postgres"]


def test_secrets_are_files_and_are_in_no_environment(services):
    declared = load("compose.yaml")["secrets"]
    assert set(declared) == {"postgres_password"}
    for name, service in services.items():
        assert service["secrets"] == ["postgres_password"], name
        assert "POSTGRES_PASSWORD" not in service["environment"], name
        assert service["environment"]["POSTGRES_PASSWORD_FILE"].startswith("/run/secrets/"), name
    with_tokens = {
        name
        for name, service in services.items()
        if any("TOKEN" in key for key in service["environment"])
    }
    assert with_tokens == {"code"}


def test_the_entry_point_hands_the_password_on(tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")
    shown = subprocess.run(
        [str(FOLDER / "entrypoint.sh"), "sh", "-c", 'printf %s "$POSTGRES_PASSWORD"'],
        env={"PATH": "/usr/bin:/bin", "POSTGRES_PASSWORD_FILE": str(tmp_path / "secret")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "s3cret"


def test_bases_are_pinned_to_a_release(services):
    images = re.findall(r"^FROM (\S+)$", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)
    images.append(services["postgres"]["image"])
    assert len(images) == 2
    for image in images:
        assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?-[a-z-]+", image), image


def test_the_database_is_reached_from_inside_alone(services):
    networks = load("compose.yaml")["networks"]
    assert services["postgres"]["networks"] == ["records"]
    assert networks["records"]["internal"] is True
    assert "outside" not in services["daemon"]["networks"]


def test_the_webserver_is_the_guarded_one(services):
    command = services["webserver"]["command"]
    assert command[:4] == ["python", "-P", "-m", "ml_headcount_assets.orchestration.webserver"]


def test_every_variable_of_the_compose_file_is_in_the_example():
    wanted = set(re.findall(r"\$\{(\w+)", (FOLDER / "compose.yaml").read_text()))
    limits = {name for name in wanted if name.endswith(("_MEMORY", "_CPUS"))}
    example = set(re.findall(r"^(\w+)=", (FOLDER / ".env.example").read_text(), re.MULTILINE))
    assert wanted - limits <= example <= wanted
