"""Where streams may go, whom they trust, and what is not logged of it."""

from __future__ import annotations

import ipaddress
import logging
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sdp.media.messages import MessageError
from sdp.media.registry import Refused
from tests.media.conftest import until
from tests.media.streaming.agent import Agent
from tests.media.streaming.conftest import mu_law

# --- where it may go ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://agent.example/",
        "ws://agent.example/",
        "wss://127.0.0.1/",
        "wss://10.0.0.1/",
        "wss://[::1]/",
        "wss://0x7f.1/",
        "wss://user:password@agent.example/",
        "wss://agent.example:6379/",
        "wss://agent.example/#x",
        "wss:///x",
        "no address",
    ],
)
async def test_addresses_inside_are_refused_at_once(desk, connect, url):
    await connect(desk)
    with pytest.raises(MessageError, match=r"options\.url: "):
        desk.ask("s", "stream", url=url)
    with pytest.raises(Refused):
        desk.command("s", "stop")


async def test_a_name_that_leads_inside_is_not_connected_to(desk, connect, monkeypatch):
    await connect(desk)
    desk.ask("s", "stream", url="wss://localhost/")

    end = await desk.ended("s")
    assert (end["cause"], end["message"]) == ("connect", "the address is not a public one")


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, str]:
    """A server's context with a certificate of its own for loopback, and the certificate's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address(name))
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    plain = serialization.NoEncryption()
    kind = serialization.PrivateFormat.PKCS8
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, kind, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, str(file)


@pytest.mark.parametrize(
    ("name", "is_known", "message"),
    [
        ("127.0.0.1", True, ""),
        ("127.0.0.1", False, "the server's certificate is not trusted"),
        ("127.0.0.2", True, "the server's certificate is not trusted"),
    ],
)
async def test_a_certificate_must_be_trusted_and_the_servers(
    scene, tmp_path, monkeypatch, name, is_known, message
):
    context, file = certificate(tmp_path, name)
    if is_known:
        monkeypatch.setenv("SSL_CERT_FILE", file)
    agent = await Agent(context).open()
    try:
        scene.desk.ask("s", "stream", url=agent.url, attempts=0)
        if message:
            assert (await scene.desk.ended("s"))["message"] == message
            return
        await until(lambda: agent.talks and agent.talks[0].of("start"))
        await agent.talks[0].say(mu_law(700, 0.2))
        await agent.talks[0].mark("end")
        await until(lambda: agent.talks[0].of("mark"))
    finally:
        await agent.close()


async def test_headers_are_sent_and_no_secret_is_logged(scene, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    headers = {"Authorization": "Bearer a secret"}
    talk = await scene.stream(headers=headers, parameters={"name": "a secret"})
    await talk.socket.close(code=1011)
    await scene.talk(1)

    assert talk.headers["Authorization"] == "Bearer a secret"
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("sdp")]
    assert ours
    assert not any("secret" in text for text in ours)
