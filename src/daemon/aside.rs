//! A thread that works aside, over and over, until it is asked to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

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

    /// Asks it to end, and waits until it has.
    pub fn end(mut self) {
        self.ask_to_end();
        if let Some(thread) = self.thread.take() {
            // What it has not done, or failed to do, is done at the next start.
            let _ = thread.join();
        }
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
