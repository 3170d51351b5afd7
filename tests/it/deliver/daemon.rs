//! The worker behind the daemon's own queue and threads: what the shipped playbooks ask for leaves once, and the journal
//! hears of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use touchline::clock::Clock;
use touchline::daemon::config::Config;
use touchline::daemon::outgoing::{self, Post, Sending};
use touchline::daemon::run::{Event, Running};
use touchline::daemon::start::start;
use touchline::daemon::turn::Arrived;
use touchline::deliver::courier::Van;
use touchline::deliver::email::{Carrier, Desk, Smtp};
use touchline::deliver::webhook::{Poster, Rules};
use touchline::deliver::worker::{Courier, Settings};
use touchline::engine::input::{Delivery, Input};
use touchline::engine::store::{Reader, Row, RowState, Vault};
use touchline::id::EffectId;
use touchline::store::memory::Disk;

use super::misbehaving::{Mood, Server};
use super::outbox::mail;
use super::run;
use super::smtp::configured;
use crate::support::daemon::{Reference, all_records, clock, feed, options, retail};

fn van(port: u16) -> Van {
    let desk = Desk::new("", "care@shop.example.test", None).unwrap();
    let carrier = Carrier::Smtp(Box::new(Smtp::new(configured(port)).unwrap()));
    Van::new(desk, carrier, Poster::new(Rules::default()).unwrap(), None)
}

#[test]
fn what_the_shipped_playbooks_ask_for_leaves_once_and_the_journal_hears_of_it() {
    run(async {
        // Every third try goes wrong, and one address in eight is none.
        let server = Server::start(Arc::new(|to: &str, nth: usize| {
            let dice = EffectId::of(&[to.as_bytes()]).0[0];
            match (dice % 8, nth % 3) {
                (0, _) => Mood::NoSuchUser,
                (_, 1) => Mood::KeepsAndDrops,
                (_, 2) => Mood::BusyAfterData,
                _ => Mood::Takes,
            }
        }))
        .await;
        let (rules, sources) = retail();
        let (disk, clock) = (Disk::new(), clock());
        let vault: Arc<dyn Vault> = Arc::new(disk.open());
        let options = options(vault.clone(), clock.clone(), u64::MAX);
        let started = start(Box::new(disk.open()), (rules.clone(), sources), options).unwrap();
        let post = |handle| Post::new(handle, Box::new(disk.open()), clock.clone());
        let (ring, rung) = std::sync::mpsc::channel();
        let running = Running::begin(
            started,
            vault,
            clock.clone(),
            Arc::new(move |event| {
                if let Event::Written { has_rows: true, .. } = event {
                    let _ = ring.send(());
                }
            }),
        )
        .unwrap();
        let settings = Settings { look: Duration::from_millis(5), ..Settings::default() };
        let sending = Sending::begin(post(running.handle()), Arc::new(van(server.port)), settings);
        for (input, at) in feed(&rules).into_iter().take(700) {
            clock.set(at);
            running.handle().nudge();
            let receipt = running.handle().submit_receipt(vec![Arrived { input, read_with: None }]).unwrap();
            tokio::task::block_in_place(|| receipt.wait()).unwrap();
        }
        let rows = || disk.open().outbox(None, None, usize::MAX >> 2).unwrap();
        let begun = tokio::time::Instant::now();
        loop {
            let open: Vec<Row> = rows().into_iter().filter(|row| !row.state.is_final()).collect();
            let progress = running.handle().progress();
            if open.is_empty() && progress.folded_to == progress.ends.last && progress.ends.cursor == progress.ends.last
            {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "{open:?}");
            if open.iter().all(|row| row.state == RowState::Waiting)
                && let Some(next) = open.iter().map(|row| row.not_before).min()
            {
                clock.set(next.max(clock.now()));
                running.handle().nudge();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(rung.try_iter().count() > 0, "nobody was told of new rows");
        assert!(sending.stop(Duration::from_secs(20)).await);
        tokio::task::block_in_place(|| running.stop()).unwrap();

        let rows = rows();
        assert!(rows.len() > 20, "{} rows", rows.len());
        let mut reference = Reference::new(&rules);
        reference.follow(&disk.open());
        reference.check(&disk.open());
        let mut told: BTreeMap<EffectId, Vec<Delivery>> = BTreeMap::new();
        for record in all_records(&disk.open()) {
            if let Input::Delivery(delivery) = record.input {
                told.entry(delivery.effect).or_default().push(delivery);
            }
        }
        let kept = server.kept();
        for row in &rows {
            let id = format!("<{}@shop.example.test>", row.id);
            let copies = kept.iter().filter(|mail| mail.message_id() == id && mail.told).count();
            assert_eq!(copies, usize::from(row.state == RowState::Sent), "{row:?}");
            let of_effect: Vec<&Row> = rows.iter().filter(|other| other.id.effect == row.id.effect).collect();
            let went = of_effect.iter().any(|row| row.state == RowState::Sent);
            let dead = of_effect.iter().any(|row| row.state == RowState::Dead);
            let heard = told.get(&row.id.effect).map_or(&[][..], Vec::as_slice);
            assert_eq!(heard.len(), usize::from(went || dead), "{row:?}");
            assert_eq!(heard.iter().any(|delivery| delivery.failed.is_none()), went, "{row:?}");
        }
        assert!(rows.iter().any(|row| row.state == RowState::Dead), "no address was refused");
        assert!(kept.iter().any(|mail| !mail.told), "no connection broke after DATA");
    });
}

#[test]
fn the_default_configuration_writes_files() {
    run(async {
        let data = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("outgoing-{}", std::process::id()));
        let config = Config { data: data.clone(), ..Config::default() };
        let van = outgoing::van(&config).unwrap();
        let row = touchline::store::outbox::rows(
            &mail(1, "c1@example.test"),
            &Default::default(),
            touchline::store::outbox::Patience::default(),
        );
        assert_eq!(van.carry(&row[0], super::outbox::start()).await, touchline::deliver::Tried::Sent);
        let written: Vec<_> = std::fs::read_dir(data.join("mail")).unwrap().collect();
        assert_eq!(written.len(), 1);
        std::fs::remove_dir_all(&data).unwrap();
    });
}
