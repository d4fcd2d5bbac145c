//! `breakeven cluster slurm`: a job array, and a report that waits for it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use breakeven_empirical::compute::DeviceKind;

use super::{JobArgs, text};
use crate::config::Config;
use crate::failure::{Failure, OrFail};
use crate::shell::quoted;
use crate::streams::print;
use crate::sweep::{Existing, claim, save_config};
use crate::version::version;

pub const EXAMPLES: &str = "\
Examples:
  breakeven cluster slurm --config sweep.toml --out /shared/sweep --shards 32
  breakeven cluster slurm --config sweep.toml --out /shared/sweep --shards 8 \\
          --time 12:00:00 --memory 4 --cpus 8 --partition long --data-dir /shared/data";

/// The folder of scripts and logs, in the sweep's.
const FOLDER: &str = "slurm";
const SHARDS: &str = "shards.sbatch";
const REPORT: &str = "report.sbatch";
const SUBMIT: &str = "submit.sh";

/// So many seconds before the time limit runs save, and the task is queued
/// again.
const NOTICE: u64 = 120;

/// A shorter time limit is mostly notice.
const SHORTEST: u64 = 5 * NOTICE;

/// Writes a job array for Slurm: a shard a task, and a report at the end.
///
/// DIR becomes the sweep's folder, which all nodes have to see; its config.json
/// is written now. DIR/slurm/ holds the scripts and their logs, DIR/report/ the
/// report once all tasks have ended. A task that is preempted, whose node fails
/// or whose time is up is queued again and goes on from its checkpoints.
#[derive(Debug, clap::Args)]
pub struct SlurmArgs {
    #[command(flatten)]
    job: JobArgs,
    /// Folder of the sweep, on a file system that the nodes share.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Slurm's partition, or several, parted by commas.
    #[arg(long, value_name = "NAME", value_parser = partition)]
    partition: Option<String>,
}

fn partition(name: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.,".contains(c);
    match !name.is_empty() && name.chars().all(plain) {
        true => Ok(name.to_owned()),
        false => Err(format!("{name:?} is no name of a partition")),
    }
}

/// Runs the command.
pub fn run(args: &SlurmArgs) -> Result<(), Failure> {
    let config = args.job.config()?;
    if let Some(time) = args.job.time.filter(|time| time.seconds() < SHORTEST) {
        return Err(Failure::input(format!(
            "--time is {time}, and runs save {} minutes before it is up: give at least {}",
            NOTICE / 60,
            SHORTEST / 60
        )));
    }
    let out = std::path::absolute(&args.out).or_input()?;
    let data_dir = args.job.data_dir.as_deref().map(std::path::absolute);
    let scripts = Scripts {
        args,
        name: config.name(),
        out: text(&out)?,
        data_dir: data_dir.transpose().or_input()?,
    };
    let (shards, report) = (scripts.shards()?, scripts.report());
    let submit = scripts.submit();
    write(
        &config,
        &out,
        &[(SHARDS, shards), (REPORT, report), (SUBMIT, submit)],
    )?;
    let folder = out.join(FOLDER);
    print(format!(
        "submit: bash {}\nlook: breakeven status {}\n",
        quoted(text(&folder.join(SUBMIT))?),
        quoted(text(&out)?)
    ))
}

/// Begins the sweep's folder, and writes the scripts into it.
fn write(config: &Config, out: &Path, scripts: &[(&str, String)]) -> Result<(), Failure> {
    claim(out, Existing::Resumed)?;
    save_config(config, out)?;
    let folder = out.join(FOLDER);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{}: the folder can't be made", folder.display()))
        .or_input()?;
    for (name, script) in scripts {
        let file = folder.join(name);
        std::fs::write(&file, script)
            .with_context(|| format!("{}: the script can't be written", file.display()))
            .or_input()?;
    }
    Ok(())
}

struct Scripts<'a> {
    args: &'a SlurmArgs,
    name: &'a str,
    /// The sweep's folder, absolute.
    out: &'a str,
    data_dir: Option<PathBuf>,
}

impl Scripts<'_> {
    /// What every script begins with: `#SBATCH` lines.
    fn head(&self, what: &str, log: &str, options: &[String]) -> String {
        let job = &self.args.job;
        let mut lines = vec![format!("--job-name={}-{what}", self.name)];
        lines.extend_from_slice(options);
        lines.push(format!("--output={}", in_option(self.out, log)));
        lines.push("--open-mode=append".to_owned());
        lines.push("--ntasks=1".to_owned());
        lines.extend(job.cpus.map(|cpus| format!("--cpus-per-task={cpus}")));
        let memory = job.memory.map(|memory| memory.mebibytes());
        lines.extend(memory.map(|mebibytes| format!("--mem={mebibytes}M")));
        lines.extend(job.time.map(|time| format!("--time={time}")));
        let partition = self.args.partition.as_ref();
        lines.extend(partition.map(|name| format!("--partition={name}")));
        let lines: String = lines
            .iter()
            .map(|line| format!("#SBATCH {line}\n"))
            .collect();
        format!(
            "#!/bin/bash\n# Written by breakeven {}.\n{lines}set -u\n",
            version()
        )
    }

    /// The job array.
    fn shards(&self) -> Result<String, Failure> {
        let job = &self.args.job;
        let mut options = vec![
            format!("--array=1-{}", job.shards),
            "--requeue".to_owned(),
            format!("--signal=B:USR1@{NOTICE}"),
        ];
        if job.device.kind != DeviceKind::Flex {
            options.push("--gres=gpu:1".to_owned());
        }
        let mut train = vec![
            "breakeven train".to_owned(),
            format!("--config {}", quoted(&format!("{}/config.json", self.out))),
            format!("--out {}", quoted(self.out)),
            format!("--resume --shard \"$SLURM_ARRAY_TASK_ID\"/{}", job.shards),
        ];
        let mut srun = "srun --ntasks=1".to_owned();
        if let Some(cpus) = job.cpus {
            srun += &format!(" --cpus-per-task={cpus}");
        }
        match (job.cpus, job.device.kind) {
            (Some(cpus), DeviceKind::Flex) => train.push(format!("--jobs {cpus}")),
            (_, DeviceKind::Flex) => {}
            _ => train.push(format!("--device {}", job.device)),
        }
        if let Some(folder) = &self.data_dir {
            train.push(format!("--data-dir {}", quoted(text(folder)?)));
        }
        let head = self.head("shard", "shard-%a.log", &options);
        let train = train.join(" \\\n    ");
        Ok(format!(
            r#"{head}
# USR1 comes before the time limit: runs are told to save, and the task is queued
# again. SIGTERM comes where it is preempted or cancelled: Slurm tells runs itself,
# and decides what follows. To srun it would mean to kill them.
limit=no
trap 'limit=yes; scancel --signal=TERM "$SLURM_JOB_ID.0"' USR1
trap : TERM

{srun} {train} &
step=$!
status=0
wait "$step" || status=$?
# A trap ends a wait before the step has ended.
while kill -0 "$step" 2> /dev/null; do
  status=0
  wait "$step" || status=$?
done
if [ "$limit" = yes ] && [ "$status" -ne 0 ]; then
  scontrol requeue "$SLURM_JOB_ID" && exit 0
fi
exit "$status"
"#
        ))
    }

    /// What is said of the runs once all tasks have ended, however they have.
    fn report(&self) -> String {
        let out = quoted(self.out);
        let report = quoted(&format!("{}/report", self.out));
        format!(
            "{}\nbreakeven status {out}\nbreakeven verify {out} --out {report}\n",
            self.head("report", "report.log", &["--requeue".to_owned()])
        )
    }

    fn submit(&self) -> String {
        let script = |name| quoted(&format!("{}/{FOLDER}/{name}", self.out));
        format!(
            r#"#!/bin/bash
# Submits the array, and a report that waits until all its tasks have ended.
set -eu
shards=$(sbatch --parsable {})
report=$(sbatch --parsable --dependency=afterany:"${{shards%%;*}}" {})
echo "shards: job ${{shards%%;*}}, report: job ${{report%%;*}}"
"#,
            script(SHARDS),
            script(REPORT)
        )
    }
}

/// The path of a log in an `#SBATCH` line, where a percent sign has to be
/// doubled, and blanks, quotes and backslashes escaped.
fn in_option(out: &str, log: &str) -> String {
    let mut escaped = String::new();
    for c in out.chars() {
        match c {
            '%' => escaped.push_str("%%"),
            '"' | '\\' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    format!("\"{escaped}/{FOLDER}/{log}\"")
}
