//! The report: complete, escaped, and without anything from outside.

use std::fs;
use std::path::Path;

use breakeven_sim::record::TrainingOptions;
use breakeven_verify::report::{self, ReportContext, write};
use breakeven_verify::{Sweep, VerifySettings, parse_table, read_sweep, verify, verify_in_full};
use tempfile::tempdir;

use crate::synthetic::{Synthetic, diverge, run_folder};

fn context() -> ReportContext {
    ReportContext {
        version: "0.1.0".to_owned(),
        git: Some("0123abc".to_owned()),
        command: "breakeven verify A B --out REPORT".to_owned(),
        wall_time: Some("1 min 2 s".to_owned()),
    }
}

/// The two sweeps, one with a run that diverged, written into `parent`.
fn sweeps(parent: &Path) -> Vec<Sweep> {
    let by_learning_rate = Synthetic::learning_rate().write(parent);
    diverge(&run_folder(&by_learning_rate, 0.1, 64, 4));
    let by_batch_size = Synthetic::batch_size().write(parent);
    vec![
        read_sweep(&by_learning_rate).unwrap(),
        read_sweep(&by_batch_size).unwrap(),
    ]
}

#[test]
fn three_files_are_written_and_a_file_in_the_way_is_named() {
    let parent = tempdir().unwrap();
    let sweeps = sweeps(parent.path());
    let verdicts = verify(&sweeps).unwrap();
    let out = parent.path().join("a/b");
    write(&verdicts, &sweeps, &context(), &out).unwrap();
    for name in [report::HTML_FILE, report::MARKDOWN_FILE, report::JSON_FILE] {
        assert!(fs::metadata(out.join(name)).unwrap().len() > 1000, "{name}");
    }
    // To look at what was written: keep a copy.
    if let Some(kept) = std::env::var_os("BREAKEVEN_KEEP_REPORT") {
        write(&verdicts, &sweeps, &context(), Path::new(&kept)).unwrap();
    }
    let blocked = parent.path().join("file");
    fs::write(&blocked, "").unwrap();
    let error = write(&verdicts, &sweeps, &context(), &blocked).unwrap_err();
    assert!(error.to_string().contains("cannot write"), "{error}");
}

/// Each figure of the written page is an SVG file of its own and a table beside it;
/// the page alone links to neither.
#[test]
fn every_figure_is_a_file_with_its_data() {
    let parent = tempdir().unwrap();
    let sweeps = sweeps(parent.path());
    let verdicts = verify_in_full(&sweeps).unwrap();
    let out = parent.path().join("out");
    write(&verdicts, &sweeps, &context(), &out).unwrap();
    let page = fs::read_to_string(out.join(report::HTML_FILE)).unwrap();
    let links = page.split("<a href=\"").skip(1);
    let links: Vec<&str> = links.filter_map(|rest| rest.split('"').next()).collect();
    let of_figures = format!("{}/", report::FIGURES_FOLDER);
    let files: Vec<&str> = links
        .into_iter()
        .filter(|link| link.starts_with(&of_figures))
        .collect();
    assert_eq!(files.len(), 2 * page.matches("<figure>").count());
    let folder = fs::read_dir(out.join(report::FIGURES_FOLDER)).unwrap();
    assert_eq!(folder.count(), files.len());
    for file in files {
        let text = fs::read_to_string(out.join(file)).unwrap();
        if file.ends_with(".svg") {
            let mut reader = quick_xml::Reader::from_str(&text);
            while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
            assert_eq!(text.matches("<style>").count(), 1, "{file}");
        } else {
            let mut table = csv::Reader::from_reader(text.as_bytes());
            assert!(table.headers().unwrap().len() >= 5, "{file}");
            let rows: Result<Vec<_>, _> = table.records().collect();
            assert!(!rows.unwrap().is_empty(), "{file}");
        }
    }
    let alone = report::html(&verdicts, &sweeps, &context());
    assert!(!alone.contains(&of_figures));
    assert_eq!(
        alone.matches("<figure>").count(),
        page.matches("<figure>").count()
    );
}

#[test]
fn the_page_loads_nothing_and_is_well_formed() {
    let parent = tempdir().unwrap();
    let sweeps = sweeps(parent.path());
    let page = report::html(&verify(&sweeps).unwrap(), &sweeps, &context());
    for forbidden in [
        "<script", "src=", "<link", "@import", "url(http", "href=\"h",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    // The namespace of SVG is a name, not an address to load.
    let without_names = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    assert!(!without_names.contains("http:") && !without_names.contains("https:"));
    for panel in [
        "lambda-k",
        "condition-k",
        "lambda-h",
        "trace-k",
        "training-accuracy",
        "stability",
    ] {
        assert!(
            page.contains(&format!("id=\"path-0-{panel}-title\"")),
            "{panel}"
        );
    }
    for element in ["svg", "table", "section", "details", "figure", "g", "tspan"] {
        let opened = page.matches(&format!("<{element} ")).count()
            + page.matches(&format!("<{element}>")).count();
        assert_eq!(
            opened,
            page.matches(&format!("</{element}>")).count(),
            "{element}"
        );
    }
    let ids: Vec<&str> = page
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(ids.len(), unique.len(), "an id stands twice");
}

#[test]
fn names_from_outside_are_escaped() {
    let table = "seed,learning_rate,batch_size,converged,max_lambda_k,<b>\n\
                 0,0.1,64,true,1,\n0,0.01,64,true,2,\n";
    let name = Path::new("<script>alert(1)</script>.csv");
    let name = Path::new(name.file_name().unwrap());
    let sweep = parse_table(name, table.as_bytes(), VerifySettings::default()).unwrap();
    let sweeps = [sweep];
    let context = ReportContext {
        command: "<img onerror=x>".to_owned(),
        ..context()
    };
    let verdicts = verify(&sweeps).unwrap();
    let page = report::html(&verdicts, &sweeps, &context);
    for raw in ["<script", "<img", "<b>"] {
        assert!(!page.contains(raw), "{raw} in the page");
    }
    let text = report::markdown(&verdicts, &sweeps, &context);
    assert!(!text.contains("<b>"), "{text}");
}

/// Ten seconds: a line for each hypothesis, the paper's statistic before all
/// others, and no verdict that a wide terminal has to break.
#[test]
fn a_terminal_gets_the_papers_statistic_first_and_a_line_for_each_hypothesis() {
    let parent = tempdir().unwrap();
    let verdicts = verify(&sweeps(parent.path())).unwrap();
    let text = report::terminal(&verdicts);
    let lines: Vec<&str> = text.lines().collect();
    let is_verdict = |line: &&&str| ["  ✓ ", "  ✗ ", "  ? "].iter().any(|s| line.starts_with(s));
    assert_eq!(
        lines.iter().filter(is_verdict).count(),
        verdicts.hypotheses.len()
    );
    assert!(lines[3].contains("the paper's statistic"), "{text}");
    let longest = lines
        .iter()
        .filter(is_verdict)
        .map(|line| line.chars().count())
        .max();
    assert!(
        longest.is_some_and(|longest| longest <= 120),
        "{longest:?}: {text}"
    );
    for said in [
        "ties at step 0 in 5 of 5 seeds",
        "all 5 seeds in order; p 0.18 at worst",
        "left out: mlp-learning-rate: run lr0.1-bs64-seed4",
        "all 5 seeds in order",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

/// No run that counts, one seed, more levels than there are looks, no records:
/// each still gives a page and a text.
#[test]
fn odd_sweeps_still_give_a_report() {
    let parent = tempdir().unwrap();
    let nothing_counts = Synthetic {
        name: "nothing-counts",
        verify: Some(serde_json::json!({ "convergence": { "final_training_accuracy": 1.0 } })),
        ..Synthetic::learning_rate()
    };
    let one_seed = Synthetic {
        name: "one-seed",
        seeds: vec![7],
        ..Synthetic::batch_size()
    };
    let many_levels = Synthetic {
        name: "many-levels",
        learning_rates: (1..=14).map(|k| f64::from(k) / 200.0).collect(),
        seeds: vec![0, 1],
        ..Synthetic::learning_rate()
    };
    let grid = Synthetic {
        name: "grid",
        batch_sizes: vec![16, 64],
        measured_batch: Some(64),
        ..Synthetic::learning_rate()
    };
    for sweep in [nothing_counts, one_seed, many_levels, grid] {
        let folder = sweep.write(parent.path());
        let unfinished = run_folder(&folder, sweep.learning_rates[0], 64, sweep.seeds[0]);
        fs::remove_file(unfinished.join("outcome.json")).unwrap();
        fs::remove_file(unfinished.join("records.jsonl")).unwrap();
        let sweeps = [read_sweep(&folder).unwrap()];
        let verdicts = verify(&sweeps).unwrap();
        let page = report::html(&verdicts, &sweeps, &context());
        let text = report::markdown(&verdicts, &sweeps, &context());
        for said in [&page, &text, &report::terminal(&verdicts)] {
            assert!(said.contains(sweep.name), "{said}");
            assert!(
                !said.contains("NaN") && !said.contains("inf "),
                "{}",
                sweep.name
            );
        }
    }
}

/// What is said of the adjusted p and the reason is the same in both reports.
#[test]
fn both_reports_say_why_a_verdict_is_open() {
    let parent = tempdir().unwrap();
    let sweeps = sweeps(parent.path());
    let verdicts = verify(&sweeps).unwrap();
    let why = "ties at step 0 in 5 of 5 seeds";
    let page = report::html(&verdicts, &sweeps, &context());
    let text = report::markdown(&verdicts, &sweeps, &context());
    assert!(page.contains(&format!("<div class=\"small\">{why}</div>")));
    assert!(
        text.contains(&format!(
            "| ? inconclusive; adjusted p 1; {why}; 0.01 → 0.1: ×1"
        )),
        "{text}"
    );
}

#[test]
fn intervals_are_said_to_rest_on_the_fewest_seeds_that_have_one() {
    let parent = tempdir().unwrap();
    let about_intervals = |text: &str| {
        let line = text.lines().find(|line| line.contains("Student's, over"));
        line.map(str::to_owned)
    };
    let read = |sweep: Synthetic| {
        let sweeps = [read_sweep(&sweep.write(parent.path())).unwrap()];
        report::markdown(&verify(&sweeps).unwrap(), &sweeps, &context())
    };
    let one_seed = Synthetic {
        name: "one-seed",
        seeds: vec![7],
        ..Synthetic::learning_rate()
    };
    assert_eq!(about_intervals(&read(one_seed)), None);
    // Without any run past the threshold, `at_accuracy_` has no seeds at all.
    let never_accurate = Synthetic {
        name: "never-accurate",
        verify: Some(serde_json::json!({ "accuracy_threshold": 0.99 })),
        ..Synthetic::learning_rate()
    };
    let said = about_intervals(&read(never_accurate)).unwrap();
    assert!(said.contains("over as few as 5 seeds"), "{said}");
}

#[test]
fn what_the_papers_theory_does_not_cover_is_named() {
    let parent = tempdir().unwrap();
    let mut sweeps = sweeps(parent.path());
    let said = |sweeps: &[Sweep]| {
        let text = report::markdown(&verify(sweeps).unwrap(), sweeps, &context());
        let line = text.lines().find(|line| line.contains(": trained with"));
        (line.map(str::to_owned), text.contains("| Training |"))
    };
    assert_eq!(said(&sweeps), (None, false));
    let mut train_with = |options: TrainingOptions| {
        for run in &mut sweeps[0].runs {
            run.header.as_mut().unwrap().training = Some(options.clone());
        }
        said(&sweeps)
    };
    // A loss alone is not beyond the theory.
    let mse = TrainingOptions {
        loss: Some("mse".into()),
        ..TrainingOptions::default()
    };
    assert_eq!(train_with(mse), (None, true));
    let (line, _) = train_with(TrainingOptions {
        clip_norm: Some(1.0),
        ..TrainingOptions::default()
    });
    assert!(line.unwrap().ends_with(
        "mlp-learning-rate: trained with clipped gradients. The paper's theory is that of plain SGD with a \
         constant learning rate; here its conjectures are tested beyond it."
    ));
    let (line, _) = train_with(TrainingOptions {
        momentum: Some(0.9),
        weight_decay: Some(1e-4),
        augment: Some("pad_crop_flip".into()),
        ..TrainingOptions::default()
    });
    let line = line.unwrap();
    assert!(line.contains("trained with momentum, weight decay and augmented examples."));
    assert!(line.ends_with("whose limit for full batches is 2(1+β)/η."));
}

#[test]
fn the_commands_that_trained_come_before_the_reports_own_each_once() {
    let parent = tempdir().unwrap();
    for sweep in [Synthetic::learning_rate(), Synthetic::batch_size()] {
        let folder = sweep.write(parent.path());
        let trained = serde_json::json!({ "command_line": "breakeven check", "jobs": 2 });
        fs::write(folder.join("environment.json"), trained.to_string()).unwrap();
    }
    let folders = ["mlp-learning-rate", "mlp-batch-size"];
    let sweeps = folders.map(|name| read_sweep(&parent.path().join(name)).unwrap());
    let verdicts = verify(&sweeps).unwrap();
    let after = report::markdown(&verdicts, &sweeps, &context());
    let both = "```\nbreakeven check\nbreakeven verify A B --out REPORT\n```";
    assert!(after.contains(both), "{after}");
    let context = ReportContext {
        command: "breakeven check".to_owned(),
        ..context()
    };
    let page = report::html(&verdicts, &sweeps, &context);
    assert!(page.contains("<pre class=\"command\">breakeven check</pre>"));
}

/// Of five runs at each η those whose left side of Eq. 1 is known to a third only may
/// break even elsewhere.
#[test]
fn a_break_even_point_that_other_examples_might_move_is_said() {
    let parent = tempdir().unwrap();
    let mut sweep = read_sweep(&Synthetic::learning_rate().write(parent.path())).unwrap();
    let breaks_even =
        |run: &&mut breakeven_verify::input::Run| run.summary.break_even_step.is_some();
    let all = sweep.runs.iter_mut().filter(breaks_even).count();
    assert!(all >= 2);
    for (index, run) in sweep.runs.iter_mut().filter(breaks_even).enumerate() {
        for record in &mut run.records {
            let left = record.stability.unwrap();
            let share = if index == 0 { 0.6 } else { 1e-9 };
            record.stability_standard_error = Some((left - 1.0).abs() * share);
        }
    }
    let sweeps = [sweep];
    let said = report::markdown(&verify(&sweeps).unwrap(), &sweeps, &context());
    let expected = format!("in 1 of {all} runs that break even");
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn a_huge_learning_rate_stays_short() {
    let table = "seed,learning_rate,batch_size,converged,max_lambda_k\n\
                 0,1e300,64,true,1e250\n0,0.01,64,true,2\n";
    let settings = VerifySettings::default();
    let sweeps = [parse_table(Path::new("huge.csv"), table.as_bytes(), settings).unwrap()];
    let verdicts = verify(&sweeps).unwrap();
    for said in [
        report::terminal(&verdicts),
        report::markdown(&verdicts, &sweeps, &context()),
        report::html(&verdicts, &sweeps, &context()),
    ] {
        assert!(
            said.contains("1e300") && !said.contains("00000000"),
            "{said}"
        );
    }
}
