//! Work on every core, with what came of it in the order of the work.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What a thread may need to read a playbook whose brackets are nested as deeply as they may be.
const STACK: usize = 16 << 20;

/// Does `work` for each of `items`, on as many cores as there are, and returns what came of each, in their order.
pub fn each<I: Sync, O: Send>(items: &[I], work: impl Fn(&I) -> O + Sync) -> io::Result<Vec<O>> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done = vec![];
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            match items.get(place) {
                Some(item) => done.push((place, work(item))),
                None => return done,
            }
        }
    };
    let mut done = thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, some);
        let spawned = (0..threads).map(spawn).collect::<io::Result<Vec<_>>>()?;
        let joined = spawned.into_iter().map(|thread| thread.join());
        // A thread that panicked has said so: its panic goes on here.
        let all = joined.flat_map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        Ok::<_, io::Error>(all.collect::<Vec<_>>())
    })?;
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, done)| done).collect())
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn what_came_of_the_work_is_in_its_order() {
        let items: Vec<u64> = (0..1_000).collect();
        let done = each(&items, |item| (0..(1_000 - item) * 10).fold(*item, |sum, _| std::hint::black_box(sum)));
        assert_eq!(done.expect("threads start"), items);
        assert!(each(&[] as &[u64], |item| *item).expect("none is needed").is_empty());
    }
}
