import base64
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.checkpoints import BadCheckpoint, Checkpoint, Signer, opened, public_of, split
from infra.secrets import ExposedSecret
from infra.settings import BadSetting

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
CHECKPOINT = Checkpoint("everbook/1f0c/ledger-0", 42, sha256(b"root").digest())
NOTE = SIGNER.sign(CHECKPOINT)


def test_a_note_is_written_as_the_standard_says() -> None:
    """C2SP tlog-checkpoint in a C2SP signed-note, worked out by hand."""
    origin, size, root, empty, signature, end = NOTE.split("\n")
    assert (origin, size, empty, end) == ("everbook/1f0c/ledger-0", "42", "", "")
    assert base64.b64decode(root, validate=True) == sha256(b"root").digest()
    dash, name, encoded = signature.split(" ")
    assert (dash, name) == ("\u2014", origin)
    signed = base64.b64decode(encoded, validate=True)
    public = SIGNER.public.public_bytes_raw()
    assert signed[:4] == sha256(origin.encode() + b"\n\x01" + public).digest()[:4]
    assert len(signed) == 4 + 64
    SIGNER.public.verify(signed[4:], f"{origin}\n{size}\n{root}\n".encode())


def test_a_note_opens_to_what_was_signed() -> None:
    assert opened(NOTE, SIGNER.public) == CHECKPOINT
    assert CHECKPOINT.log == "ledger-0"


@settings(deadline=None, max_examples=300)
@given(place=st.integers(0, len(NOTE) - 1), character=st.characters(codec="utf-8"))
def test_a_note_of_which_anything_was_altered_does_not_open(place: int, character: str) -> None:
    altered = NOTE[:place] + character + NOTE[place + 1 :]
    if altered == NOTE:
        return
    try:
        assert opened(altered, SIGNER.public) == CHECKPOINT
    except BadCheckpoint:
        return
    assert altered[: NOTE.index("\u2014")] == NOTE[: NOTE.index("\u2014")], "only what follows the text may differ"


@pytest.mark.parametrize(("old", "new"), [
    ("\n42\n", "\n042\n"), ("\n42\n", "\n+42\n"), ("\n42\n", "\n42 \n"), ("\n42\n", "\n4_2\n"), ("\n42\n", "\n43\n"),
    ("\n\n", "\nextension\n\n"), ("\n\n", "\n"), ("\u2014 ", ""), ("\u2014 ", "- "), ("ledger-0", "ledger-1"),
])
def test_another_way_of_writing_it_is_no_checkpoint_of_ours(old: str, new: str) -> None:
    with pytest.raises(BadCheckpoint):
        opened(NOTE.replace(old, new), SIGNER.public)


@pytest.mark.parametrize("text", ["", "\n", "nonsense", "a\nb\nc\n\n", "\n\n\n\n", "x\n1\n!!\n\n\u2014 x y\n"])
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(BadCheckpoint):
        opened(text, SIGNER.public)


def test_another_key_opens_nothing() -> None:
    other = Signer(Ed25519PrivateKey.generate())
    with pytest.raises(BadCheckpoint, match="not signed by this ledger's key"):
        opened(NOTE, other.public)


def test_signatures_of_others_may_stand_beside_ours() -> None:
    witness = "\u2014 witness.example " + base64.b64encode(b"\x00" * 68).decode() + "\n"
    text, ours = NOTE.split("\n\n")
    assert opened(f"{text}\n\n{witness}{ours}", SIGNER.public) == CHECKPOINT
    with pytest.raises(BadCheckpoint):
        opened(f"{text}\n\n{witness}", SIGNER.public)


@given(sizes=st.lists(st.integers(1, 99), max_size=5), gap=st.sampled_from(["", "\n"]))
def test_notes_in_one_file_come_apart_again(sizes: list[int], gap: str) -> None:
    notes = [SIGNER.sign(Checkpoint("everbook/1f0c/market", size, CHECKPOINT.root)) for size in sizes]
    assert split(gap.join(notes)) == notes


def test_a_verifier_key_knows_what_its_signer_signed() -> None:
    told = SIGNER.verifier(CHECKPOINT.origin)
    assert opened(NOTE, public_of(f"{told}\n")) == CHECKPOINT
    other = Signer(Ed25519PrivateKey.generate()).verifier(CHECKPOINT.origin)
    with pytest.raises(BadCheckpoint):
        opened(NOTE, public_of(other))
    name, key_id, encoded = told.split("+", 2)
    for broken in ("", name, f"{name}+{key_id}", f"{name}+00000000+{encoded}", f"other+{key_id}+{encoded}"):
        with pytest.raises(BadCheckpoint):
            public_of(broken)


def test_a_key_that_is_given_is_kept_and_no_other_beside_it(tmp_path: Path) -> None:
    key, given = tmp_path / "checkpoint-key", "ab" * 32
    told = Signer.open(key, given).verifier("x")
    assert told == Signer.open(key).verifier("x") == Signer.open(key, given).verifier("x")
    with pytest.raises(BadSetting, match="another key than EVERBOOK_CHECKPOINT_KEY"):
        Signer.open(key, "cd" * 32)
    for wrong in ("ab", "xy" * 32, "ab" * 33):
        with pytest.raises(BadSetting, match="EVERBOOK_CHECKPOINT_KEY must be 64 hexadecimal digits"):
            Signer.open(key, wrong)


def test_the_key_is_made_once_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    key = tmp_path / "checkpoint-key"
    note = Signer.open(key).sign(CHECKPOINT)
    assert key.stat().st_mode & 0o777 == 0o600
    assert opened(note, Signer.open(key).public) == CHECKPOINT
    key.chmod(0o640)
    with pytest.raises(ExposedSecret):
        Signer.open(key)
