//! `rlx-run picture`: one run of a trace file as SVG, a track for each thread.

use super::trace::Event;
use crate::cli::PictureArgs;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

/// Widths and heights in pixels.
const WIDTH: f64 = 1200.0;
const LEFT: f64 = 90.0;
const TRACK: f64 = 46.0;
const TOP: f64 = 34.0;
const LEGEND_ROW: f64 = 20.0;
const LEGEND_COLUMNS: usize = 5;
/// An event as wide as this has its name on it, a letter of which takes about so much.
const LETTER: f64 = 6.6;

/// What kernels are painted with: light enough for black letters.
const COLOURS: [&str; 10] =
    ["#8dd3c7", "#bebada", "#fb8072", "#80b1d3", "#fdb462", "#b3de69", "#fccde5", "#ffed6f", "#bc80bd", "#ccebc5"];

/// Runs the command.
pub(crate) fn execute(args: &PictureArgs) -> Result<()> {
    let text = fs::read_to_string(&args.trace).with_context(|| format!("cannot read {}", args.trace.display()))?;
    let events: Vec<Event> = serde_json::from_str(&text)
        .with_context(|| format!("{} is not a trace file of rlx-run's", args.trace.display()))?;
    let Some(run) = median_run(&events) else { bail!("{} has no run in it", args.trace.display()) };
    fs::write(&args.output, draw(run, &events)).with_context(|| format!("cannot write {}", args.output.display()))
}

/// The run that took the median time.
fn median_run(events: &[Event]) -> Option<&Event> {
    let mut runs: Vec<&Event> = events.iter().filter(|event| is_run(event)).collect();
    runs.sort_by(|a, b| a.dur.total_cmp(&b.dur));
    runs.get(runs.len().checked_sub(1)? / 2).copied()
}

fn is_run(event: &Event) -> bool {
    event.args.node.is_empty() && event.args.kernel == "run"
}

fn draw(run: &Event, events: &[Event]) -> String {
    let (begin, end) = (run.ts, run.ts + run.dur);
    let inside: Vec<&Event> =
        events.iter().filter(|e| !is_run(e) && e.ts >= begin && e.ts + e.dur <= end + 1.0).collect();
    // The kernel that took longest first.
    let mut times: BTreeMap<&str, f64> = BTreeMap::new();
    let mut tracks: BTreeMap<u64, &str> = BTreeMap::new();
    for event in &inside {
        *times.entry(&event.name).or_default() += event.dur;
        tracks.insert(event.tid, &event.args.thread);
    }
    let mut kernels: Vec<(&str, f64)> = times.into_iter().collect();
    kernels.sort_by(|a, b| b.1.total_cmp(&a.1));
    let colour = |name: &str| {
        let place = kernels.iter().position(|(kernel, _)| *kernel == name).unwrap_or(0);
        COLOURS.get(place).copied().unwrap_or("#d9d9d9")
    };
    let x = |us: f64| LEFT + (us - begin) / run.dur.max(1e-3) * (WIDTH - LEFT - 10.0);
    let bottom = TOP + TRACK * tracks.len().max(1) as f64;
    let height = bottom + 34.0 + LEGEND_ROW * kernels.len().div_ceil(LEGEND_COLUMNS) as f64;

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    // Writing to a String cannot fail.
    let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"16\">one run of {:.2} ms</text>", run.dur / 1e3);
    for tick in 0..=10 {
        let us = begin + run.dur * f64::from(tick) / 10.0;
        let _ = writeln!(
            svg,
            "<path d=\"M{0:.1} {TOP}V{bottom}\" stroke=\"#ddd\"/><text x=\"{0:.1}\" y=\"{1}\" text-anchor=\"middle\">{2:.2}</text>",
            x(us),
            bottom + 14.0,
            (us - begin) / 1e3
        );
    }
    for (row, (tid, name)) in tracks.iter().enumerate() {
        let top = TOP + TRACK * row as f64;
        let name = if name.is_empty() { format!("thread {tid}") } else { escaped(name) };
        let _ = writeln!(svg, "<text x=\"4\" y=\"{}\">{name}</text>", top + TRACK / 2.0);
        for event in inside.iter().filter(|event| event.tid == *tid) {
            let (left, width) = (x(event.ts), (x(event.ts + event.dur) - x(event.ts)).max(0.2));
            let _ = write!(
                svg,
                "<g><title>{}: {}, {:.1} µs</title><rect x=\"{left:.2}\" y=\"{}\" width=\"{width:.2}\" height=\"{}\" \
                 fill=\"{}\" stroke=\"#666\" stroke-width=\"0.3\"/>",
                escaped(&event.name),
                escaped(&event.args.node),
                event.dur,
                top + 4.0,
                TRACK - 8.0,
                colour(&event.name)
            );
            if event.name.len() as f64 * LETTER < width {
                let _ = write!(
                    svg,
                    "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                    left + width / 2.0,
                    top + TRACK / 2.0 + 4.0,
                    escaped(&event.name)
                );
            }
            svg.push_str("</g>\n");
        }
    }
    let column = (WIDTH - LEFT) / LEGEND_COLUMNS as f64;
    for (place, (name, us)) in kernels.iter().enumerate() {
        let left = LEFT + column * (place % LEGEND_COLUMNS) as f64;
        let top = bottom + 24.0 + LEGEND_ROW * (place / LEGEND_COLUMNS) as f64;
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"12\" height=\"12\" fill=\"{}\" stroke=\"#666\"/>\
             <text x=\"{}\" y=\"{}\">{} {:.2} ms</text>",
            colour(name),
            left + 18.0,
            top + 11.0,
            escaped(name),
            us / 1e3
        );
    }
    svg + "</svg>\n"
}

/// Text inside of an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::Noted;
    use super::*;

    #[test]
    fn the_median_run_is_drawn() {
        let noted = Noted::made_of(&[
            ("n<1>", "Linear", 1, [10, 70], [0, 0]),
            ("", "run", 1, [0, 100], [0, 0]),
            ("other", "Add", 1, [210, 7], [0, 0]),
            ("", "run", 1, [200, 900], [0, 0]),
            ("", "run", 1, [2000, 50], [0, 0]),
        ]);
        let file = tempfile::NamedTempFile::new().unwrap();
        super::super::trace::write(&noted, file.path()).unwrap();
        let output = file.path().with_extension("svg");
        execute(&PictureArgs { trace: file.path().to_owned(), output: output.clone() }).unwrap();
        let svg = fs::read_to_string(&output).unwrap();
        fs::remove_file(&output).unwrap();
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
        assert!(svg.contains("one run of 0.10 ms") && svg.contains("n&lt;1&gt;, 70.0"), "{svg}");
        assert!(!svg.contains("other"), "of another run");
    }
}
