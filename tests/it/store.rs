//! What every store has to hold, as one suite over each of them.

use jiff::{SignedDuration, Timestamp};
use touchline::engine::effect::{Effect, Outcome, What};
use touchline::engine::input::{Delivery, Input, Switch};
use touchline::engine::record::Record;
use touchline::engine::store::{
    Change, Checkpoint, Committed, Folded, Kind, Row, RowId, RowState, RuleSources, SetAside, Store, StoreError, Turn,
    Vault, Version,
};
use touchline::id::{EffectId, Position};
use touchline::store::memory::{Disk, Fault};
use touchline::store::outbox::{Patience, rows};
use touchline::vocabulary::directory::Directory;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + seconds).unwrap()
}

fn tick(position: u64, seconds: i64) -> Record {
    Record { position: Position(position), now: at(seconds), input: Input::Tick }
}

/// An alert to some people, without a firing.
fn alert(number: u8, seconds: i64, people: &[&str]) -> Effect {
    let addresses = people.iter().map(|address| (*address).into()).collect();
    Effect {
        id: EffectId([number; 16]),
        at: at(seconds),
        outcome: Outcome::Sent,
        reason: "immediate".into(),
        what: What::Alert { role: "lead".into(), addresses, text: "look".into() },
        to: "lead".into(),
        due: None,
        step: 0,
        firing: None,
    }
}

fn withdrawal(of: &Effect, seconds: i64) -> Effect {
    Effect { what: What::Withdraw, outcome: Outcome::Cancelled, at: at(seconds), ..of.clone() }
}

fn folded(from: u64, effects: Vec<(u64, Vec<Effect>)>, to: u64) -> Option<Folded> {
    let mut folded = Folded::starting(Position(from));
    for (position, effects) in effects {
        folded.add(Position(position), effects, &Directory::default(), Patience::default());
    }
    folded.to = Position(to);
    Some(folded)
}

fn id(effect: &Effect, recipient: u32) -> RowId {
    RowId { effect: effect.id, recipient }
}

fn states(store: &dyn Store, effect: &Effect) -> Vec<RowState> {
    store.rows(effect.id).unwrap().iter().map(|row| row.state).collect()
}

/// Writes a turn that must be taken.
fn write(store: &mut dyn Store, turn: Turn) {
    let ends = store.ends().unwrap();
    let turn = Turn { number: ends.turn + 1, ..turn };
    assert_eq!(store.write(ends.epoch, &turn), Ok(Committed::Ok), "{turn:#?}");
}

/// A test by its name.
type Named = (&'static str, fn(&mut dyn Store));

/// Runs the suite over what `open` gives, an empty store each time.
pub fn suite(open: &dyn Fn() -> Box<dyn Store>) {
    let tests: [Named; 10] = [
        ("what is written is read back", what_is_written_is_read_back),
        ("a turn that does not follow is fenced", a_turn_that_does_not_follow_is_fenced),
        ("one row for each recipient, each on its own", one_row_for_each_recipient),
        ("a lost lease changes nothing", a_lost_lease_changes_nothing),
        ("what is unsent is withdrawn", what_is_unsent_is_withdrawn),
        ("nothing goes out twice under one id", nothing_goes_out_twice_under_one_id),
        ("dead letters are listed and sent again", dead_letters_are_listed_and_sent_again),
        ("a kind is leased alone, those due longest first", a_kind_is_leased_alone),
        ("a recipient for whom many wait hides nobody", a_recipient_for_whom_many_wait_hides_nobody),
        ("trimming forgets the past and nothing else", trimming_forgets_the_past),
    ];
    for (name, test) in tests {
        eprintln!("{name}");
        let mut store = open();
        store.acquire().unwrap();
        test(&mut *store);
    }
}

#[test]
fn the_memory_holds_the_suite() {
    suite(&|| Box::new(Disk::new().open()));
}

fn what_is_written_is_read_back(store: &mut dyn Store) {
    let input = Input::Delivery(Delivery { effect: EffectId([7; 16]), failed: Some("no such address".into()) });
    let switch = Input::Switch(Switch { hash: [9; 16], ruleset: None, fills: vec![] });
    let records = vec![
        tick(1, 1),
        Record { position: Position(2), now: at(1), input },
        Record { position: Position(3), now: at(5), input: switch },
    ];
    let files = vec![("a/b.play".into(), b"rule".to_vec()), ("vocabulary.yaml".into(), vec![0, 255])];
    let first = Version { from: Position(0), at: None, hash: [1; 16], sources: RuleSources { files, kept: None } };
    let kept = Some(([1; 16], vec![touchline::id::RuleId::new("care", "detractor")]));
    let second = Version {
        from: Position(3),
        at: Some(at(5)),
        hash: [9; 16],
        sources: RuleSources { files: first.sources.files[..1].to_vec(), kept },
    };
    let poison = SetAside { position: Position(2), bytes: records[1].to_bytes(), why: "index out of bounds".into() };
    write(store, Turn { versions: vec![first.clone()], ..Turn::default() });
    write(store, Turn { records: records.clone(), versions: vec![second.clone()], ..Turn::default() });
    let one = alert(1, 1, &["a@example.test"]);
    let effects = vec![(1, vec![one.clone(), withdrawal(&alert(3, 0, &[]), 1)]), (3, vec![alert(2, 5, &[])])];
    write(store, Turn { folded: folded(0, effects.clone(), 3), set_aside: vec![poison.clone()], ..Turn::default() });

    let ends = store.ends().unwrap();
    assert_eq!((ends.turn, ends.last, ends.cursor, ends.now), (3, Position(3), Position(3), Some(at(5))));
    for reader in [store.reader().unwrap(), store.reader().unwrap().reader().unwrap()] {
        assert_eq!(reader.ends().unwrap(), ends);
        assert_eq!(reader.records(Position(0), 100).unwrap(), records);
        assert_eq!(reader.records(Position(2), 1).unwrap(), records[1..2]);
        assert_eq!(reader.versions().unwrap(), [first.clone(), second.clone()]);
        assert_eq!(reader.set_aside().unwrap(), std::slice::from_ref(&poison));
        let expected: Vec<_> =
            effects.iter().map(|(position, effects)| (Position(*position), effects.clone())).collect();
        assert_eq!(reader.effects(Position(0), 100).unwrap(), expected);
        assert_eq!(reader.effects(Position(2), 1).unwrap(), expected[1..]);
        assert_eq!(reader.rows(one.id).unwrap(), rows(&one, &Directory::default(), Patience::default()));
        assert_eq!(reader.outbox(None, None, 10).unwrap().len(), 2, "an alert without an address has a row as well");
    }
}

fn a_turn_that_does_not_follow_is_fenced(store: &mut dyn Store) {
    let epoch = store.ends().unwrap().epoch;
    let turn = |number, records, folded| Turn { number, records, folded, ..Turn::default() };
    assert_eq!(store.write(epoch, &turn(1, vec![tick(1, 1), tick(2, 2)], None)), Ok(Committed::Ok));
    let fenced = [
        ("the same turn again", turn(1, vec![tick(1, 1), tick(2, 2)], None)),
        ("a gap between turns", turn(3, vec![tick(3, 3)], None)),
        ("a gap between positions", turn(2, vec![tick(4, 3)], None)),
        ("a position again", turn(2, vec![tick(2, 3)], None)),
        ("time goes back", turn(2, vec![tick(3, 1)], None)),
        ("not from the cursor", turn(2, vec![], folded(1, vec![], 2))),
        ("beyond what is written", turn(2, vec![tick(3, 3)], folded(0, vec![], 3))),
    ];
    for (why, turn) in fenced {
        assert_eq!(store.write(epoch, &turn), Ok(Committed::Fenced), "{why}");
    }
    let later = store.acquire().unwrap();
    assert!(later > epoch);
    let next = turn(2, vec![tick(3, 3)], folded(0, vec![], 2));
    assert_eq!(store.write(epoch, &next), Ok(Committed::Fenced), "an earlier holder");
    let ends = store.ends().unwrap();
    assert_eq!((ends.turn, ends.last, ends.cursor), (1, Position(2), Position(0)), "nothing of these was written");
    assert_eq!(store.trim(epoch, Position(2), at(100), 10), Ok(0), "an earlier holder forgets nothing either");
    assert_eq!(store.write(later, &next), Ok(Committed::Ok));
}

fn one_row_for_each_recipient(store: &mut dyn Store) {
    let effect = alert(1, 1, &["a@example.test", "b@example.test"]);
    write(store, Turn { records: vec![tick(1, 1)], ..Turn::default() });
    assert_eq!(store.due(at(1), None, 10).unwrap(), [], "only what is committed can be leased");
    write(store, Turn { folded: folded(0, vec![(1, vec![effect.clone()])], 1), ..Turn::default() });
    assert_eq!(store.next_due().unwrap(), Some(at(1)));
    assert_eq!(store.due(at(0), None, 10).unwrap(), []);
    assert_eq!(store.due(at(1), None, 1).unwrap().len(), 1);
    let due = store.due(at(1), None, 10).unwrap();
    assert_eq!(due.iter().map(|row| &*row.to).collect::<Vec<_>>(), ["a@example.test", "b@example.test"]);
    let lease = Change::Lease { until: at(60) };
    let outbox = vec![(id(&effect, 0), lease.clone()), (id(&effect, 1), lease)];
    write(store, Turn { outbox, ..Turn::default() });
    assert_eq!(store.due(at(59), None, 10).unwrap(), []);
    assert_eq!(store.next_due().unwrap(), Some(at(60)));
    let retry = Change::Retry { attempt: 1, not_before: at(300), why: "451 later".into() };
    let outbox = vec![(id(&effect, 0), retry), (id(&effect, 1), Change::Sent { attempt: 1 })];
    write(store, Turn { outbox, ..Turn::default() });
    assert_eq!(states(store, &effect), [RowState::Waiting, RowState::Sent]);
    assert_eq!(store.due(at(299), None, 10).unwrap(), []);
    let again = store.due(at(300), None, 10).unwrap();
    assert_eq!((again.len(), again[0].attempt, &*again[0].why), (1, 1, "451 later"));
}

fn a_lost_lease_changes_nothing(store: &mut dyn Store) {
    let effect = alert(1, 1, &["a@example.test"]);
    let row = id(&effect, 0);
    let lease = |until| (row, Change::Lease { until: at(until) });
    let effects = vec![(1, vec![effect.clone()])];
    write(store, Turn { records: vec![tick(1, 1)], ..Turn::default() });
    write(store, Turn { folded: folded(0, effects, 1), outbox: vec![lease(10)], ..Turn::default() });
    assert_eq!(store.due(at(10), None, 10).unwrap().len(), 1, "the lease is over");
    write(store, Turn { outbox: vec![lease(100)], ..Turn::default() });
    let late = [
        Change::Retry { attempt: 1, not_before: at(11), why: "too late".into() },
        Change::Dead { attempt: 1, why: "too late".into() },
    ];
    for change in late {
        write(store, Turn { outbox: vec![(row, change)], ..Turn::default() });
        assert_eq!(states(store, &effect), [RowState::Leased { until: at(100) }]);
    }
    write(store, Turn { outbox: vec![(row, Change::Sent { attempt: 1 })], ..Turn::default() });
    assert_eq!(states(store, &effect), [RowState::Sent], "what went, went");
    let retry = Change::Retry { attempt: 2, not_before: at(101), why: "again".into() };
    write(store, Turn { outbox: vec![(row, retry)], ..Turn::default() });
    assert_eq!(states(store, &effect), [RowState::Sent], "and does not go again");
}

fn what_is_unsent_is_withdrawn(store: &mut dyn Store) {
    let effect =
        alert(1, 1, &["waits@example.test", "is-sent@example.test", "fails@example.test", "works@example.test"]);
    let lease = |n| (id(&effect, n), Change::Lease { until: at(60) });
    write(store, Turn { records: vec![tick(1, 1), tick(2, 2)], ..Turn::default() });
    let outbox = vec![lease(1), lease(2), lease(3), (id(&effect, 1), Change::Sent { attempt: 1 })];
    write(store, Turn { folded: folded(0, vec![(1, vec![effect.clone()])], 1), outbox, ..Turn::default() });
    let withdraw = folded(1, vec![(2, vec![withdrawal(&effect, 2)])], 2);
    write(store, Turn { folded: withdraw, ..Turn::default() });
    let leased = RowState::Leased { until: at(60) };
    assert_eq!(states(store, &effect), [RowState::Withdrawn, RowState::Sent, leased, leased]);
    let retry = Change::Retry { attempt: 1, not_before: at(9), why: "421".into() };
    let outbox = vec![(id(&effect, 2), retry), (id(&effect, 3), Change::Sent { attempt: 1 })];
    write(store, Turn { outbox, ..Turn::default() });
    assert_eq!(states(store, &effect), [RowState::Withdrawn, RowState::Sent, RowState::Withdrawn, RowState::Sent]);
    assert_eq!(store.next_due().unwrap(), None);
}

fn nothing_goes_out_twice_under_one_id(store: &mut dyn Store) {
    let effect = alert(1, 1, &["a@example.test"]);
    write(store, Turn { records: vec![tick(1, 1), tick(2, 2)], ..Turn::default() });
    let outbox = vec![(id(&effect, 0), Change::Lease { until: at(9) }), (id(&effect, 0), Change::Sent { attempt: 1 })];
    write(store, Turn { folded: folded(0, vec![(1, vec![effect.clone()])], 1), outbox, ..Turn::default() });
    write(store, Turn { folded: folded(1, vec![(2, vec![effect.clone()])], 2), ..Turn::default() });
    assert_eq!(states(store, &effect), [RowState::Sent]);
}

fn dead_letters_are_listed_and_sent_again(store: &mut dyn Store) {
    let (one, other) = (alert(1, 1, &["a@example.test", "b@example.test"]), alert(2, 1, &["c@example.test"]));
    write(store, Turn { records: vec![tick(1, 1)], ..Turn::default() });
    let dead = |row| [(row, Change::Lease { until: at(9) }), (row, Change::Dead { attempt: 1, why: "550".into() })];
    let outbox = [dead(id(&one, 1)), dead(id(&other, 0))].concat();
    write(store, Turn { folded: folded(0, vec![(1, vec![one.clone(), other.clone()])], 1), outbox, ..Turn::default() });
    let listed = |store: &dyn Store, after, limit| -> Vec<RowId> {
        store.outbox(after, Some(RowState::Dead), limit).unwrap().iter().map(|row: &Row| row.id).collect()
    };
    assert_eq!(listed(store, None, 10), [id(&one, 1), id(&other, 0)]);
    assert_eq!(listed(store, None, 1), [id(&one, 1)]);
    assert_eq!(listed(store, Some(id(&one, 1)), 10), [id(&other, 0)]);
    let again = (id(&other, 0), Change::Again { not_before: at(50), give_up: at(500) });
    write(store, Turn { outbox: vec![again], ..Turn::default() });
    assert_eq!(listed(store, None, 10), [id(&one, 1)]);
    let due = store.due(at(50), None, 10).unwrap();
    assert!(due.iter().any(|row| row.id == id(&other, 0) && row.give_up == at(500) && &*row.why == "550"));
}

fn a_kind_is_leased_alone(store: &mut dyn Store) {
    let post = Effect { what: What::Post { endpoint: "crm".into(), values: vec![] }, ..alert(1, 3, &[]) };
    let mails = [alert(2, 2, &["late@example.test"]), alert(3, 1, &["early@example.test"])];
    write(store, Turn { records: vec![tick(1, 3)], ..Turn::default() });
    let effects = vec![(1, vec![post, mails[0].clone(), mails[1].clone()])];
    write(store, Turn { folded: folded(0, effects, 1), ..Turn::default() });
    let to =
        |kind| -> Vec<String> { store.due(at(9), kind, 10).unwrap().iter().map(|row| row.to.to_string()).collect() };
    assert_eq!(to(None), ["early@example.test", "late@example.test", "crm"]);
    assert_eq!(to(Some(Kind::Mail)), ["early@example.test", "late@example.test"]);
    assert_eq!(to(Some(Kind::Webhook)), ["crm"]);
}

fn a_recipient_for_whom_many_wait_hides_nobody(store: &mut dyn Store) {
    let busy: Vec<Effect> = (10..60).map(|n| alert(n, i64::from(n), &["busy@example.test"])).collect();
    let others = [alert(1, 61, &["one@example.test", "two@example.test"]), alert(2, 62, &["one@example.test"])];
    write(store, Turn { records: vec![tick(1, 62)], ..Turn::default() });
    let effects = vec![(1, [&busy[..], &others[..]].concat())];
    write(store, Turn { folded: folded(0, effects, 1), ..Turn::default() });
    let due = |store: &dyn Store, now: i64, except: &[&str], most: (usize, usize)| -> Vec<(String, Timestamp)> {
        let except = except.iter().map(|to| (*to).into()).collect();
        let rows = store.due_for_each(at(now), Kind::Mail, &except, most).unwrap();
        rows.iter().map(|row| (row.to.to_string(), row.not_before)).collect()
    };
    let found = |to: &str, seconds: i64| (format!("{to}@example.test"), at(seconds));
    let all = [found("busy", 10), found("busy", 11), found("one", 61), found("two", 61), found("one", 62)];
    let mut seen = due(store, 70, &[], (2, 99));
    seen.sort_by_key(|(to, at)| (*at, to.clone()));
    assert_eq!(seen, all);
    assert_eq!(due(store, 70, &[], (2, 1)), all[..2], "those of who has waited longest");
    assert_eq!(due(store, 60, &[], (99, 99)).len(), 50, "and only what is due");
    assert_eq!(due(store, 70, &["busy@example.test"], (1, 99)).len(), 2);
    assert_eq!((store.count(RowState::Waiting), store.oldest_waiting()), (Ok(53), Ok(Some(at(10)))));
    // What is leased, sent, withdrawn or dead waits no longer; what failed waits again.
    let lease = |effect: &Effect, recipient: u32| (id(effect, recipient), Change::Lease { until: at(500) });
    let leased = vec![lease(&busy[0], 0), lease(&busy[1], 0), lease(&others[0], 0), lease(&others[0], 1)];
    write(store, Turn { outbox: leased, ..Turn::default() });
    assert_eq!(due(store, 70, &[], (1, 99)), [found("busy", 12), found("one", 62)]);
    let why = || "no".into();
    let ended = vec![
        (id(&busy[0], 0), Change::Sent { attempt: 1 }),
        (id(&busy[1], 0), Change::Retry { attempt: 1, not_before: at(65), why: why() }),
        (id(&others[0], 0), Change::Dead { attempt: 1, why: why() }),
        (id(&others[0], 1), Change::Retry { attempt: 1, not_before: at(69), why: why() }),
    ];
    let withdrawn: Vec<_> = busy[2..].iter().map(|effect| effect.id).collect();
    let folded = Folded { withdrawn, ..folded(1, vec![], 1).unwrap() };
    write(store, Turn { outbox: ended, folded: Some(folded), ..Turn::default() });
    assert_eq!(due(store, 70, &[], (5, 99)), [found("one", 62), found("busy", 65), found("two", 69)]);
    assert_eq!(due(store, 68, &["one@example.test"], (5, 99)), [found("busy", 65)]);
    assert_eq!((store.count(RowState::Dead), store.count(RowState::Withdrawn)), (Ok(1), Ok(48)));
    assert_eq!((store.count(RowState::Waiting), store.oldest_waiting()), (Ok(3), Ok(Some(at(11)))));
    let again = vec![(id(&others[0], 0), Change::Again { not_before: at(63), give_up: at(999) })];
    write(store, Turn { outbox: again, ..Turn::default() });
    assert_eq!(due(store, 70, &[], (5, 1)), [found("one", 62), found("one", 63)]);
}

fn trimming_forgets_the_past(store: &mut dyn Store) {
    let (old, young) = (alert(1, 1, &["a@example.test"]), alert(2, 5, &["b@example.test"]));
    let unsent = alert(3, 1, &["c@example.test"]);
    write(store, Turn { records: (1..=6).map(|n| tick(n, n as i64)).collect(), ..Turn::default() });
    let sent = |row| [(row, Change::Lease { until: at(9) }), (row, Change::Sent { attempt: 1 })];
    let outbox = [sent(id(&old, 0)), sent(id(&young, 0))].concat();
    let effects = vec![(1, vec![old.clone(), unsent.clone()]), (5, vec![young.clone()])];
    write(store, Turn { folded: folded(0, effects, 5), outbox, ..Turn::default() });
    let epoch = store.ends().unwrap().epoch;
    assert_eq!(store.trim(epoch, Position(3), at(5), 2), Ok(3), "two inputs and a row");
    assert_eq!(store.trim(epoch, Position(3), at(5), 2), Ok(1));
    assert_eq!(store.trim(epoch, Position(3), at(5), 2), Ok(0));
    assert_eq!(store.ends().unwrap().trimmed, Position(3));
    assert_eq!(store.records(Position(0), 10).unwrap()[0].position, Position(4));
    assert_eq!(store.effects(Position(0), 10).unwrap().len(), 1);
    assert_eq!([states(store, &old), states(store, &unsent)], [vec![], vec![RowState::Waiting]]);
    assert_eq!(states(store, &young), [RowState::Sent]);
    store.trim(epoch, Position(6), at(5), 100).unwrap();
    assert_eq!(store.ends().unwrap().trimmed, Position(5), "what was not folded is never forgotten");
    write(store, Turn { records: vec![tick(7, 7)], ..Turn::default() });
}

#[test]
fn the_memory_crashes_where_it_is_told_to() {
    let turn = Turn { number: 1, records: vec![tick(1, 1)], ..Turn::default() };
    for (fault, last, answer) in [
        (Fault::CrashBefore, 0, Err(StoreError::Crashed)),
        (Fault::CrashAfter, 1, Err(StoreError::Crashed)),
        (Fault::UnknownDone, 1, Ok(Committed::Unknown)),
        (Fault::UnknownNotDone, 0, Ok(Committed::Unknown)),
    ] {
        let disk = Disk::new();
        let mut store = disk.open();
        let epoch = store.acquire().unwrap();
        disk.fault_at(disk.calls() + 1, fault);
        assert_eq!(store.write(epoch, &turn), answer, "{fault:?}");
        let crashed = answer.is_err();
        assert_eq!(touchline::engine::store::Reader::ends(&store).is_err(), crashed, "{fault:?}");
        let ends = touchline::engine::store::Reader::ends(&disk.open()).unwrap();
        assert_eq!(ends.last, Position(last), "{fault:?}");
    }
}

#[test]
fn a_disk_that_syncs_seldom_loses_what_it_acknowledged() {
    let disk = Disk::sloppy(3);
    let mut store = disk.open();
    let epoch = store.acquire().unwrap();
    for number in 1..=3 {
        let turn = Turn { number, records: vec![tick(number, 1)], ..Turn::default() };
        assert_eq!(store.write(epoch, &turn), Ok(Committed::Ok));
    }
    disk.crash();
    let ends = touchline::engine::store::Reader::ends(&disk.open()).unwrap();
    assert_eq!(ends.last, Position(2), "the third write after the last sync is gone");
}

#[test]
fn the_memory_keeps_two_checkpoints_and_passes_over_a_damaged_one() {
    let disk = Disk::new();
    let vault = disk.open();
    for position in [10, 20, 30] {
        let checkpoint = Checkpoint { position: Position(position), ruleset: [1; 16], state: vec![position as u8] };
        vault.put(&checkpoint).unwrap();
    }
    assert_eq!(vault.positions().unwrap(), [Position(20), Position(30)]);
    let newest = |upto| {
        let (found, damaged) = vault.newest(Position(upto)).unwrap();
        (found.map(|found| found.position.0), damaged.len())
    };
    assert_eq!(
        [newest(99), newest(30), newest(29), newest(19)],
        [(Some(30), 0), (Some(30), 0), (Some(20), 0), (None, 0)]
    );
    disk.damage_newest_checkpoint();
    assert_eq!(newest(99), (Some(20), 1));
}

#[test]
fn a_lease_is_for_a_while() {
    let hold = SignedDuration::from_secs(60);
    let mut row = rows(&alert(1, 1, &["a@example.test"]), &Directory::default(), Patience::default()).remove(0);
    assert!(row.apply(&Change::Lease { until: at(1).checked_add(hold).unwrap() }));
    assert!(!row.is_due(at(60)));
    assert!(row.is_due(at(61)));
    assert_eq!(row.attempt, 1);
}
