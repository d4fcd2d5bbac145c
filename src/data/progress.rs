//! The progress of a download, on stderr: a bar where that is a terminal,
//! plain lines where not.

use std::io::{IsTerminal, stderr};
use std::path::PathBuf;

use breakeven_empirical::data::fetch::Event;
use indicatif::{ProgressBar, ProgressStyle};

use super::grouped;
use crate::streams::say;

/// Plain lines come this often: a part of the whole.
const LINES: u64 = 10;

/// Shows events as they come, and keeps the files that are ready.
pub(super) struct Progress {
    terminal: bool,
    bar: Option<ProgressBar>,
    total: Option<u64>,
    /// Tenths of the whole that were told, where lines are plain.
    told: u64,
    files: Vec<PathBuf>,
}

impl Progress {
    pub fn new() -> Self {
        Self {
            terminal: stderr().is_terminal(),
            bar: None,
            total: None,
            told: 0,
            files: Vec::new(),
        }
    }

    /// Shows one event.
    pub fn show(&mut self, event: Event) {
        match event {
            Event::Present(path) => {
                say(format!("{}: there already, checksum right", path.display()));
                self.files.push(path);
            }
            Event::Begins { url, kept, total } => self.begin(&url, kept, total),
            Event::Received(bytes) => self.receive(bytes),
            Event::Verifying => self.clear(),
            Event::Ready(path) => {
                say(format!("{}: ready, checksum right", path.display()));
                self.files.push(path);
            }
        }
    }

    /// Takes the bar away; returns the files that are ready.
    pub fn finish(mut self) -> Vec<String> {
        self.clear();
        let paths = self.files.iter();
        paths.map(|path| path.display().to_string()).collect()
    }

    fn begin(&mut self, url: &str, kept: u64, total: Option<u64>) {
        let size = total.map_or("of unknown length".to_owned(), |bytes| {
            format!("{} bytes", grouped(bytes))
        });
        match kept {
            0 => say(format!("{url}: {size}")),
            _ => say(format!("{url}: {size}, going on after {}", grouped(kept))),
        }
        self.total = total;
        self.told = total.map_or(0, |total| kept * LINES / total.max(1));
        self.bar = self.terminal.then(|| bar(kept, total));
    }

    fn receive(&mut self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(bytes);
        } else if let Some(total) = self.total {
            let tenths = bytes * LINES / total.max(1);
            if tenths > self.told {
                self.told = tenths;
                say(format!(
                    "  {} %, {} bytes",
                    tenths * 100 / LINES,
                    grouped(bytes)
                ));
            }
        }
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn bar(kept: u64, total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "  {bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
        None => "  {spinner} {bytes}, {bytes_per_sec}",
    };
    let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
    // a template that indicatif could not read would leave its own style
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.with_position(kept)
}
