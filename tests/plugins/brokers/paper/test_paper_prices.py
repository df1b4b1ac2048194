import gzip
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire import Instrument, Unhonoured
from tradewire_paper.bars import Bars, read_bars
from tradewire_paper.config import PaperConfig
from tradewire_paper.prices import Walk
from tradewire_paper.source import prices_of
from tradewire_paper.symbols import resolve

START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
MOMENTS = st.integers(1_577_836_800, 2_208_988_800).map(lambda second: datetime.fromtimestamp(second, UTC))
BARS = """ts,open,high,low,close,volume
2025-01-02T14:30:00Z,100,104,99,103,1000
2025-01-02T14:31:00Z,103,105,102,102.5,1000
2025-01-02T14:33:00Z,90,91,89,90.5,1000
"""


def known(ticker: str) -> Instrument:
    found = resolve(ticker)
    assert found is not None
    return found


def walk(seed: int = 1, volatility: str = "30", spread: str = "2") -> Walk:
    return Walk(seed, Decimal(volatility), Decimal(spread), {})


@given(MOMENTS, st.sampled_from(["AAPL", "BTCUSD", "EURUSD"]))
def test_a_restart_sees_the_same_price(at: datetime, ticker: str) -> None:
    assert walk().quote(known(ticker), at) == walk().quote(known(ticker), at)


@given(
    MOMENTS,
    st.sampled_from(["AAPL", "BTCUSD", "SHIBUSD", "EURUSD", "ES1!", "ZN1!"]),
    st.sampled_from(["0", "0.1", "2", "500"]),
)
def test_quotes_lie_on_ticks_with_the_bid_not_above_the_ask(at: datetime, ticker: str, spread: str) -> None:
    instrument = known(ticker)
    quote = walk(spread=spread).quote(instrument, at)
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.last is not None
    assert 0 < quote.bid <= quote.last <= quote.ask
    assert all(price % instrument.tick == 0 for price in (quote.bid, quote.last, quote.ask))


def test_seeds_and_symbols_walk_apart() -> None:
    at = START + timedelta(days=3)
    assert walk(1).quote(known("AAPL"), at) != walk(2).quote(known("AAPL"), at)
    alike = Walk(1, Decimal(30), Decimal(2), {"AAPL": Decimal(100), "MSFT": Decimal(100)})
    assert alike.quote(known("AAPL"), at).last != alike.quote(known("MSFT"), at).last


def test_the_price_moves_by_about_its_volatility() -> None:
    prices = [walk(spread="0").quote(known("BTCUSD"), START + timedelta(seconds=s)).last for s in range(2000)]
    steps = [float(b / a) - 1 for a, b in pairwise(prices) if a and b]
    deviation = (sum(step * step for step in steps) / len(steps)) ** 0.5
    yearly = deviation * (365 * 24 * 3600) ** 0.5
    assert 0.25 < yearly < 0.35


def test_without_volatility_the_price_stands_still() -> None:
    still = walk(volatility="0")
    quotes = {still.quote(known("AAPL"), START + timedelta(hours=h)).last for h in range(100)}
    assert quotes == {Decimal(220)}


def test_a_first_price_can_be_given() -> None:
    prices = prices_of(PaperConfig(volatility=Decimal(0), prices={"NASDAQ:AAPL": Decimal(100)}), START)
    quote = prices.quote(known("AAPL"), START)
    assert quote is not None
    assert (quote.bid, quote.ask) == (Decimal("99.99"), Decimal("100.01"))


@pytest.mark.parametrize(
    ("seconds", "price"),
    [
        (0, "100"),
        (15, "99"),
        (30, "104"),
        (45, "103"),
        (60, "103"),
        (75, "103"),
        (91, "105"),
        (175, "102.5"),
        (180, "90.5"),
        (99999, "90.5"),
    ],
)
def test_bars_are_replayed_from_the_start_by_their_offsets(tmp_path: Path, seconds: int, price: str) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(BARS)
    bars = Bars(read_bars(str(file)), START, Decimal(0))
    assert bars.quote(known("AAPL"), START + timedelta(seconds=seconds)).last == Decimal(price)


def test_bars_may_be_gzipped_and_bring_their_own_quote(tmp_path: Path) -> None:
    file = tmp_path / "bars.csv.gz"
    with gzip.open(file, "wt") as text:
        text.write(
            "ts,open,high,low,close,volume,bid,ask\n2025-01-02T14:30:00+00:00,10,11,9,10,5,9.98,10.03\n"
        )
    quote = prices_of(PaperConfig(bars=str(file)), START).quote(known("AAPL"), START)
    assert quote is not None
    assert (quote.bid, quote.ask, quote.last) == (Decimal("9.98"), Decimal("10.03"), Decimal(10))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ts,open,high,low\n", "lack the column close"),
        ("ts,open,high,low,close\n", "has no bars"),
        ("ts,open,high,low,close\nnoon,1,1,1,1\n", "at line 2"),
        ("ts,open,high,low,close\n2025-01-02T14:30:00Z,1,x,1,1\n", "at line 2"),
        ("ts,open,high,low,close\n2025-01-02T14:30:00Z,1,1,0,1\n", "not above 0"),
        ("ts,open,high,low,close\n2025-01-02T14:30:00Z,1,1\n", "at line 2"),
        (BARS + "2025-01-02T14:33:00Z,1,1,1,1,1\n", "back in time at line 5"),
    ],
)
def test_a_file_that_is_no_file_of_bars_is_refused_with_the_place(
    tmp_path: Path, text: str, problem: str
) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(text)
    with pytest.raises(Unhonoured, match=problem):
        read_bars(str(file))


def test_a_missing_file_of_bars_is_named() -> None:
    with pytest.raises(Unhonoured, match=r"nowhere\.csv cannot be read"):
        read_bars("nowhere.csv")
