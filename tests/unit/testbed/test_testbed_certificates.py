import ipaddress
import socket
import ssl
import stat
import threading

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from tests.fixtures.waiting import PATIENCE
from tests.testbed.certificates import Authority, signing_key


@pytest.fixture
def authority():
    return Authority("test")


def read(pem):
    return x509.load_pem_x509_certificate(pem)


def test_user_and_group_are_where_kubernetes_looks(authority):
    subject = read(authority.sign("system:node:node", "system:nodes").certificate).subject
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "system:node:node"
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "system:nodes"


def test_hosts_are_names_or_addresses(authority):
    pair = authority.sign("server", hosts=("kubernetes.default.svc", "10.97.0.1"))
    names = read(pair.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["kubernetes.default.svc"]
    assert names.value.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("10.97.0.1")]


def test_only_the_owner_may_read_a_key(authority, tmp_path):
    authority.sign("admin").write(tmp_path, "admin")
    assert stat.S_IMODE((tmp_path / "admin.key").stat().st_mode) == 0o600


def shake_hands(authority, client, tmp_path):
    """Connect over TLS with certificates on both sides; return the client's name."""
    authority.sign("server", hosts=("localhost",)).write(tmp_path, "server")
    client.write(tmp_path, "client")
    (tmp_path / "ca.crt").write_bytes(authority.certificate)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tmp_path / "ca.crt")
    serving.verify_mode = ssl.CERT_REQUIRED
    serving.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    calling = ssl.create_default_context(cafile=tmp_path / "ca.crt")
    calling.load_cert_chain(tmp_path / "client.crt", tmp_path / "client.key")
    here, there = socket.socketpair()
    received = []

    def serve():
        try:
            with serving.wrap_socket(there, server_side=True) as connection:
                received.append(connection.getpeercert()["subject"])
                connection.sendall(b"welcome")
        except ssl.SSLError as error:
            received.append(error.reason)

    server = threading.Thread(target=serve)
    server.start()
    try:
        with calling.wrap_socket(here, server_hostname="localhost") as connection:
            connection.recv(7)
    except (ssl.SSLError, OSError):
        pass
    server.join(PATIENCE)
    return received[0]


def test_client_and_server_accept_each_other(authority, tmp_path):
    subject = shake_hands(authority, authority.sign("viewfinder-admin", "system:masters"), tmp_path)
    assert (("commonName", "viewfinder-admin"),) in subject


def test_another_authority_s_client_is_refused(authority, tmp_path):
    stranger = Authority("test").sign("viewfinder-admin", "system:masters")
    assert shake_hands(authority, stranger, tmp_path) == "CERTIFICATE_VERIFY_FAILED"


def test_two_test_beds_have_two_keys():
    assert signing_key()[0] != signing_key()[0]
