"""Lost and doubled, found from three books that each tell their own story."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tradewire.demo.books import Execution, Ledger, Origin, VenueBook, VenueOrder
from tradewire.demo.compare import Comparison, Wish, compare

NAMES = {"a1": "north", "a2": "south"}


def order(client_id: str) -> VenueOrder:
    return VenueOrder(account="x", client_id=client_id, symbol="AAPL", side="buy", quantity=Decimal(10))


def fill(client_id: str, price: str = "200") -> Execution:
    return Execution(
        client_id=client_id, execution_id=f"e-{client_id}", quantity=Decimal(10), price=Decimal(price)
    )


def ledger(orders: dict[str, tuple[str, str]], *, accepted: set[str] | None = None) -> Ledger:
    """Orders by client id: their signal and algorithm."""
    return Ledger(
        entries=1,
        accepted=frozenset(accepted if accepted is not None else {signal for signal, _ in orders.values()}),
        orders={name: Origin(signal_id=signal, algorithm_id=who) for name, (signal, who) in orders.items()},
        fills=frozenset(fill(name) for name in orders),
    )


def venue(*client_ids: str) -> VenueBook:
    return VenueBook(
        accounts=frozenset({"x"}),
        orders=tuple(order(name) for name in client_ids),
        fills=tuple(fill(name) for name in dict.fromkeys(client_ids)),
    )


def wish(*signals: str, algorithms: tuple[str, ...] = ("north", "south"), name: str = "buy") -> Wish:
    return Wish(name=name, signals=frozenset(signals), algorithms=algorithms)


BOTH = {"c1": ("s1", "a1"), "c2": ("s1", "a2")}


def test_books_that_agree_show_nothing() -> None:
    assert compare([wish("s1")], ledger(BOTH), venue("c1", "c2"), NAMES) == Comparison()


def test_an_accepted_wish_without_its_order_at_the_venue_is_lost() -> None:
    found = compare([wish("s1")], ledger(BOTH), venue("c1"), NAMES)
    assert found.lost == ('"buy" was answered with 200, and no order of south is at the venue.',)
    assert not found.doubled


def test_an_accepted_signal_that_the_ledger_does_not_have_is_lost() -> None:
    found = compare([wish("s1", algorithms=())], ledger({}), venue(), NAMES)
    assert found.lost == ('"buy" was answered with 200, and the ledger has no signal s1.',)


def test_what_was_never_accepted_cannot_be_lost() -> None:
    assert compare([wish()], ledger({}), venue(), NAMES) == Comparison()


def test_a_resend_that_traded_again_is_doubled_though_it_has_a_signal_of_its_own() -> None:
    orders = BOTH | {"c3": ("s2", "a1")}
    found = compare([wish("s1", "s2")], ledger(orders), venue("c1", "c2", "c3"), NAMES)
    assert found.doubled == ('"buy": 2 orders of north are at the venue, and 1 was wanted.',)
    assert not found.lost


def test_an_order_of_an_algorithm_that_should_not_have_traded_is_doubled() -> None:
    found = compare([wish("s1", algorithms=("north",))], ledger(BOTH), venue("c1", "c2"), NAMES)
    assert found.doubled == ('"buy": 1 orders of south are at the venue, and 0 was wanted.',)


def test_an_order_that_the_ledger_does_not_know_is_doubled() -> None:
    found = compare([wish("s1")], ledger(BOTH), venue("c1", "c2", "c9"), NAMES)
    assert len(found.doubled) == 1
    assert "(c9), which the ledger does not know" in found.doubled[0]


def test_one_client_id_twice_at_the_venue_is_doubled() -> None:
    found = compare([wish("s1")], ledger(BOTH), venue("c1", "c2", "c2"), NAMES)
    assert any("(c2) 2 times" in sentence for sentence in found.doubled)


def test_a_fill_that_only_one_book_has_is_named() -> None:
    book = venue("c1", "c2")
    missing = VenueBook(accounts=book.accounts, orders=book.orders, fills=book.fills[:1])
    found = compare([wish("s1")], ledger(BOTH), missing, NAMES)
    assert found.differing == (
        "The fill e-c2 of 10 at 200 is in the ledger 1 times and at the venue 0 times.",
    )


def test_a_fill_at_another_price_is_another_fill() -> None:
    book = venue("c1", "c2")
    other = VenueBook(
        accounts=book.accounts, orders=book.orders, fills=(book.fills[0], fill("c2", price="199"))
    )
    assert len(compare([wish("s1")], ledger(BOTH), other, NAMES).differing) == 2


@given(
    wanted=st.lists(st.sets(st.sampled_from(["a1", "a2"]), min_size=1), min_size=1, max_size=6),
    data=st.data(),
)
def test_taking_away_and_adding_orders_is_always_found(wanted: list[set[str]], data: st.DataObject) -> None:
    orders = {
        f"c{number}{who}": (f"s{number}", who)
        for number, algorithms in enumerate(wanted)
        for who in sorted(algorithms)
    }
    wishes = [
        wish(f"s{number}", algorithms=tuple(NAMES[who] for who in sorted(algorithms)), name=f"w{number}")
        for number, algorithms in enumerate(wanted)
    ]
    gone = data.draw(st.sets(st.sampled_from(sorted(orders))))
    strange = data.draw(st.sets(st.sampled_from(["x1", "x2"])))
    there = [name for name in orders if name not in gone] + sorted(strange)
    found = compare(wishes, ledger(orders), venue(*there), NAMES)
    assert (len(found.lost), len(found.doubled)) == (len(gone), len(strange))
