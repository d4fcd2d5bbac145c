//! Runs of the model as a sweep folder, and measured paths from files.

use std::fs;
use std::path::Path;

use anyhow::Context;
use breakeven_sim::meter::Meter;
use breakeven_sim::path::Samples;
use breakeven_sim::record::seal::{plan_sha256, sha256};
use breakeven_sim::record::{
    CONFIG_FILE, HEADER_FILE, ONE_DIMENSIONAL_MODEL, OUTCOME_FILE, RECORDS_FILE, RUNS_FOLDER,
    RunHeader, RunOutcome, RunStatus, from_line, to_line, to_page,
};

use super::model_run::Run;
use crate::failure::{Failure, OrFail};
use crate::version::{command_line, version};

/// Writes a sweep folder, as training does: the configuration first, then a
/// folder for each run.
pub fn write(folder: &Path, runs: &[Run], meter: &Meter) -> Result<(), Failure> {
    let taken = folder.exists()
        && fs::read_dir(folder)
            .with_context(|| format!("--out: can't read {}", folder.display()))
            .or_input()?
            .next()
            .is_some();
    if taken {
        let message = format!(
            "--out: {} is not empty; name a new folder",
            folder.display()
        );
        return Err(Failure::input(message));
    }
    write_all(folder, runs, meter)
        .with_context(|| format!("--out: can't write {}", folder.display()))
        .or_input()
}

fn write_all(folder: &Path, runs: &[Run], meter: &Meter) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let config = serde_json::json!({
        "model": ONE_DIMENSIONAL_MODEL,
        "command": command_line(),
        "verify": { "convergence": "completed" },
    });
    fs::write(
        folder.join(CONFIG_FILE),
        serde_json::to_string_pretty(&config)? + "\n",
    )?;
    let plan = plan_sha256(&config);
    for run in runs {
        let header = header(run, &plan);
        let folder = folder.join(RUNS_FOLDER).join(&header.run);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(HEADER_FILE), to_page(&header)?)?;
        let mut records = String::new();
        for point in &run.trajectory.points {
            records += &to_line(&point.record(run.settings.sampling))?;
            records.push('\n');
        }
        fs::write(folder.join(RECORDS_FILE), &records)?;
        let outcome = RunOutcome {
            status: RunStatus::Completed,
            steps: run.settings.steps,
            reason: None,
            records_sha256: Some(sha256(records.as_bytes())),
            predictions_sha256: None,
        };
        fs::write(folder.join(OUTCOME_FILE), to_page(&outcome)?)?;
        meter.advance(1);
    }
    Ok(())
}

fn header(run: &Run, plan_sha256: &str) -> RunHeader {
    let Run {
        learning_rate,
        batch_size,
        seed,
        settings,
        ..
    } = run;
    RunHeader {
        run: format!("lr{learning_rate}-bs{batch_size}-seed{seed}"),
        seed: *seed,
        learning_rate: *learning_rate,
        batch_size: *batch_size,
        model: ONE_DIMENSIONAL_MODEL.into(),
        data: "none".into(),
        examples: settings.sampling.examples(),
        parameters: 1,
        steps: settings.steps,
        training: None,
        pretrained: None,
        covariance: None,
        hessian_examples: None,
        version: version().to_owned(),
        device: "f64".into(),
        plan_sha256: Some(plan_sha256.to_owned()),
    }
}

/// λ_H, and ψ where it was measured, along a run.
pub struct Measured {
    pub lambda_h: Samples,
    pub psi: Option<Samples>,
}

impl Measured {
    /// From a run's records (one JSON object a line) or a CSV with the columns
    /// step, lambda_h and, where wanted, psi.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let place = || format!("--measured: {}", file.display());
        let text = fs::read_to_string(file).with_context(place).or_input()?;
        let json = text.trim_start().starts_with('{');
        let rows = if json {
            from_records(&text)
        } else {
            from_csv(&text)
        };
        let rows = rows.with_context(place).or_input()?;
        let column = |of: fn(&Row) -> Option<f64>| -> Vec<(f64, f64)> {
            rows.iter()
                .filter_map(|row| Some((row.0, of(row)?)))
                .collect()
        };
        let lambda_h = Samples::new(column(|row| row.1)).context("lambda_h");
        let psi = column(|row| row.2);
        let psi = (!psi.is_empty())
            .then(|| Samples::new(psi).context("psi"))
            .transpose();
        let (lambda_h, psi) = (lambda_h.with_context(place), psi.with_context(place));
        Ok(Self {
            lambda_h: lambda_h.or_input()?,
            psi: psi.or_input()?,
        })
    }
}

/// step, λ_H, ψ.
type Row = (f64, Option<f64>, Option<f64>);

fn from_records(text: &str) -> anyhow::Result<Vec<Row>> {
    let row = |(line, text): (usize, &str)| {
        let record = from_line(text.as_bytes())
            .with_context(|| format!("line {}", line + 1))?
            .value;
        Ok((record.step as f64, record.lambda_h, record.psi))
    };
    text.lines().enumerate().map(row).collect()
}

fn from_csv(text: &str) -> anyhow::Result<Vec<Row>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers = reader.headers()?.clone();
    let place = |name: &str| headers.iter().position(|header| header == name);
    let step = place("step").context("there is no column `step`")?;
    let lambda_h = place("lambda_h").context("there is no column `lambda_h`")?;
    let psi = place("psi");
    let mut rows = Vec::new();
    for (line, row) in (2..).zip(reader.records()) {
        let row = row?;
        let number = |place: usize| -> anyhow::Result<Option<f64>> {
            let field = row.get(place).unwrap_or("");
            let what = || {
                format!(
                    "line {line}: `{field}` in column `{}` is not a number",
                    &headers[place]
                )
            };
            if field.is_empty() {
                Ok(None)
            } else {
                field.parse().map(Some).with_context(what)
            }
        };
        let at = number(step)?.with_context(|| format!("line {line}: there is no step"))?;
        rows.push((
            at,
            number(lambda_h)?,
            psi.map(&number).transpose()?.flatten(),
        ));
    }
    Ok(rows)
}
