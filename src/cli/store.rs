//! What the verbs that open a data folder have in common: where the bar comes from, and what to say of a wrong folder.

use indicatif::{ProgressBar, ProgressStyle};

use super::screen::Screen;

/// Fewer inputs than this are over before a bar could be read.
const WORTH_A_BAR: u64 = 50_000;

/// Returns a bar over so many inputs, shown where somebody watches and it is worth it.
pub fn progress(inputs: u64, screen: &mut Screen) -> ProgressBar {
    if !screen.watched || inputs < WORTH_A_BAR {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {human_pos} of {human_len} inputs, {eta} to go");
    let bar = ProgressBar::new(inputs).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    screen.show(bar.clone());
    bar
}
