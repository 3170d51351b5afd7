//! A thread that works aside, over and over, until it is asked to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often it is looked whether a thread has ended.
const LOOK: Duration = Duration::from_millis(10);

/// The thread. Dropped, it is asked to end and not waited for.
#[derive(Debug)]
pub struct Aside {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Aside {
    /// Begins `work` on a thread of its own. It looks at what it is given often, and rests with `thread::park_timeout`: asked to
    /// end, it is woken.
    pub fn begin(name: &str, work: impl FnOnce(&AtomicBool) + Send + 'static) -> std::io::Result<Aside> {
        let stop = Arc::new(AtomicBool::new(false));
        let told = stop.clone();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || work(&told))?;
        Ok(Aside { stop, thread: Some(thread) })
    }

    /// Asks it to end, and waits until it has, for `patience` at most: what it has not done, or failed to do, is done at the
    /// next start. Tells whether it has ended.
    pub fn end(mut self, patience: Duration) -> bool {
        self.ask_to_end();
        let Some(thread) = self.thread.take() else { return true };
        for _ in 0..patience.as_millis() / LOOK.as_millis() {
            if thread.is_finished() {
                break;
            }
            thread::sleep(LOOK);
        }
        let has_ended = thread.is_finished();
        if has_ended {
            let _ = thread.join();
        }
        has_ended
    }

    fn ask_to_end(&self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.ask_to_end();
    }
}
