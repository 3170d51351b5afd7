//! An SMTP server on this machine that does what its script says, one mail after the other, and keeps what it took.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What happens to one mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Takes it.
    Takes,
    /// Says 4xx at `RCPT TO`.
    BusyAtRecipient,
    /// Says 4xx after the mail.
    BusyAfterData,
    /// Says 5xx at `RCPT TO`.
    NoSuchUser,
    /// Says 5xx after the mail.
    Spam,
    /// Says 5xx at `MAIL FROM`: our own fault.
    NoSuchSender,
    /// Says 421 at `RCPT TO` and hangs up.
    Closes,
    /// Hangs up at `DATA`, before the mail.
    DropsBeforeData,
    /// Takes the mail, keeps it, and hangs up without a word.
    KeepsAndDrops,
    /// Takes the mail, forgets it, and hangs up without a word.
    ForgetsAndDrops,
    /// Never answers `RCPT TO`.
    Tarpit,
    /// Keeps the mail and never says so.
    KeepsAndTarpits,
    /// Answers the mail with an answer to something else.
    OutOfTurn,
}

pub const MOODS: [Mood; 13] = [
    Mood::Takes,
    Mood::BusyAtRecipient,
    Mood::BusyAfterData,
    Mood::NoSuchUser,
    Mood::Spam,
    Mood::NoSuchSender,
    Mood::Closes,
    Mood::DropsBeforeData,
    Mood::KeepsAndDrops,
    Mood::ForgetsAndDrops,
    Mood::Tarpit,
    Mood::KeepsAndTarpits,
    Mood::OutOfTurn,
];

/// A mail the server kept.
#[derive(Clone, Debug)]
pub struct Kept {
    pub recipients: Vec<String>,
    pub text: String,
    /// Whether the sender was told that it was taken.
    pub told: bool,
}

impl Kept {
    /// Returns the value of `Message-ID`.
    pub fn message_id(&self) -> &str {
        self.text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap_or_default()
    }
}

/// Decides the mood for a recipient at his or her n-th mail, counted from 0.
pub type Script = Arc<dyn Fn(&str, usize) -> Mood + Send + Sync>;

#[derive(Clone)]
pub struct Server {
    pub port: u16,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    kept: Vec<Kept>,
    tries: std::collections::BTreeMap<String, usize>,
    connections: usize,
    open: usize,
    most_open: usize,
}

impl Server {
    /// Starts a server with a script.
    pub async fn start(script: Script) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server { port: listener.local_addr().unwrap().port(), inner: Arc::default() };
        let own = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (server, script) = (own.clone(), script.clone());
                tokio::spawn(async move {
                    server.count(|inner| {
                        inner.connections += 1;
                        inner.open += 1;
                        inner.most_open = inner.most_open.max(inner.open);
                    });
                    let _ = server.serve(stream, script).await;
                    server.count(|inner| inner.open -= 1);
                });
            }
        });
        server
    }

    /// Starts a server with a mood for each mail in turn, and `Takes` afterwards.
    pub async fn scripted(moods: &[Mood]) -> Server {
        let moods = Mutex::new(VecDeque::from(moods.to_vec()));
        Server::start(Arc::new(move |_, _| moods.lock().unwrap().pop_front().unwrap_or(Mood::Takes))).await
    }

    pub fn kept(&self) -> Vec<Kept> {
        self.inner.lock().unwrap().kept.clone()
    }

    pub fn connections(&self) -> usize {
        self.inner.lock().unwrap().connections
    }

    pub fn most_open(&self) -> usize {
        self.inner.lock().unwrap().most_open
    }

    fn count(&self, count: impl FnOnce(&mut Inner)) {
        count(&mut self.inner.lock().unwrap());
    }

    fn mood(&self, script: &Script, recipient: &str) -> Mood {
        let mut inner = self.inner.lock().unwrap();
        let tries = inner.tries.entry(recipient.to_owned()).or_default();
        *tries += 1;
        script(recipient, *tries - 1)
    }

    async fn serve(&self, stream: TcpStream, script: Script) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 test ESMTP\r\n").await?;
        let (mut mood, mut recipients) = (None, Vec::new());
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let command = line.trim_end().to_owned();
            let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" => "250-test\r\n250 8BITMIME\r\n".to_owned(),
                "MAIL" => "250 2.1.0 ok\r\n".to_owned(),
                "RCPT" => {
                    let recipient = command.trim_start_matches("RCPT TO:<").trim_end_matches('>').to_owned();
                    let found = self.mood(&script, &recipient);
                    recipients.push(recipient);
                    mood = Some(found);
                    match found {
                        Mood::BusyAtRecipient => "450 4.2.1 busy\r\n".to_owned(),
                        Mood::NoSuchUser => "550 5.1.1 <somebody@example.test> no such user\r\n".to_owned(),
                        Mood::NoSuchSender => "530 5.7.0 sign in first\r\n".to_owned(),
                        Mood::Closes => {
                            stream.write_all(b"421 4.3.2 going down\r\n").await?;
                            return Ok(());
                        }
                        Mood::Tarpit => {
                            tokio::time::sleep(Duration::from_secs(20)).await;
                            return Ok(());
                        }
                        _ => "250 2.1.5 ok\r\n".to_owned(),
                    }
                }
                "DATA" if mood == Some(Mood::DropsBeforeData) => return Ok(()),
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    let text = content(&mut stream).await?;
                    let mood = mood.take().unwrap_or(Mood::Takes);
                    match self.after_data(mood, std::mem::take(&mut recipients), text).await {
                        Some(answer) => answer.to_owned(),
                        None => return Ok(()),
                    }
                }
                "RSET" => {
                    recipients.clear();
                    "250 2.0.0 ok\r\n".to_owned()
                }
                "NOOP" => "250 2.0.0 ok\r\n".to_owned(),
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => "502 5.5.1 what?\r\n".to_owned(),
            };
            stream.write_all(answer.as_bytes()).await?;
        }
    }

    /// Returns the answer to a mail, or `None` to hang up.
    async fn after_data(&self, mood: Mood, recipients: Vec<String>, text: String) -> Option<&'static str> {
        let keep =
            |told: bool| self.count(|inner| inner.kept.push(Kept { recipients: recipients.clone(), text, told }));
        match mood {
            Mood::BusyAfterData => Some("451 4.3.0 later\r\n"),
            Mood::Spam => Some("554 5.7.1 spam\r\n"),
            Mood::ForgetsAndDrops => None,
            Mood::OutOfTurn => Some("354 go on\r\n"),
            Mood::KeepsAndDrops => {
                keep(false);
                None
            }
            Mood::KeepsAndTarpits => {
                keep(false);
                tokio::time::sleep(Duration::from_secs(20)).await;
                None
            }
            _ => {
                keep(true);
                Some("250 2.0.0 taken\r\n")
            }
        }
    }
}

/// Reads a mail up to the line with one full stop, dots undone.
async fn content(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
