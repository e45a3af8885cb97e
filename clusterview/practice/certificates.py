"""A certificate authority of the practice cluster's own and a certificate for 127.0.0.1, made once and kept in its folder.

Clients trust what the kubeconfig says and nothing else, so this CA is installed nowhere.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAYS = 825
NAMES = ("localhost", "kubernetes", "kubernetes.default.svc")
RENEWED_BEFORE = timedelta(days=30)
FILES = ("ca.crt", "server.crt", "server.key", "expired.crt")


def prepare(*, folder: Path) -> None:
    """This will make FILES in the folder, unless they are there and last another month. `expired.crt` is for the same key, and ended yesterday."""
    certificate = folder / "server.crt"
    if all((folder / name).exists() for name in FILES):
        known = x509.load_pem_x509_certificate(certificate.read_bytes())
        if known.not_valid_after_utc > datetime.now(UTC) + RENEWED_BEFORE:
            return
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key)
    server, expired = (_server(key, issuer=authority, issuer_key=authority_key, age=age) for age in (timedelta(), timedelta(days=DAYS + 1)))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.key").touch(mode=0o600)
    (folder / "server.key").write_bytes(private)
    (folder / "ca.crt").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    (folder / "expired.crt").write_bytes(expired.public_bytes(serialization.Encoding.PEM))
    certificate.write_bytes(server.public_bytes(serialization.Encoding.PEM))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(*, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, age: timedelta = timedelta()) -> x509.CertificateBuilder:
    now = datetime.now(UTC) - age
    builder = x509.CertificateBuilder(issuer_name=issuer, subject_name=subject, public_key=key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=DAYS))


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _named("practice cluster CA")
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = _begun(subject=name, issuer=name, key=key)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(usage, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return builder.sign(key, hashes.SHA256())


def _server(key: ec.EllipticCurvePrivateKey, *, issuer: x509.Certificate, issuer_key: ec.EllipticCurvePrivateKey, age: timedelta) -> x509.Certificate:
    addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *(x509.DNSName(name) for name in NAMES)]
    builder = _begun(subject=_named("kube-apiserver"), issuer=issuer.subject, key=key, age=age)
    builder = builder.add_extension(x509.SubjectAlternativeName(addresses), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return builder.add_extension(authority_key, critical=False).sign(issuer_key, hashes.SHA256())
