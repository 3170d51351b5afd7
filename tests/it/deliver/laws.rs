//! The worker over a store in memory and a server that misbehaves at random: seeds printed, laws checked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};
use touchline::deliver::Tried;
use touchline::deliver::courier::Van;
use touchline::deliver::email::{Carrier, Desk, Folder, Smtp};
use touchline::deliver::webhook::{Poster, Rules};
use touchline::deliver::worker::{Counts, Courier, Outbox, Settings, Worker, send_again};
use touchline::engine::store::{Change, Kind, Row, RowId, RowState, StoreError};
use touchline::id::EffectId;
use touchline::store::memory::Disk;
use touchline::value::Str;

use super::misbehaving::{MOODS, Mood, Server};
use super::outbox::{Memory, alert, mail};
use super::run;
use super::smtp::configured;

fn settings() -> Settings {
    Settings { look: Duration::from_millis(5), a_try: Duration::from_secs(5), ..Settings::default() }
}

fn van(carrier: Carrier) -> Van {
    let desk = Desk::new("touchline", "care@shop.example.test", None).unwrap();
    Van::new(desk, carrier, Poster::new(Rules::default()).unwrap(), None)
}

/// Runs a worker until `done` says so, moving the clock whenever nothing is due.
async fn work<C: Courier>(
    outbox: &Arc<Memory>,
    courier: Arc<C>,
    settings: Settings,
    done: impl Fn() -> bool,
) -> Arc<Counts> {
    let worker = Worker::new(outbox.clone(), courier, settings);
    let counts = worker.counts();
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(worker.run(Arc::new(Notify::new()), stopped));
    let begun = tokio::time::Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the worker does not come to an end: {:?}", states(outbox));
        tokio::time::sleep(Duration::from_millis(5)).await;
        outbox.jump();
    }
    stop.send(true).unwrap();
    task.await.unwrap();
    counts
}

fn states(outbox: &Memory) -> Vec<(String, RowState, u32, String)> {
    outbox.all().iter().map(|row| (row.to.to_string(), row.state, row.attempt, row.why.to_string())).collect()
}

/// A small generator, so that a seed names a run.
fn dice(seed: u64, recipient: &str, nth: usize) -> u64 {
    let bytes = EffectId::of(&[&seed.to_le_bytes(), recipient.as_bytes(), &nth.to_le_bytes()]).0;
    u64::from_le_bytes(bytes[..8].try_into().unwrap())
}

#[test]
fn nothing_is_lost_and_nothing_doubled_but_under_its_own_message_id() {
    let seeds: u64 = std::env::var("TOUCHLINE_MAIL_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    for seed in 0..seeds {
        run(one_seed(seed));
    }
}

async fn one_seed(seed: u64) {
    // Two mails in three go wrong in some way, the tarpits seldom, for they cost real time.
    let script = move |recipient: &str, nth: usize| {
        let dice = dice(seed, recipient, nth);
        match dice % 3 {
            0 => Mood::Takes,
            _ => match MOODS[(dice >> 8) as usize % MOODS.len()] {
                Mood::Tarpit | Mood::KeepsAndTarpits if !(dice >> 32).is_multiple_of(4) => Mood::BusyAtRecipient,
                mood => mood,
            },
        }
    };
    let server = Server::start(Arc::new(script)).await;
    let outbox = Arc::new(Memory::open(&Disk::new()));
    let customers: Vec<_> = (0..30).map(|n| mail(n, &format!("c{n}@example.test"))).collect();
    let staff: Vec<_> =
        (100..105).map(|n| alert(n, &[&format!("lead{n}@example.test"), &format!("deputy{n}@example.test")])).collect();
    outbox.put(&customers);
    outbox.put(&staff);
    let van = Arc::new(van(Carrier::Smtp(Box::new(Smtp::new(configured(server.port)).unwrap()))));
    work(&outbox, van, settings(), || outbox.is_done()).await;

    let kept = server.kept();
    let mut by_row: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for mail in &kept {
        by_row.entry(mail.message_id().to_owned()).or_default().push(mail.told);
    }
    let rows = outbox.all();
    for row in &rows {
        let copies = by_row.remove(&format!("<{}@shop.example.test>", row.id)).unwrap_or_default();
        let told = copies.iter().filter(|told| **told).count();
        match row.state {
            // Nothing lost: what is called sent was taken, and we were told so once; other copies are those whose
            // connection broke after DATA.
            RowState::Sent => assert_eq!(told, 1, "seed {seed}: {row:?}"),
            RowState::Dead => assert_eq!(told, 0, "seed {seed}: {row:?}"),
            _ => panic!("seed {seed}: not done: {row:?}"),
        }
        if row.state == RowState::Dead {
            assert!(row.why.contains("refused") || row.why.starts_with("gave up"), "seed {seed}: {row:?}");
        }
    }
    assert!(by_row.is_empty(), "seed {seed}: mails that nobody asked for: {by_row:?}");
    heard_of_every_effect_once(&outbox, &rows, seed);
}

fn heard_of_every_effect_once(outbox: &Memory, rows: &[Row], seed: u64) {
    let told = outbox.told();
    let effects: BTreeSet<EffectId> = rows.iter().map(|row| row.id.effect).collect();
    assert_eq!(told.len(), effects.len(), "seed {seed}: the engine hears of each effect once");
    for delivery in told {
        let went = rows.iter().any(|row| row.id.effect == delivery.effect && row.state == RowState::Sent);
        assert_eq!(delivery.failed.is_none(), went, "seed {seed}: {delivery:?}");
    }
}

/// A courier whose tries the test decides.
struct Scripted<F> {
    carry: F,
    carried: Mutex<Vec<(String, u32, Timestamp)>>,
}

impl<F> Scripted<F> {
    fn new(carry: F) -> Arc<Scripted<F>> {
        Arc::new(Scripted { carry, carried: Mutex::default() })
    }

    fn carried(&self, to: &str) -> usize {
        self.carried.lock().unwrap().iter().filter(|(address, ..)| address == to).count()
    }
}

impl<F: Fn(&Row) -> (Duration, Tried) + Send + Sync + 'static> Courier for Scripted<F> {
    fn lane(&self, row: &Row) -> Str {
        row.to.clone()
    }

    async fn carry(&self, row: &Row, now: Timestamp) -> Tried {
        self.carried.lock().unwrap().push((row.to.to_string(), row.attempt, now));
        let (length, tried) = (self.carry)(row);
        tokio::time::sleep(length).await;
        tried
    }

    async fn rest(&self) {}
}

fn at_once(tried: Tried) -> (Duration, Tried) {
    (Duration::ZERO, tried)
}

#[test]
fn a_slow_address_holds_up_nobody_else() {
    run(async {
        let outbox = Arc::new(Memory::open(&Disk::new()));
        // More for the slow one than a page, than a lane and than all that are sent at once, and all of it due first.
        let slow: Vec<_> = (0..300).map(|n| mail(n, "slow@example.test")).collect();
        let others: Vec<_> = (1000..1040).map(|n| mail(n, &format!("c{n}@example.test"))).collect();
        outbox.put(&slow);
        outbox.pass(SignedDuration::from_secs(5));
        outbox.put(&others);
        let courier = Scripted::new(|row: &Row| match &*row.to {
            "slow@example.test" => (Duration::from_secs(30), Tried::Sent),
            _ => at_once(Tried::Sent),
        });
        let worker = Worker::new(outbox.clone(), courier.clone(), Settings { a_lane: 2, ..settings() });
        let (_stop, stopped) = watch::channel(false);
        let task = tokio::spawn(worker.run(Arc::new(Notify::new()), stopped));
        let begun = tokio::time::Instant::now();
        let sent = || outbox.all().iter().filter(|row| row.state == RowState::Sent).count();
        while sent() < others.len() {
            assert!(begun.elapsed() < Duration::from_secs(20), "{} sent", sent());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(courier.carried("slow@example.test"), 2);
        task.abort();
    });
}

/// An outbox in which looking takes longer than there is between two looks.
struct Slow(Arc<Memory>);

impl Outbox for Slow {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn due(
        &self,
        now: Timestamp,
        kind: Kind,
        except: &BTreeSet<Str>,
        most: (usize, usize),
    ) -> Result<Vec<Row>, StoreError> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.0.due(now, kind, except, most).await
    }

    async fn lease(&self, rows: Vec<RowId>, hold: SignedDuration) -> Result<Vec<Row>, StoreError> {
        self.0.lease(rows, hold).await
    }

    async fn held(&self) -> Result<Vec<Row>, StoreError> {
        self.0.held().await
    }

    async fn settle(&self, changes: Vec<(RowId, Change)>) -> Result<(), StoreError> {
        self.0.settle(changes).await
    }
}

#[test]
fn who_is_to_stop_hears_it_while_a_backlog_waits_and_looking_takes_long() {
    run(async {
        let outbox = Arc::new(Memory::open(&Disk::new()));
        outbox.put(&(0..2_000).map(|n| mail(n, "one@example.test")).collect::<Vec<_>>());
        let courier = Scripted::new(|_: &Row| (Duration::from_millis(10), Tried::Sent));
        let worker = Worker::new(Arc::new(Slow(outbox.clone())), courier.clone(), settings());
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(worker.run(Arc::new(Notify::new()), stopped));
        while courier.carried("one@example.test") < 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.send(true).unwrap();
        let before = courier.carried("one@example.test");
        tokio::time::timeout(Duration::from_secs(20), task).await.expect("stop is not heard").unwrap();
        let after = courier.carried("one@example.test");
        assert!(after <= before + 2 * settings().a_lane, "{before} before, {after} after");
        assert!(
            outbox.all().iter().all(|row| !matches!(row.state, RowState::Leased { .. })),
            "what was begun has ended"
        );
    });
}

#[test]
fn what_does_not_end_in_time_is_left_to_its_lease_when_everything_stops() {
    run(async {
        let outbox = Arc::new(Memory::open(&Disk::new()));
        outbox.put(&[mail(1, "tar@example.test"), mail(2, "quick@example.test")]);
        let courier = Scripted::new(|row: &Row| match &*row.to {
            "tar@example.test" => (Duration::from_secs(3600), Tried::Sent),
            _ => (Duration::from_millis(100), Tried::Sent),
        });
        let settings = Settings { a_try: Duration::from_secs(7200), last_words: Duration::from_secs(1), ..settings() };
        let worker = Worker::new(outbox.clone(), courier.clone(), settings);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(worker.run(Arc::new(Notify::new()), stopped));
        while courier.carried("tar@example.test") + courier.carried("quick@example.test") < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(20), task).await.expect("it waits for ever").unwrap();
        let state = |to: &str| outbox.all().iter().find(|row| &*row.to == to).unwrap().state;
        assert_eq!(state("quick@example.test"), RowState::Sent, "what ended in time is written");
        assert!(matches!(state("tar@example.test"), RowState::Leased { .. }));
    });
}

#[test]
fn what_is_withdrawn_is_never_sent_and_what_is_too_late_is_stale() {
    run(async {
        let outbox = Arc::new(Memory::open(&Disk::new()));
        outbox.put(&[mail(1, "gone@example.test"), alert(2, &["late@example.test"]), mail(3, "fine@example.test")]);
        outbox.withdraw(mail(1, "").id);
        outbox.pass(SignedDuration::from_hours(25));
        let courier = Scripted::new(|_: &Row| at_once(Tried::Sent));
        let counts = work(&outbox, courier.clone(), settings(), || outbox.is_done()).await;
        assert_eq!((courier.carried("gone@example.test"), courier.carried("late@example.test")), (0, 0));
        assert_eq!(courier.carried("fine@example.test"), 1);
        assert_eq!(counts.stale.load(std::sync::atomic::Ordering::Relaxed), 1);
        let told: Vec<Option<Str>> = outbox.told().into_iter().map(|delivery| delivery.failed).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.contains(&Some("stale".into())) && told.contains(&None));
    });
}

#[test]
fn a_row_withdrawn_between_lease_and_send_or_during_a_failing_try_ends() {
    run(async {
        let outbox = Arc::new(Memory::open(&Disk::new()));
        outbox.put(&[mail(1, "a@example.test")]);
        let (inner, id) = (outbox.clone(), mail(1, "").id);
        let courier = Scripted::new(move |_: &Row| {
            inner.withdraw(id);
            at_once(Tried::later("busy"))
        });
        work(&outbox, courier.clone(), settings(), || outbox.is_done()).await;
        assert_eq!(outbox.all()[0].state, RowState::Withdrawn);
        assert_eq!(courier.carried("a@example.test"), 1);
        assert!(outbox.told().is_empty(), "the engine withdrew it itself");
    });
}

#[test]
fn an_effect_went_if_it_went_to_anybody() {
    run(async {
        let outbox = Arc::new(Memory::open(&Disk::new()));
        outbox.put(&[alert(1, &["a@example.test", "b@example.test"]), alert(2, &["b@example.test", "b@example.test"])]);
        let courier = Scripted::new(|row: &Row| match &*row.to {
            "a@example.test" => at_once(Tried::Sent),
            _ => at_once(Tried::refused("no such user")),
        });
        work(&outbox, courier, settings(), || outbox.is_done()).await;
        let told: BTreeMap<EffectId, Option<Str>> =
            outbox.told().into_iter().map(|delivery| (delivery.effect, delivery.failed)).collect();
        assert_eq!(told.len(), 2);
        assert_eq!(told[&alert(1, &[]).id], None);
        assert_eq!(told[&alert(2, &[]).id], Some("no such user".into()));
    });
}

#[test]
fn after_a_crash_what_was_being_sent_is_sent_again_at_once_and_a_panic_loses_nothing() {
    run(async {
        let disk = Disk::new();
        let outbox = Arc::new(Memory::open(&disk));
        outbox.put(&[mail(1, "a@example.test")]);
        outbox.lease(vec![outbox.all()[0].id], SignedDuration::from_hours(1)).await.unwrap();
        disk.crash();
        let outbox = Arc::new(Memory::open(&disk));
        let courier = Scripted::new(|row: &Row| match row.attempt {
            2 => panic!("a bug in a courier"),
            _ => at_once(Tried::Sent),
        });
        let begun = outbox.now();
        work(&outbox, courier.clone(), settings(), || outbox.is_done()).await;
        assert_eq!(outbox.all()[0].state, RowState::Sent);
        let tries = courier.carried.lock().unwrap().clone();
        assert_eq!(tries.iter().map(|(_, attempt, _)| *attempt).collect::<Vec<u32>>(), [2, 3]);
        assert!(tries[0].2 < begun + SignedDuration::from_mins(1), "the lease of the dead process was waited for");
    });
}

#[test]
fn dead_letters_are_sent_again_by_hand() {
    run(async {
        let outbox = Arc::new(Memory::open(&Disk::new()));
        outbox.put(&[mail(1, "a@example.test"), mail(2, "b@example.test")]);
        let works = Arc::new(Mutex::new(false));
        let switch = works.clone();
        let courier = Scripted::new(move |_: &Row| match *switch.lock().unwrap() {
            true => at_once(Tried::Sent),
            false => at_once(Tried::later("down")),
        });
        work(&outbox, courier.clone(), settings(), || outbox.is_done()).await;
        let dead = outbox.all();
        assert!(dead.iter().all(|row| row.state == RowState::Dead && &*row.why == "gave up: down"), "{dead:?}");
        assert!(dead[0].attempt > 10, "{dead:?}");
        outbox.pass(SignedDuration::from_hours(24 * 30));
        *works.lock().unwrap() = true;
        assert_eq!(send_again(&*outbox, &settings().pace, &dead).await.unwrap(), 2);
        assert_eq!(send_again(&*outbox, &settings().pace, &outbox.all()).await.unwrap(), 0);
        work(&outbox, courier, settings(), || outbox.is_done()).await;
        assert!(outbox.all().iter().all(|row| row.state == RowState::Sent));
    });
}

#[test]
fn connections_are_shared_and_bounded() {
    run(async {
        let server = Server::scripted(&[]).await;
        let outbox = Arc::new(Memory::open(&Disk::new()));
        outbox.put(&(0..200).map(|n| mail(n, &format!("c{n}@example.test"))).collect::<Vec<_>>());
        let van = Arc::new(van(Carrier::Smtp(Box::new(Smtp::new(configured(server.port)).unwrap()))));
        work(&outbox, van, Settings { at_once: 4, ..settings() }, || outbox.is_done()).await;
        assert_eq!(server.kept().len(), 200);
        assert!(server.most_open() <= 4, "{} connections at once", server.most_open());
        assert!(server.connections() <= 40, "{} connections for 200 mails", server.connections());
    });
}

#[test]
fn files_are_whole_named_by_time_and_row_and_written_once() {
    run(async {
        let folder = tempdir("files");
        let outbox = Arc::new(Memory::open(&Disk::new()));
        outbox.put(&[mail(1, "a@example.test"), mail(2, "b\r\nBcc: x@example.test")]);
        let van = Arc::new(van(Carrier::Files(Folder::new(&folder))));
        work(&outbox, van.clone(), settings(), || outbox.is_done()).await;
        let rows = outbox.all();
        let sent = rows.iter().find(|row| row.state == RowState::Sent).unwrap();
        let hostile = rows.iter().find(|row| row.state == RowState::Dead).unwrap();
        assert_eq!(&*hostile.why, "the recipient's address holds a line break");
        let names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(names, [format!("20260327T160000Z-{}.eml", sent.id)]);
        let path = folder.join(&names[0]);
        let (before, text) = (path.metadata().unwrap().modified().unwrap(), std::fs::read_to_string(&path).unwrap());
        assert!(text.contains("Subject: Mail 1\r\n") && text.contains(&format!("Message-ID: <{}@", sent.id)));
        assert_eq!(van.carry(sent, outbox.now()).await, Tried::Sent);
        assert_eq!(path.metadata().unwrap().modified().unwrap(), before, "it was written twice");
        std::fs::remove_dir_all(&folder).unwrap();
    });
}

fn tempdir(name: &str) -> std::path::PathBuf {
    let folder =
        std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deliver-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}
