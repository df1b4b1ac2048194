"""The reference page says what the code does."""

import json
import re
from hashlib import sha256
from pathlib import Path

from tradewire.domain.ledger import EntryKind
from tradewire.ledger.chain import genesis, link
from tradewire.ledger.checkpoint import from_json
from tradewire.ledger.damage import Damage
from tradewire.ledger.export import COLUMNS

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "ledger.md").read_text("utf-8")
EXAMPLE, CHECKPOINT = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_lists_every_kind_once_in_the_order_of_the_code() -> None:
    assert re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", PAGE, re.MULTILINE) == [kind.value for kind in EntryKind]


def test_the_worked_example_is_what_the_formula_gives() -> None:
    example = json.loads(EXAMPLE)
    previous = sha256(b"tradewire ledger 1\n" + example["store_id"].encode()).digest()
    assert previous.hex() == example["hash_0"]
    for entry in example["entries"]:
        body = json.dumps(entry["body"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        place = entry["number"].to_bytes(8, "big") + entry["seq"].to_bytes(8, "big")
        previous = sha256(previous + place + sha256(body).digest()).digest()
        assert previous.hex() == entry["hash"]


def test_the_worked_example_is_what_the_code_gives() -> None:
    example = json.loads(EXAMPLE)
    previous = genesis(example["store_id"])
    for entry in example["entries"]:
        body = json.dumps(entry["body"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        previous = link(previous, entry["number"], entry["seq"], body)
        assert previous.hex() == entry["hash"]


def test_the_checkpoint_on_the_page_is_one_of_the_example() -> None:
    example = json.loads(EXAMPLE)
    kept = from_json(CHECKPOINT)
    assert (kept.store_id, kept.hash) == (example["store_id"], example["entries"][-1]["hash"])


def test_the_page_names_every_kind_of_damage() -> None:
    assert all(f"`{damage.value}`" in PAGE for damage in Damage)


def test_the_page_lists_the_columns_of_a_csv_export() -> None:
    assert f"`{','.join(COLUMNS)}`" in PAGE
