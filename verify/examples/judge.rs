//! What `breakeven verify FOLDER [--out REPORT]` does, without the networks that
//! the program is built with: `judge FOLDER [REPORT]`. To be timed; it says on
//! stderr how long each part took.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use breakeven_allocator::{Allocator, keep_freed_memory};
use breakeven_verify::report::{self, ReportContext};
use breakeven_verify::{Kept, read_sweep_keeping, verify_in_full};

/// The program's, as memory is measured too.
#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> Result<(), Box<dyn Error>> {
    keep_freed_memory();
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("give a sweep folder")?;
    let begun = Instant::now();
    let took = |what: &str| eprintln!("{what} after {:.2} s", begun.elapsed().as_secs_f64());
    let sweeps = [read_sweep_keeping(
        Path::new(&folder),
        Kept::WithoutSpectra,
    )?];
    took("read");
    let verdicts = verify_in_full(&sweeps)?;
    took("judged");
    if let Some(out) = arguments.next() {
        report::write(
            &verdicts,
            &sweeps,
            &ReportContext::default(),
            Path::new(&out),
        )?;
        took("report written");
    }
    print!("{}", report::terminal(&verdicts));
    Ok(())
}
