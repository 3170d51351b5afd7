//! What the daemon takes: the real binary over loopback, beside what the disk itself takes for the same bytes.
//!
//! `cargo bench --bench load` measures; `-- --test` runs a small part of everything, for CI. What is printed goes into the
//! README with the machine: signals acknowledged a second, time from acknowledged to sent, the most memory of a burst, and a
//! start after `kill -9`. Absolute times depend on the machine; what says something is the ratio to the disk, in the same run.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// How much of everything is done.
struct Size {
    /// How long each way of sending is measured.
    time: Duration,
    /// How many signals the burst has.
    burst: u64,
    /// How many mails are followed.
    mails: usize,
}

fn main() {
    let small = std::env::args().any(|argument| argument == "--test");
    let size = match small {
        true => Size { time: Duration::from_millis(300), burst: 3_000, mails: 3 },
        false => Size { time: Duration::from_secs(8), burst: 1_000_000, mails: 50 },
    };
    let folder = std::env::var_os("TOUCHLINE_LOAD_DIR").map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).join("load"),
        |folder| PathBuf::from(folder).join("touchline-load"),
    );
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    println!("machine: {} cores; data in {}", std::thread::available_parallelism().unwrap(), folder.display());
    acknowledged(&folder, &size);
    sent(&folder, &size);
    burst(&folder, &size);
    let _ = fs::remove_dir_all(&folder);
}

struct Daemon {
    child: Child,
    at: String,
}

impl Daemon {
    fn start(data: &Path, more: &[&str]) -> Daemon {
        let mut command = Command::new(env!("CARGO_BIN_EXE_touchline"));
        command.args(["serve", "--playbooks", "playbooks/retail", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        let mut child = command.args(more).current_dir(ROOT).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let at = loop {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "the daemon did not start");
            if let Some((_, rest)) = line.split_once("http://") {
                break rest.split(',').next().unwrap().trim().to_owned();
            }
        };
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Daemon { child, at }
    }

    /// Returns the most memory it ever had, in bytes.
    fn most_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) << 10
    }

    fn status(&self) -> serde_json::Value {
        serde_json::from_str(&Client::to(&self.at).ask("GET", "/v1/status", "").1).unwrap()
    }

    /// Waits until everything is decided.
    fn settle(&self) {
        while self.status()["journal"]["behind"] != 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A connection that is kept.
struct Client(BufReader<TcpStream>);

impl Client {
    fn to(at: &str) -> Client {
        let stream = TcpStream::connect(at).unwrap();
        stream.set_nodelay(true).unwrap();
        Client(BufReader::new(stream))
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, String) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut line, mut status, mut length) = (String::new(), 0, 0);
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(rest) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = rest.trim().parse().unwrap();
            } else if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (status, String::from_utf8(body).unwrap())
    }

    /// Sends until it is taken; returns how often it was asked to wait.
    fn post(&mut self, body: &str) -> u64 {
        let mut waited = 0;
        loop {
            match self.ask("POST", "/v1/signals", body) {
                (202, _) => return waited,
                (503, _) => {
                    waited += 1;
                    std::thread::sleep(Duration::from_millis(5));
                }
                (status, said) => panic!("{status} {said}"),
            }
        }
    }
}

/// A signal of the shipped vocabulary, one of many customers.
fn signal(number: u64, at: &str) -> String {
    let (customer, store) = (number % 50_000, ["S7", "S8", "S9", "S21", "S22"][number as usize % 5]);
    match number % 3 {
        0 => format!(
            r#"{{"id":"l-{number}","signal":"queue_reading","at":"{at}","store":"{store}","wait":{},"touchpoint":"checkout"}}"#,
            number % 17
        ),
        1 => format!(
            r#"{{"id":"l-{number}","signal":"survey_response","at":"{at}","customer":"K{customer}","store":"{store}","score":{},"comment":"All in all quite as I expected it to be.","touchpoint":"checkout","channel":"store"}}"#,
            number % 11
        ),
        _ => format!(
            r#"{{"id":"l-{number}","signal":"complaint","at":"{at}","customer":"K{customer}","store":"{store}","topic":"delivery"}}"#
        ),
    }
}

fn now() -> String {
    touchline::clock::wall_clock_now().to_string()
}

fn body(from: u64, many: u64) -> String {
    let at = now();
    match many {
        1 => signal(from, &at),
        _ => format!("[{}]", (from..from + many).map(|number| signal(number, &at)).collect::<Vec<_>>().join(",")),
    }
}

/// Signals acknowledged a second, one by one and in lists of 100, by one sender and by 64; beside what the disk takes when
/// the same bytes are written and synced one after the other.
fn acknowledged(folder: &Path, size: &Size) {
    println!("\nacknowledged signals a second, and the disk's own writes of the same bytes, each synced");
    println!("{:<28} {:>12} {:>12} {:>8}", "", "signals/s", "disk/s", "ratio");
    let data = folder.join("acknowledged");
    let daemon = Daemon::start(&data, &["--shadow"]);
    let next = AtomicU64::new(0);
    for (many, senders) in [(1, 1), (1, 64), (100, 1), (100, 64)] {
        let (begun, taken) = (Instant::now(), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..senders {
                scope.spawn(|| {
                    let mut client = Client::to(&daemon.at);
                    while begun.elapsed() < size.time {
                        client.post(&body(next.fetch_add(many, Ordering::Relaxed), many));
                        taken.fetch_add(many, Ordering::Relaxed);
                    }
                });
            }
        });
        let signals = taken.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
        let disk = disk(folder, &body(0, many), size.time / 4) * many as f64;
        let what =
            format!("{} × {senders} senders", if many == 1 { "single".into() } else { format!("lists of {many}") });
        println!("{what:<28} {signals:>12.0} {disk:>12.0} {:>8.2}", signals / disk);
    }
    daemon.settle();
    daemon.kill();
}

/// Returns how often a second these bytes can be written behind one another and synced.
fn disk(folder: &Path, bytes: &str, time: Duration) -> f64 {
    let path = folder.join("disk");
    let mut file = File::create(&path).unwrap();
    let (begun, mut written) = (Instant::now(), 0_u64);
    while begun.elapsed() < time {
        file.write_all(bytes.as_bytes()).unwrap();
        file.sync_data().unwrap();
        written += 1;
    }
    let rate = written as f64 / begun.elapsed().as_secs_f64();
    fs::remove_file(path).unwrap();
    rate
}

/// Time from acknowledged to sent: the mail of an alert, written as a file.
fn sent(folder: &Path, size: &Size) {
    let data = folder.join("sent");
    let daemon = Daemon::start(&data, &[]);
    let mail = data.join("mail");
    let mails = || {
        let found = fs::read_dir(&mail).into_iter().flatten().flatten();
        found.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "eml")).count()
    };
    let mut client = Client::to(&daemon.at);
    let mut took: Vec<Duration> = vec![];
    for customer in 0..size.mails {
        let before = mails();
        for n in 0..3 {
            let at = now();
            client.post(&format!(
                r#"{{"id":"m-{customer}-{n}","signal":"complaint","at":"{at}","customer":"M{customer}","store":"S7","topic":"delivery"}}"#
            ));
        }
        let begun = Instant::now();
        while mails() == before {
            assert!(begun.elapsed() < Duration::from_secs(30), "no mail");
            std::thread::sleep(Duration::from_micros(200));
        }
        took.push(begun.elapsed());
    }
    took.sort();
    let at = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1e3;
    println!(
        "\nfrom acknowledged to sent: {:.1} ms median, {:.1} ms at 95 percent ({} mails)",
        at(50),
        at(95),
        took.len()
    );
    daemon.kill();
}

/// The most memory of a burst, and a start after a kill at its end.
fn burst(folder: &Path, size: &Size) {
    let data = folder.join("burst");
    let daemon = Daemon::start(&data, &["--shadow"]);
    let (next, waited, begun) = (AtomicU64::new(0), AtomicU64::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let mut client = Client::to(&daemon.at);
                loop {
                    let from = next.fetch_add(100, Ordering::Relaxed);
                    if from >= size.burst {
                        return;
                    }
                    waited.fetch_add(client.post(&body(from, 100)), Ordering::Relaxed);
                }
            });
        }
    });
    let took = begun.elapsed().as_secs_f64();
    println!(
        "\na burst of {} signals: {took:.1} s, {:.0} a second, told to wait {} times",
        size.burst,
        size.burst as f64 / took,
        waited.load(Ordering::Relaxed)
    );
    daemon.settle();
    println!(
        "decided after {:.1} s; at most {} MB of memory",
        begun.elapsed().as_secs_f64(),
        daemon.most_memory() >> 20
    );
    let journal = daemon.status()["journal"]["last"].as_u64().unwrap();
    daemon.kill();
    let begun = Instant::now();
    let daemon = Daemon::start(&data, &["--shadow"]);
    let status = daemon.status();
    println!("start after kill -9 with {journal} inputs in the journal: {:.1} s", begun.elapsed().as_secs_f64());
    assert_eq!(status["journal"]["last"].as_u64().unwrap(), journal, "nothing is lost");
    daemon.kill();
}
