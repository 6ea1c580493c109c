"""What sealing and opening a text promises, whoever keeps the keys (A17, E8)."""

import json
from base64 import b64encode
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from moto import mock_aws

from image_store.adapters.kms import KmsCipher
from image_store.domain.errors import ConfigurationError, StorageUnavailable
from image_store.ports.secrets import Cipher
from tests.fakes.cipher import MemoryCipher
from tests.fakes.kms_client import MemoryKms

CONTEXT = {"purpose": "image", "owner": "alice", "image": "1"}
TEXT = "A fox in the snow — 狐"


@pytest.fixture(params=["memory", "kms", "moto"])
def cipher(request: pytest.FixtureRequest) -> Iterator[Cipher]:
    if request.param == "memory":
        yield MemoryCipher()
    elif request.param == "kms":
        kms = MemoryKms()
        yield KmsCipher("key", client=lambda: kms)
    else:
        with mock_aws():
            client = boto3.client("kms", region_name="eu-west-1")
            key = client.create_key()["KeyMetadata"]["KeyId"]
            yield KmsCipher(key, client=lambda: client)


def test_what_was_sealed_is_opened_under_its_context(cipher: Cipher) -> None:
    sealed = cipher.seal(TEXT, context=CONTEXT)

    assert cipher.open(sealed, context=dict(reversed(CONTEXT.items()))) == TEXT


def test_a_sealed_text_shows_nothing_of_the_text(cipher: Cipher) -> None:
    sealed = cipher.seal(TEXT, context=CONTEXT)

    assert "fox" not in sealed
    assert "狐" not in sealed


def test_the_same_text_is_sealed_differently_each_time(cipher: Cipher) -> None:
    assert cipher.seal(TEXT, context=CONTEXT) != cipher.seal(TEXT, context=CONTEXT)


@pytest.mark.parametrize(
    "other", [CONTEXT | {"owner": "bob"}, CONTEXT | {"image": "2"}, CONTEXT | {"more": ""}, {}]
)
def test_a_sealed_text_opens_under_no_other_context(cipher: Cipher, other: dict[str, str]) -> None:
    sealed = cipher.seal(TEXT, context=CONTEXT)

    with pytest.raises(ConfigurationError):
        cipher.open(sealed, context=other)


@pytest.mark.parametrize("broken", ["", "{}", "[]", "null", '{"key": "", "nonce": "", "text": 1}', TEXT])
def test_what_was_never_sealed_is_not_opened(cipher: Cipher, broken: str) -> None:
    with pytest.raises(ConfigurationError):
        cipher.open(broken, context=CONTEXT)


def test_one_data_key_seals_many_texts_each_for_its_part(cipher: Cipher) -> None:
    envelope = cipher.envelope(context=CONTEXT)

    first, second = (envelope.seal(f"text {part}", part=part) for part in ("1", "2"))
    again = cipher.envelope_of(second, context=CONTEXT)

    assert (again.open(first, part="1"), again.open(second, part="2")) == ("text 1", "text 2")


@pytest.mark.parametrize("part", ["", "2", "11"])
def test_a_text_of_one_part_opens_for_no_other(cipher: Cipher, part: str) -> None:
    sealed = cipher.envelope(context=CONTEXT).seal(TEXT, part="1")

    with pytest.raises(ConfigurationError):
        cipher.envelope_of(sealed, context=CONTEXT).open(sealed, part=part)


def test_another_data_key_of_the_same_context_opens_nothing(cipher: Cipher) -> None:
    sealed = cipher.envelope(context=CONTEXT).seal(TEXT)

    with pytest.raises(ConfigurationError):
        cipher.envelope(context=CONTEXT).open(sealed)


# The adapter alone ------------------------------------------------------------------------------------


class Refusing:
    """A client of KMS that fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def generate_data_key(self, **_: object) -> None:
        raise self._error

    decrypt = generate_data_key


def answered(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "GenerateDataKey")


@pytest.mark.parametrize(
    "error",
    [
        answered("KMSInternalException"),
        answered("ThrottlingException"),
        answered("KeyUnavailableException"),
        answered("DependencyTimeoutException"),
        answered("DisabledException"),
        answered("KMSInvalidStateException"),
        EndpointConnectionError(endpoint_url="https://kms.invalid"),
    ],
    ids=str,
)
def test_errors_that_may_pass_say_when_to_try_again(error: Exception) -> None:
    sealed = KmsCipher("key", client=MemoryKms).seal(TEXT, context=CONTEXT)
    cipher = KmsCipher("key", client=lambda: Refusing(error))

    with pytest.raises(StorageUnavailable) as at_seal:
        cipher.seal(TEXT, context=CONTEXT)
    with pytest.raises(StorageUnavailable) as at_open:
        cipher.open(sealed, context=CONTEXT)

    assert at_seal.value.retry_after
    assert at_open.value.retry_after


@pytest.mark.parametrize("code", ["AccessDeniedException", "NotFoundException", "IncorrectKeyException"])
def test_what_waiting_cannot_fix_is_a_fault_of_the_deployment(code: str) -> None:
    cipher = KmsCipher("key", client=lambda: Refusing(answered(code)))

    with pytest.raises(ConfigurationError):
        cipher.seal(TEXT, context=CONTEXT)


def test_a_text_that_was_tampered_with_is_not_opened() -> None:
    kms = MemoryKms()
    cipher = KmsCipher("key", client=lambda: kms)
    sealed = json.loads(cipher.seal(TEXT, context=CONTEXT))
    flipped = sealed | {"text": ("B" if sealed["text"][0] == "A" else "A") + sealed["text"][1:]}

    with pytest.raises(ConfigurationError):
        cipher.open(json.dumps(flipped), context=CONTEXT)


def test_sealing_asks_once_and_opening_asks_once() -> None:
    kms = MemoryKms()
    cipher = KmsCipher("key", client=lambda: kms)
    envelope = cipher.envelope(context=CONTEXT)
    texts = [envelope.seal(TEXT, part=str(part)) for part in range(50)]

    opened = cipher.envelope_of(texts[0], context=CONTEXT)
    assert {opened.open(text, part=str(part)) for part, text in enumerate(texts)} == {TEXT}

    assert [operation for operation, _ in kms.asked] == ["generate_data_key", "decrypt"]


def test_a_text_that_was_sealed_before_there_were_parts_is_opened() -> None:
    """Owners' keys for providers, sealed by an earlier version, which named no part."""
    kms = MemoryKms()
    data_key = kms.generate_data_key(KeyId="key", KeySpec="AES_256", EncryptionContext=CONTEXT)
    sealed = sealed_as_before(data_key, TEXT)

    assert KmsCipher("key", client=lambda: kms).open(sealed, context=CONTEXT) == TEXT


def sealed_as_before(data_key: dict[str, bytes], text: str) -> str:
    nonce = bytes(12)
    bound = json.dumps(sorted(CONTEXT.items())).encode()
    data = AESGCM(data_key["Plaintext"]).encrypt(nonce, text.encode(), bound)
    parts = {"key": data_key["CiphertextBlob"], "nonce": nonce, "text": data}
    return json.dumps({name: b64encode(part).decode() for name, part in parts.items()})
