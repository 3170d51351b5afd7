//! Charts as inline SVG: they stretch with the page, and their words stand beside them as text, so that they can be read at
//! any width.

use std::fmt::Write;

use crate::trust::backtest::report::{Day, Two};

/// How high a chart over time is, in units of its own.
const HIGH: f64 = 100.0;

/// Returns a text as HTML shows it.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Returns two bars below each other, before and after, of at most `most`.
pub fn bars(two: Two, most: u64) -> String {
    let wide = |count: u64| if most == 0 { 0.0 } else { count as f64 * 1000.0 / most as f64 };
    let label = format!("before {}, after {}", two.old, two.new);
    format!(
        "<svg class=\"bars\" viewBox=\"0 0 1000 22\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{label}\">\
         <rect class=\"track\" width=\"1000\" height=\"9\" y=\"1\"/><rect class=\"track\" width=\"1000\" height=\"9\" y=\"12\"/>\
         <rect class=\"old\" width=\"{:.1}\" height=\"9\" y=\"1\"/><rect class=\"new\" width=\"{:.1}\" height=\"9\" y=\"12\"/></svg>",
        wide(two.old),
        wide(two.new)
    )
}

/// Returns alerts day by day, before and after side by side, with a line where the budget is. Every day has its place.
pub fn days(days: &[Day], budget: Option<u32>) -> String {
    let most = days.iter().map(|day| day.alerts.old.max(day.alerts.new)).max().unwrap_or(0);
    let most = most.max(budget.map_or(0, u64::from)).max(1) as f64;
    let (step, count) = (10.0, days.len().max(1) as f64);
    let mut svg = format!(
        "<svg class=\"days\" viewBox=\"0 0 {:.0} {HIGH:.0}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"alerts day by day, before and after\">",
        step * count
    );
    for (place, day) in days.iter().enumerate() {
        let over = budget.is_some_and(|budget| day.alerts.new > u64::from(budget));
        let class = if over { "over" } else { "new" };
        for (class, alerts, at) in [("old", day.alerts.old, 0.8), (class, day.alerts.new, 5.2)] {
            if alerts > 0 {
                let high = alerts as f64 * HIGH / most;
                let (x, y) = (step * place as f64 + at, HIGH - high);
                let _ = write!(
                    svg,
                    "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"4\" height=\"{high:.1}\"><title>{}: {} before, {} after</title></rect>",
                    day.day, day.alerts.old, day.alerts.new
                );
            }
        }
    }
    if let Some(budget) = budget {
        let y = HIGH - f64::from(budget) * HIGH / most;
        let _ = write!(svg, "<line class=\"budget\" x1=\"0\" x2=\"{:.0}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>", step * count);
    }
    svg + "</svg>"
}
