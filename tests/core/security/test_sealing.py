import os
from pathlib import Path

import pytest

from tradewire import Unhonoured
from tradewire.security.key_file import create_key_file, load_key_file, replace_key_file
from tradewire.security.sealing import Secrets


def test_what_was_sealed_is_unsealed() -> None:
    secrets = Secrets.new()
    sealed = secrets.seal(b"credentials")
    assert b"credentials" not in sealed
    assert secrets.unseal(sealed) == b"credentials"


def test_after_rotation_old_values_open_and_new_ones_need_the_new_key() -> None:
    old = Secrets.new()
    new = old.rotated()
    assert new.unseal(old.seal(b"x")) == b"x"
    with pytest.raises(Unhonoured, match="sealed with another key file"):
        old.unseal(new.seal(b"x"))


def test_a_resealed_value_opens_without_the_old_key() -> None:
    old = Secrets.new()
    new = old.rotated()
    assert new.with_newest_only().unseal(new.reseal(old.seal(b"x"))) == b"x"


def test_rotation_keeps_the_pepper_so_that_keys_stay_valid() -> None:
    secrets = Secrets.new()
    assert secrets.rotated().digest("k") == secrets.digest("k")
    assert Secrets.new().digest("k") != secrets.digest("k")


def test_a_digest_is_64_hex_characters() -> None:
    assert len(bytes.fromhex(Secrets.new().digest("k"))) == 32


def test_a_changed_value_does_not_open() -> None:
    secrets = Secrets.new()
    sealed = bytearray(secrets.seal(b"x"))
    sealed[20] ^= 1
    with pytest.raises(Unhonoured, match="it was changed"):
        secrets.unseal(bytes(sealed))


def test_secrets_show_nothing_of_themselves() -> None:
    assert repr(Secrets.new()) == "Secrets(1 sealing keys)"


def test_a_key_file_is_readable_by_its_owner_only_and_loads_again(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    made = create_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key_file(path).unseal(made.seal(b"x")) == b"x"
    assert load_key_file(path).digest("k") == made.digest("k")


def test_a_permissive_umask_does_not_open_the_key_file(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_key_file(tmp_path / "keys")
    finally:
        os.umask(before)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_file_open_to_others_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys"
    create_key_file(path)
    path.chmod(mode)
    with pytest.raises(Unhonoured, match="chmod 600"):
        load_key_file(path)


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    create_key_file(tmp_path / "keys")
    with pytest.raises(Unhonoured, match="never overwritten"):
        create_key_file(tmp_path / "keys")


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unhonoured, match="no key file at"):
        load_key_file(tmp_path / "keys")


def test_a_replaced_key_file_holds_the_new_secrets(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    rotated = create_key_file(path).rotated()
    replace_key_file(path, rotated)
    assert load_key_file(path).unseal(rotated.seal(b"x")) == b"x"
    assert [one.name for one in tmp_path.iterdir()] == ["keys"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"pepper AAAA\n",
        b"pepper !!\nseal x\n",
        b"hello\n",
        b"pepper " + b"A" * 43 + b"=\nseal nonsense\n",
    ],
)
def test_a_damaged_key_file_is_refused_without_showing_it(content: bytes) -> None:
    with pytest.raises(Unhonoured) as caught:
        Secrets.from_bytes(content)
    assert "nonsense" not in str(caught.value)
