"""Mail over TLS: a server that cannot prove who it is gets no letter and no password."""

from __future__ import annotations

import datetime
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from bot.imap import Imap, MailboxError
from bot.ways.email import Post
from bot.ways.gate import Gate
from routing.deliveries.letter import Sender
from routing.ways import EmailWay
from tests.deliveries.stage import FROM, Stage
from tests.fakes.imap import FakeImap
from tests.fakes.smtp import FakeSmtp

WAY = EmailWay(to=("obras@agua.test",))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this machine that signed itself, with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "mail.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(made.public_bytes(pem) + secret)
    return path


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    """What a server needs to speak TLS with it."""
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(certificate)
    return made


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
async def test_a_letter_goes_only_to_a_mail_server_that_proves_who_it_is(
    context: ssl.SSLContext,
    certificate: Path,
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    trusted: bool,
    scheme: str,
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with FakeSmtp(context, at_once=scheme == "smtps") as fake:
        settings = {"smtp_url": SecretStr(fake.url), "mail_from": FROM}
        async with Stage(sqlite_url, tmp_path, settings=settings, email=WAY) as stage:
            await stage.opens()
            await stage.delivers()
            row = await stage.row()
    assert fake.url.startswith(f"{scheme}://")
    assert (len(fake.letters), row.status) == ((1, "sent") if trusted else (0, "failed"))
    if not trusted:
        assert row.error.startswith("the mail server 127.0.0.1: ")


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_mailbox_is_opened_only_where_the_server_proves_who_it_is(
    context: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    import asyncio

    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with FakeImap(context=context) as fake:
        fake.receives(b"Subject: x\r\n\r\nhola")
        reading = asyncio.to_thread(Imap(fake.url).read_new, ())
        if trusted:
            assert [mail.uid for mail in await reading] == [1]
        else:
            with pytest.raises(MailboxError, match="cannot be reached: SSLCertVerificationError"):
                await reading
            assert fake.said == []


@pytest.mark.parametrize(
    ("url", "start_tls"),
    [
        ("smtp://me:secret@mail.test", True),
        ("smtp://mail.test", None),
        ("smtp://me:secret@127.0.0.1", None),
        ("smtps://me:secret@mail.test", None),
    ],
)
def test_a_password_goes_to_another_machine_over_tls_or_not_at_all(url: str, start_tls: bool | None) -> None:
    post = Post(url, Sender(FROM, "", "secret", tagged=False), Gate("auto", production=True))
    assert (post.how["start_tls"], post.how["use_tls"]) == (start_tls, url.startswith("smtps"))
