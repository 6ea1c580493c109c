"""A1: a deployment names the hosts and networks that images may be fetched from, and where webhooks may be."""

from ipaddress import ip_network

import pytest

from image_store.domain.errors import ConfigurationError
from image_store.settings import Settings


def test_by_default_every_public_host_and_no_private_network_is_allowed() -> None:
    settings = Settings.from_env({"REMOTE_HOSTS": "", "REMOTE_NETWORKS": "", "WEBHOOK_NETWORKS": ""})

    assert (settings.remote.hosts, settings.remote.networks) == ((), ())
    assert settings.remote.webhook_networks == ()


def test_hosts_and_networks_are_separated_by_commas() -> None:
    settings = Settings.from_env(
        {"REMOTE_HOSTS": ".Example.com,images.example.org", "REMOTE_NETWORKS": "10.0.0.0/16,fd12::/16"}
    )

    assert settings.remote.hosts == (".example.com", "images.example.org")
    assert settings.remote.networks == (ip_network("10.0.0.0/16"), ip_network("fd12::/16"))


@pytest.mark.parametrize("variable", ["REMOTE_NETWORKS", "WEBHOOK_NETWORKS"])
@pytest.mark.parametrize("text", ["10.0.0.1/16", "10.0.0.0/33", "vpc", "10.0.0.0/16,,x"])
def test_an_error_names_the_variable_that_is_not_a_list_of_networks(variable: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=variable) as refusal:
        Settings.from_env({variable: text})

    assert text not in refusal.value.message
