//! A daemon's lives: what comes in, what people do, what breaks, and the time that passes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use touchline::clock::Clock;
use touchline::daemon::queue::Then;
use touchline::daemon::run::ByHand;
use touchline::daemon::start::start;
use touchline::daemon::turn::{Arrived, Switching, WriteError};
use touchline::deliver::retry::Pace;
use touchline::deliver::worker::{Settings, Worker, send_again};
use touchline::engine::input::Input;
use touchline::engine::plan::ReloadPlan;
use touchline::engine::refill::refill;
use touchline::engine::ruleset::RuleSet;
use touchline::engine::store::{Reader, RowState, RuleSources, StoreError, Vault};
use touchline::id::{EffectId, Position, RuleId};
use touchline::store::memory::{Disk, Fault, MemoryStore};
use touchline::value::Str;

use super::books::books;
use super::judge::Judge;
use super::post::{Post, Watch};
use super::sender::{Sender, facts, person, read};
use super::server::Server;
use crate::support::daemon::options;
use crate::support::random::Dice;

/// One life of the daemon.
struct Life {
    hands: ByHand,
    worker: JoinHandle<()>,
    stop: watch::Sender<bool>,
    wake: Arc<Notify>,
    post: Post,
}

/// Inputs that came together and are not answered yet.
struct Batch {
    number: u64,
    inputs: Vec<Arrived>,
}

/// What senders were told.
#[derive(Default)]
struct Answers {
    answered: Vec<(Position, Arrived)>,
    /// Batches that need not be sent again.
    done: BTreeSet<u64>,
    /// Switches: where each took place, with everything that had been answered before it was asked for.
    switches: Vec<(Position, [u8; 16], Option<Position>)>,
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub inputs: u64,
    pub effects: usize,
    pub rows: usize,
    pub tries: u64,
    pub copies: usize,
    pub lives: u32,
    pub switches: usize,
    /// A hash of the journal and of everything that arrived.
    pub print: Option<EffectId>,
}

pub struct World {
    dice: Dice,
    disk: Disk,
    peek: MemoryStore,
    clock: Arc<Watch>,
    bell: Arc<Notify>,
    server: Server,
    judge: Judge,
    sender: Sender,
    life: Option<Life>,
    lives: u32,
    checkpoint_every: u64,
    unanswered: VecDeque<Batch>,
    /// Effects of which somebody sent a dead letter again.
    agains: BTreeSet<EffectId>,
    batches: u64,
    submitted: BTreeMap<(Str, Str), u32>,
    answers: Arc<Mutex<Answers>>,
    /// Nothing fails any more.
    healed: bool,
    trace: bool,
}

/// Plays one seed; panics where a law is broken.
pub fn run(seed: u64) -> Summary {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async { World::new(seed).play().await })
}

impl World {
    fn new(seed: u64) -> World {
        let mut dice = Dice::new(seed.wrapping_mul(0x5851_F42D_4C95_7F2D));
        let disk = Disk::new();
        let peek = disk.look_on();
        let starts = ["2026-03-24T08:00:00Z", "2026-06-01T06:00:00Z", "2026-10-22T20:00:00Z", "2026-03-27T05:50:00Z"];
        let start = dice.pick(&starts).parse().unwrap();
        World {
            clock: Arc::new(Watch { begun: Instant::now(), start, skew: Mutex::default() }),
            bell: Arc::default(),
            server: Server::new(seed, peek.clone()),
            judge: Judge::new(peek.clone(), &books()[0].first()),
            sender: Sender::default(),
            life: None,
            lives: 0,
            checkpoint_every: *dice.pick(&[3, 20, 60, 200]),
            unanswered: VecDeque::new(),
            agains: BTreeSet::new(),
            batches: 0,
            submitted: BTreeMap::new(),
            answers: Arc::default(),
            healed: false,
            trace: std::env::var_os("TOUCHLINE_SIM_TRACE").is_some(),
            dice,
            disk,
            peek,
        }
    }

    fn say(&self, what: impl FnOnce() -> String) {
        if self.trace {
            let ends = self.peek.ends().unwrap();
            eprintln!("{} at {} cursor {}: {}", self.clock.now(), ends.last.0, ends.cursor.0, what());
        }
    }

    /// Plays to the end.
    async fn play(mut self) -> Summary {
        let known = facts(self.clock.now());
        self.submit_lines(known);
        for _ in 0..100 + self.dice.below(100) {
            self.step().await;
            self.look();
        }
        self.end().await;
        self.summary()
    }

    /// A law that was broken where nobody could say so.
    fn look(&self) {
        if let Some(broken) = self.server.broken() {
            panic!("{broken}");
        }
    }

    async fn step(&mut self) {
        self.be_alive().await;
        match self.dice.below(100) {
            0..=44 => self.submit(),
            45..=56 => self.person(),
            57..=60 => self.switch(),
            61..=63 => self.die("kill -9").await,
            64 | 65 => self.stop().await,
            66 => {
                self.say(|| "the newest checkpoint is lost or damaged".into());
                match self.dice.once_in(2) {
                    true => self.disk.lose_newest_checkpoint(),
                    false => self.disk.damage_newest_checkpoint(),
                }
                self.die("and the process dies").await;
            }
            67 | 68 => self.set_clock(),
            69 => self.send_dead_letters_again(),
            70 => self.be_taken_over().await,
            71..=74 => self.resend(),
            _ => {
                let length = *self.dice.pick(&[0, 1, 40, 300, 3_600, 3_600, 7_000, 20_000, 70_000]);
                self.pass(Duration::from_secs(length)).await;
            }
        }
        match self.dice.below(4) {
            0 => self.some_rounds().await,
            1 => self.settle().await,
            _ => {}
        }
    }

    // Coming in.

    fn submit(&mut self) {
        let lines = (0..1 + self.dice.below(4)).map(|_| {
            let now = self.clock.now();
            match self.dice.once_in(15) {
                true => self.sender.fact(&mut self.dice, now),
                false => self.sender.line(&mut self.dice, now),
            }
        });
        let lines = lines.collect();
        self.submit_lines(lines);
    }

    fn submit_lines(&mut self, lines: Vec<String>) {
        let vocabulary = self.judge.engine.ruleset().vocabulary.clone();
        let arrived = |line: &String| Arrived { input: read(line, &vocabulary), read_with: Some(vocabulary.clone()) };
        self.hand_in(lines.iter().map(arrived).collect());
    }

    fn person(&mut self) {
        let now = self.clock.now();
        let input = person(&mut self.dice, &self.judge.engine, now);
        self.hand_in(vec![Arrived { input, read_with: None }]);
    }

    fn hand_in(&mut self, inputs: Vec<Arrived>) {
        self.batches += 1;
        self.unanswered.push_back(Batch { number: self.batches, inputs });
        self.send(self.unanswered.len() - 1);
    }

    /// Senders that had no answer come again.
    fn resend(&mut self) {
        let done = std::mem::take(&mut self.answers.lock().unwrap().done);
        self.unanswered.retain(|batch| !done.contains(&batch.number));
        for place in 0..self.unanswered.len() {
            self.send(place);
        }
    }

    fn send(&mut self, place: usize) {
        let (Some(life), batch) = (&self.life, &self.unanswered[place]) else { return };
        for arrived in &batch.inputs {
            if let Input::Signal(signal) = &arrived.input {
                *self.submitted.entry((signal.id.source.clone(), signal.id.id.clone())).or_default() += 1;
            }
        }
        let (inputs, number) = (batch.inputs.clone(), batch.number);
        let (answers, peek, server) = (self.answers.clone(), self.peek.clone(), self.server.clone());
        let sets: Vec<Arc<RuleSet>> = books().iter().map(|book| book.first().0).collect();
        let then = move |said: Result<Vec<Result<Position, Str>>, WriteError>| {
            let Ok(places) = said else { return };
            let mut answers = answers.lock().unwrap();
            for (place, arrived) in places.into_iter().zip(inputs) {
                let place = place.expect("every kind of signal stays");
                if !Judge::stands(&peek, place, &arrived, &sets) {
                    server.breaks(format!("it was answered that an input is at {}, and it is not", place.0));
                }
                answers.answered.push((place, arrived));
            }
            answers.done.insert(number);
        };
        // A daemon that has ended refuses: it is sent again later.
        let _ = life.hands.handle().submit(batch.inputs.clone(), Box::new(then));
    }

    // Living and dying.

    async fn be_alive(&mut self) {
        for tries in 0.. {
            if self.life.is_some() {
                return;
            }
            assert!(tries < 50, "it does not start");
            self.start().await;
        }
    }

    async fn start(&mut self) {
        if !self.healed && self.dice.once_in(3) {
            let fault = *self.dice.pick(&[
                Fault::CrashBefore,
                Fault::CrashBefore,
                Fault::CrashAfter,
                Fault::CrashAfter,
                Fault::UnknownDone,
                Fault::UnknownNotDone,
                Fault::Fails,
            ]);
            let call = self.disk.calls() + 1 + self.dice.below(120) as u64;
            self.disk.fault_at(call, fault);
        }
        let vault = Arc::new(self.disk.open());
        let options = options(vault, self.clock.clone(), self.checkpoint_every);
        // What ran last is mostly what is on the disk, and compiled; now and then it is compiled from what the store keeps.
        let first = match self.dice.once_in(25) {
            false if self.lives > 0 => self.judge.standing(self.judge.engine.ruleset().hash),
            _ => books()[0].first(),
        };
        let started = match start(Box::new(self.disk.open()), first, options) {
            Ok(started) => started,
            Err(error) => {
                let text = format!("{error:?}");
                assert!(text.contains("Crashed") || text.contains("disk is full"), "it does not start: {error}");
                self.say(|| format!("it does not start: {error}"));
                return;
            }
        };
        self.lives += 1;
        self.server.next_life();
        self.say(|| format!("life {}: {:?}", self.lives, started.report));
        self.judge.follow();
        assert!(
            started.folder.engine().same_state(&self.judge.engine),
            "the state after a start is not the fold of the journal"
        );
        let (wake, clock) = (Arc::new(Notify::new()), self.clock.clone());
        let bell = wake.clone();
        let listener = Arc::new(move |event: touchline::daemon::run::Event<'_>| {
            if let touchline::daemon::run::Event::Written { has_rows: true, .. } = event {
                bell.notify_one();
            }
        });
        let hands = ByHand::begin(started, clock.clone(), listener);
        let post = Post {
            handle: hands.handle(),
            reader: Arc::new(self.disk.open()),
            peek: self.peek.clone(),
            clock,
            bell: self.bell.clone(),
            server: self.server.clone(),
        };
        let settings = Settings {
            look: Duration::from_secs(600),
            a_try: Duration::from_secs(300),
            at_once: 1 + self.dice.below(6),
            a_lane: 1 + self.dice.below(2),
            page: 4,
            ..Settings::default()
        };
        let worker = Worker::new(Arc::new(post.clone()), Arc::new(self.server.clone()), settings);
        let (stop, stopped) = watch::channel(false);
        let worker = tokio::spawn(worker.run(wake.clone(), stopped));
        self.life = Some(Life { hands, worker, stop, wake, post });
        if self.dice.once_in(2) {
            self.resend();
        }
    }

    /// The process is gone, with everything it had in hand.
    async fn die(&mut self, why: &str) {
        self.say(|| why.to_owned());
        let Some(life) = self.life.take() else { return };
        self.disk.crash();
        life.worker.abort();
        // Connections that were open break now.
        let _ = life.worker.await;
        drop(life.hands);
    }

    /// It ends as it was asked to.
    async fn stop(&mut self) {
        self.say(|| "stops".into());
        let Some(life) = &self.life else { return };
        let _ = life.stop.send(true);
        let patience = Instant::now() + Duration::from_secs(20);
        while Instant::now() < patience && self.life.as_ref().is_some_and(|life| !life.worker.is_finished()) {
            self.settle().await;
            let next = Instant::now() + Duration::from_millis(400);
            tokio::time::sleep_until(next.min(patience)).await;
        }
        self.settle().await;
        let Some(mut life) = self.life.take() else { return };
        life.worker.abort();
        let _ = life.worker.await;
        if let Some(checkpoint) = life.hands.last_checkpoint() {
            let _ = self.disk.open().keep(checkpoint);
        }
        self.disk.crash();
    }

    /// Another process takes the store over while this one still believes that it holds it.
    async fn be_taken_over(&mut self) {
        self.settle().await;
        let Some(old) = self.life.take() else { return };
        self.say(|| "is taken over".into());
        old.worker.abort();
        let _ = old.worker.await;
        let held = self.peek.ends().unwrap().epoch;
        self.start().await;
        let before = self.peek.ends().unwrap();
        if before.epoch == held {
            // The other one did not come as far as to take it over: nobody has lost it.
            assert!(self.life.is_none(), "who runs has taken the store over");
            self.disk.crash();
            return;
        }
        let mut hands = old.hands;
        let vocabulary = self.judge.engine.ruleset().vocabulary.clone();
        let now = self.clock.now();
        let line = self.sender.line(&mut self.dice, now);
        let arrived = Arrived { input: read(&line, &vocabulary), read_with: Some(vocabulary) };
        if let Input::Signal(signal) = &arrived.input {
            *self.submitted.entry((signal.id.source.clone(), signal.id.id.clone())).or_default() += 1;
        }
        let server = self.server.clone();
        let then: Then<Vec<Result<Position, Str>>> = Box::new(move |said| {
            if said.is_ok() {
                server.breaks("who lost the store acknowledged an input".into());
            }
        });
        let _ = hands.handle().submit(vec![arrived], then);
        // It ends, or has nothing written because the disk is full just now.
        let _ = hands.write();
        assert_eq!(self.peek.ends().unwrap(), before, "who lost the store wrote");
    }

    // Working.

    /// Some calls of the daemon's threads, in any order.
    async fn some_rounds(&mut self) {
        for _ in 0..1 + self.dice.below(6) {
            self.round().await;
        }
    }

    /// One call of one of the daemon's threads; tells whether there was anything to do.
    async fn round(&mut self) -> bool {
        let which = self.dice.below(3);
        let vault = self.disk.open();
        let Some(life) = &mut self.life else { return false };
        let done = match which {
            0 => life.hands.fold(),
            1 => {
                let before = self.disk.calls();
                if let Err(error) = life.hands.write() {
                    let text = error.to_string();
                    let known =
                        text.contains("has crashed") || text.contains("does not say") || text.contains("disk is full");
                    assert!(known, "the daemon ended: {error}");
                    self.die(&text).await;
                    return true;
                }
                self.disk.calls() > before
            }
            _ => match life.hands.keep(&vault) {
                Some(Err(StoreError::Crashed)) => {
                    self.die("while it keeps a checkpoint").await;
                    return true;
                }
                kept => kept.is_some(),
            },
        };
        // The worker goes on.
        for _ in 0..self.dice.below(3) {
            tokio::task::yield_now().await;
        }
        self.look();
        done
    }

    /// Works until there is nothing left to do at this instant.
    async fn settle(&mut self) {
        let mut quiet = 0;
        for rounds in 0.. {
            assert!(rounds < 20_000, "it does not come to rest");
            if self.life.is_none() {
                return;
            }
            let busy = self.round().await;
            quiet = if busy || self.life.as_ref().is_some_and(|life| !life.hands.is_idle()) { 0 } else { quiet + 1 };
            if quiet > 7 {
                break;
            }
        }
        self.at_rest();
    }

    /// With nothing left to do, nothing that is due is left undone.
    fn at_rest(&mut self) {
        let Some(life) = &self.life else { return };
        let ends = self.peek.ends().unwrap();
        if life.hands.engine().position() != ends.last {
            return;
        }
        self.judge.follow();
        let now = ends.now.map_or(self.clock.now(), |last| last.max(self.clock.now()));
        if let Some(due) = self.judge.engine.next_deadline() {
            assert!(due > now, "it is {now}, and what was due at {due} is not done");
        }
        assert_eq!(ends.cursor, ends.last, "with nothing left to do, everything that was decided is written");
        let same = || life.hands.engine().same_state(&self.judge.engine);
        assert!(!ends.last.0.is_multiple_of(3) || same(), "the state is not the fold of the journal");
    }

    /// Lets time pass.
    async fn pass(&mut self, length: Duration) {
        let end = Instant::now() + length;
        loop {
            self.be_alive().await;
            self.settle().await;
            let now = Instant::now();
            if now >= end {
                return;
            }
            let wake = self.life.as_ref().and_then(|life| life.hands.wake_at()).map(|at| {
                let wait = at.duration_since(self.clock.now());
                now + Duration::try_from(wait).unwrap_or_default()
            });
            let until = wake.map_or(end, |wake| wake.min(end)).max(now + Duration::from_millis(1));
            tokio::select! {
                biased;
                () = self.bell.notified() => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    /// Somebody sets the clock, or the machine sleeps.
    fn set_clock(&mut self) {
        let by = *self.dice.pick(&[-86_400, -3_600, -60, 60, 3_600, 20_000, 100_000, 300_000]);
        self.say(|| format!("the clock is set by {by} s"));
        *self.clock.skew.lock().unwrap() += SignedDuration::from_secs(by);
    }

    /// Other playbooks lie on the disk.
    fn switch(&mut self) {
        self.judge.follow();
        let Some(life) = &self.life else { return };
        let running = self.judge.engine.ruleset().clone();
        let book = self.dice.pick(books());
        let Some((set, sources)) = book.after(&running) else { return };
        if set.hash == running.hash {
            return;
        }
        self.judge.may_run(&set, &sources);
        let (name, hash) = (book.name, set.hash);
        self.say(|| format!("a switch to {name} is asked for"));
        let (answers, answered) =
            (self.answers.clone(), self.answers.lock().unwrap().answered.last().map(|(at, _)| *at));
        let (peek, first) = (self.peek.clone(), books()[0].first().0);
        let known = self.judge.known();
        let prepare = Box::new(move |_| Some(prepared(&peek, &first, &known, &running, set, sources)));
        let then: Then<Option<Position>> = Box::new(move |said| {
            if let Ok(Some(position)) = said {
                answers.lock().unwrap().switches.push((position, hash, answered));
            }
        });
        let _ = life.hands.handle().switch(prepare, then);
    }

    fn send_dead_letters_again(&mut self) {
        let Some(life) = &self.life else { return };
        let dead = self.peek.outbox(None, Some(RowState::Dead), 3).unwrap();
        if dead.is_empty() {
            return;
        }
        self.say(|| format!("{} dead letters are sent again", dead.len()));
        self.agains.extend(dead.iter().map(|row| row.id.effect));
        let (post, wake) = (life.post.clone(), life.wake.clone());
        tokio::spawn(async move {
            // Where it fails somebody tries it once more, or does not.
            let _ = send_again(&post, &Pace::default(), &dead).await;
            wake.notify_one();
        });
    }

    // The end.

    async fn end(&mut self) {
        self.say(|| "nothing fails any more".into());
        self.healed = true;
        self.server.heal();
        self.disk.heal();
        let behind =
            self.peek.ends().unwrap().now.map_or(SignedDuration::ZERO, |now| now.duration_since(self.clock.now()));
        *self.clock.skew.lock().unwrap() += behind.max(SignedDuration::ZERO);
        loop {
            self.be_alive().await;
            self.settle().await;
            let done = std::mem::take(&mut self.answers.lock().unwrap().done);
            self.unanswered.retain(|batch| !done.contains(&batch.number));
            if self.unanswered.is_empty() && self.life.is_some() {
                break;
            }
            self.resend();
        }
        self.pass(Duration::from_secs(12 * 86_400)).await;
        // What was decided at the very end is still on its way.
        for _ in 0..60 {
            let open = self.peek.outbox(None, None, usize::MAX >> 2).unwrap();
            if open.iter().all(|row| row.state.is_final()) {
                break;
            }
            self.pass(Duration::from_secs(3_600)).await;
        }
        self.look();
        self.judge.check_the_end(&self.server, &self.agains, self.clock.now());
        let answers = self.answers.lock().unwrap();
        self.judge.check_answers(&answers.answered, &self.submitted);
        self.judge.check_switches(&answers.switches);
    }

    fn summary(&self) -> Summary {
        let copies = self.server.copies();
        let mut print = Vec::new();
        for record in self.peek.records(Position(0), usize::MAX >> 2).unwrap() {
            print.extend(record.to_bytes());
            self.say(|| format!("{:?} {record:?}", EffectId::of(&[&record.to_bytes()])));
        }
        let journal = EffectId::of(&[&print]);
        print.extend(format!("{copies:?}").into_bytes());
        self.say(|| format!("journal {journal:?}, copies {copies:?}"));
        Summary {
            inputs: self.peek.ends().unwrap().last.0,
            effects: self.judge.effects().count(),
            rows: self.peek.outbox(None, None, usize::MAX >> 2).unwrap().len(),
            tries: self.server.tries(),
            copies: copies.values().map(Vec::len).sum(),
            lives: self.lives,
            switches: self.judge.switches(),
            print: Some(EffectId::of(&[&print])),
        }
    }
}

/// Fills the windows that need it from the journal, as a reload does.
fn prepared(
    peek: &MemoryStore,
    first: &Arc<RuleSet>,
    known: &BTreeMap<[u8; 16], Arc<RuleSet>>,
    running: &RuleSet,
    set: Arc<RuleSet>,
    sources: RuleSources,
) -> Switching {
    let plan = ReloadPlan::between(running, &set);
    let to_fill: Vec<&RuleId> = plan.to_fill();
    let journal = peek.records(Position(0), usize::MAX >> 2).unwrap().into_iter().map(|mut record| {
        if let Input::Switch(switch) = &mut record.input {
            switch.ruleset = known.get(&switch.hash).cloned();
        }
        (record.input, record.now)
    });
    let fills = if to_fill.is_empty() { vec![] } else { refill(first, &set, &to_fill, journal) };
    Switching { ruleset: set, sources, fills }
}
