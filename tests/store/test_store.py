"""The store: what is committed is there at the next start, whole; and no other file is taken for one."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from agent.model.model import Model
from agent.model.records import (
    CLASSES,
    PIF,
    VIF,
    VLAN,
    VM,
    Bond,
    BondMode,
    PowerState,
    Record,
    Tunnel,
    TunnelProtocol,
    VMGuestMetrics,
)
from agent.store.sqlite import Store, StoreError
from tests.worlds.world import bonded, host, pif_of, static6, taken_over, with_pif, with_record

VXLAN = TunnelProtocol.VXLAN


def full() -> Model:
    """A model with a record of every class, and a value other than the default in the fields."""
    model = bonded(taken_over(host()), "eth0", "eth1", MAC="02:00:00:00:00:aa")
    found = replace(
        model.all(Bond)[0],
        other_config={"a": "ü\n"},
        mode=BondMode.LACP,
        properties={"hashing_algorithm": "src_mac"},
    )
    configured = static6("2001:db8::2/64", "fe80::1", DNS="192.0.2.53,2001:db8::53")
    return with_vms(
        with_record(
            with_pif(model, "bond0", ip_configuration=configured, disallow_unplug=True, VLAN=7, MTU=9000),
            found,
        )
    )


def with_vms(model: Model) -> Model:
    """The model with a VLAN, a tunnel, and a VM with a VIF that it was asked to give up."""
    lower, upper = pif_of(model, "bond0"), pif_of(model, "eth1")
    metrics = VMGuestMetrics(uuid=str(uuid4()), PV_drivers_detected=True)
    vm = VM(
        uuid=str(uuid4()),
        name_label="alpha",
        power_state=PowerState.SUSPENDED,
        resident_on=lower.host,
        possible_hosts=(lower.host,),
        domid=3,
        guest_metrics=metrics.ref,
    )
    records = (
        VLAN(uuid=str(uuid4()), tagged_PIF=lower.ref, untagged_PIF=upper.ref, tag=7),
        Tunnel(uuid=str(uuid4()), access_PIF=upper.ref, transport_PIF=lower.ref, protocol=VXLAN, key=7),
        metrics,
        vm,
        VIF(
            uuid=str(uuid4()),
            device="0",
            network=lower.network,
            VM=vm.ref,
            MAC="02:00:00:00:00:01",
            released=True,
        ),
    )
    return Model({**model.records, **{record.ref: record for record in records}})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pifd.sqlite"


def with_store(path: Path, act: Callable[[Store], None]) -> None:
    store = Store(path)
    try:
        act(store)
    finally:
        store.close()


def committed(path: Path, *models: Model) -> None:
    """The models, one after the other, in a store that is then closed."""

    def act(store: Store) -> None:
        for before, after in zip((Model(), *models), models, strict=False):
            store.commit(before, after)

    with_store(path, act)


def loaded(path: Path) -> Model:
    store = Store(path)
    try:
        return store.load()
    finally:
        store.close()


def refusal(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        loaded(path)
    return str(caught.value)


def alter(path: Path, *statements: str) -> None:
    database = sqlite3.connect(path)
    for statement in statements:
        database.executescript(statement)
    database.commit()
    database.close()


def test_a_new_store_holds_nothing(path: Path) -> None:
    assert loaded(path) == Model()


def test_a_record_of_every_class_comes_back_as_it_was(path: Path) -> None:
    model = full()
    committed(path, model)
    assert {type(record) for record in model.records.values()} == set(CLASSES)
    assert loaded(path) == model


def test_the_types_of_the_fields_come_back_too(path: Path) -> None:
    committed(path, full())
    record = pif_of(loaded(path), "bond0")
    assert (type(record), type(record.ip_configuration.IPv6), type(record.bond_slave_of)) == (
        PIF,
        tuple,
        type(None),
    )


def test_the_records_come_back_oldest_first(path: Path) -> None:
    model = full()
    committed(path, model, with_pif(model, "eth0", MTU=1400))
    assert list(loaded(path).records) == list(model.records)


def test_a_record_that_changes_and_one_that_goes_are_written(path: Path) -> None:
    first = full()
    records: dict[str, Record] = dict(with_pif(first, "eth0", MTU=1400).records)
    del records[first.all(Bond)[0].ref]
    second = Model(records)
    committed(path, first, second)
    assert loaded(path) == second


@pytest.mark.parametrize("how", ["ABORT", "ROLLBACK"])
def test_a_commit_that_fails_half_way_changes_nothing(path: Path, how: str) -> None:
    """SQLite leaves the transaction to pifd, or has rolled it back by itself."""
    first = full()
    committed(path, first)
    alter(path, f"CREATE TRIGGER full BEFORE UPDATE ON record BEGIN SELECT RAISE({how}, 'disk full'); END")
    records: dict[str, Record] = dict(with_pif(first, "eth0", MTU=1400).records)
    del records[first.all(Bond)[0].ref]
    store = Store(path)
    with pytest.raises(StoreError) as caught:
        store.commit(first, Model(records))
    assert (str(caught.value), store.load()) == (f"{path}: disk full", first)
    store.close()


def test_a_process_killed_before_its_commit_has_written_nothing(path: Path, tmp_path: Path) -> None:
    """The file is copied while a transaction is open, as a kill leaves it."""
    first = full()
    committed(path, first)
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    database.execute("DELETE FROM record")
    for file in tmp_path.glob("pifd.sqlite*"):
        (tmp_path / file.name.replace("pifd", "copy")).write_bytes(file.read_bytes())
    database.close()
    assert loaded(tmp_path / "copy.sqlite") == first


def test_a_file_in_use_is_refused(path: Path) -> None:
    store = Store(path)
    assert refusal(path) == f"{path}: database is locked"
    store.close()
    assert loaded(path) == Model()


def test_a_store_in_use_that_is_not_new_is_refused_too(path: Path) -> None:
    committed(path, full())
    store = Store(path)
    assert refusal(path) == f"{path}: database is locked"
    store.close()


@pytest.mark.parametrize("version", [1, 8])
def test_another_schema_is_refused_with_both_versions_named(path: Path, version: int) -> None:
    committed(path, full())
    alter(path, f"PRAGMA user_version = {version}")
    assert refusal(path) == (
        f"{path}: written by another pifd (schema version {version}; this one knows 2)."
        " Install that version again, or move the file away."
    )


def test_the_store_as_it_is_can_be_kept_beside_itself(path: Path) -> None:
    model = full()
    committed(path, model)
    store = Store(path)
    copy = store.keep_copy()
    store.commit(model, Model())
    store.close()
    assert (copy.parent, loaded(path), loaded(copy)) == (path.parent, Model(), model)


def test_somebody_elses_database_is_refused_and_left_as_it_is(path: Path) -> None:
    alter(path, "CREATE TABLE song (title TEXT)", "INSERT INTO song VALUES ('Heimweh')")
    before = path.read_bytes()
    assert refusal(path) == f"{path}: this is not a store of pifd's"
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path: Path) -> None:
    path.write_text("garbage " * 200)
    assert refusal(path) == f"{path}: file is not a database"
    assert path.read_text() == "garbage " * 200


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere" / "pifd.sqlite").endswith("unable to open database file")


def test_a_record_of_an_unknown_class_is_refused(path: Path) -> None:
    committed(path, full())
    alter(path, "INSERT INTO record VALUES ('OpaqueRef:x', 'Rocket', '{}')")
    assert refusal(path) == f"{path}: OpaqueRef:x is of a class that this pifd does not know, Rocket"


@pytest.mark.parametrize("fields", ["{}", "junk", '{"uuid": 7}'])
def test_a_damaged_record_is_refused_with_its_name(path: Path, fields: str) -> None:
    committed(path, full())
    alter(path, f"UPDATE record SET fields = '{fields}' WHERE class = 'Bond'")
    assert refusal(path).startswith(f"{path}: Bond OpaqueRef:")


def test_a_file_with_damaged_pages_is_refused_in_words(path: Path) -> None:
    with_store(path, lambda store: store.commit(Model(), full()))
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    with pytest.raises(StoreError, match="malformed"):
        loaded(path)


def test_sqlites_words_of_a_damaged_file_need_not_be_text(path: Path) -> None:
    with_store(path, lambda store: store.commit(Model(), full()))
    damaged = path.read_bytes().replace(b"sqlite_autoindex", b"\xedqlite_autoindex")
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match="malformed database schema"):
        loaded(path)


def test_a_record_under_anothers_reference_is_refused(path: Path) -> None:
    with_store(path, lambda store: store.commit(Model(), full()))
    other = "OpaqueRef:00000000-0000-0000-0000-000000000001"
    alter(path, f"UPDATE record SET ref = '{other}' WHERE class = 'Bond'")
    with pytest.raises(StoreError, match=f"Bond {other} says that it is OpaqueRef:"):
        loaded(path)
