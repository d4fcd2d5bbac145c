//! `breakeven cluster kubernetes`: an Indexed Job, and a report that waits.

mod objects;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use breakeven_empirical::compute::DeviceKind;

use super::{JobArgs, text};
use crate::failure::{Failure, OrFail};
use crate::shell::quoted;
use crate::span::Span;
use crate::streams::print;

use objects::{ConfigMap, Container, IndexedJob, Job, List, Metadata, Mount, Pod, Retries, Volume};

pub const EXAMPLES: &str = "\
Examples:
  breakeven cluster kubernetes --config sweep.toml --out jobs --shards 32 \\
          --image registry.example/breakeven:0.1.0 --claim runs --cpus 4 --memory 4";

/// The file of all manifests.
const FILE: &str = "kubernetes.json";
/// Where the claim is seen in a pod.
const CLAIM: &str = "/breakeven";
/// Where the configuration is.
const CONFIG: &str = "/config";
/// The longest name whose pods' names are still labels of DNS.
const LONGEST_NAME: usize = 40;

/// Writes an Indexed Job for Kubernetes: a shard an index, and a report.
///
/// DIR/kubernetes.json holds the configuration as a ConfigMap, the Job of the
/// shards, and a Job that waits for the runs and then writes the report. Runs
/// lie on a volume that all pods can write to at once (ReadWriteMany), in a
/// folder of the sweep's name. Pods that are evicted, or whose node fails, are
/// started again and go on from their checkpoints.
#[derive(Debug, clap::Args)]
pub struct KubernetesArgs {
    #[command(flatten)]
    job: JobArgs,
    /// Folder for the manifests.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The image, which has breakeven and a shell on its PATH.
    #[arg(long, value_name = "IMAGE")]
    image: String,
    /// The PersistentVolumeClaim that the runs lie on.
    #[arg(long, value_name = "NAME")]
    claim: String,
    /// The report is written once all runs are over, and after this time at the
    /// latest.
    #[arg(long, value_name = "TIME", default_value_t = Span::days(7))]
    wait: Span,
}

/// Runs the command.
pub fn run(args: &KubernetesArgs) -> Result<(), Failure> {
    let config = args.job.config()?;
    let sweep = config.name();
    let name = object_name(sweep);
    let folder = format!("{CLAIM}/{sweep}");
    let labels = BTreeMap::from([
        ("app.kubernetes.io/name".to_owned(), "breakeven".to_owned()),
        ("app.kubernetes.io/instance".to_owned(), name.clone()),
    ]);
    let named = |name: &str| Metadata::new(name, &labels);
    let config = serde_json::to_string_pretty(&config).or_work()?;
    let list = List::new(vec![
        ConfigMap::new(named(&name), "config.json", config).into(),
        Job::new(named(&name), args.shards(&name, &folder)?, &labels).into(),
        Job::new(
            named(&format!("{name}-report")),
            args.report(&folder)?,
            &labels,
        )
        .into(),
    ]);
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("{}: the folder can't be made", args.out.display()))
        .or_input()?;
    let file = args.out.join(FILE);
    let manifests = serde_json::to_string_pretty(&list).or_work()? + "\n";
    std::fs::write(&file, manifests)
        .with_context(|| format!("{}: the manifests can't be written", file.display()))
        .or_input()?;
    print(format!(
        "submit: kubectl apply -f {}\nlook: kubectl get pods -l app.kubernetes.io/instance={name}\n",
        quoted(&file.to_string_lossy())
    ))
}

/// A name as Kubernetes wants it: a label of DNS.
fn object_name(sweep: &str) -> String {
    let plain = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_alphanumeric() => c,
        _ => '-',
    };
    let name: String = sweep.chars().map(plain).take(LONGEST_NAME).collect();
    format!("breakeven-{}", name.trim_matches('-'))
}

impl KubernetesArgs {
    fn shards(&self, name: &str, folder: &str) -> Result<IndexedJob, Failure> {
        let job = &self.job;
        let mut train = format!(
            "exec breakeven train --config {CONFIG}/config.json --out {} --resume \
             --shard \"$((JOB_COMPLETION_INDEX + 1))\"/{}",
            quoted(folder),
            job.shards
        );
        if job.device.kind != DeviceKind::Flex {
            train += &format!(" --device {}", job.device);
        }
        if let Some(data) = &job.data_dir {
            train += &format!(" --data-dir {}", quoted(text(data)?));
        }
        let config = Volume::config("config", name);
        let container = self
            .container("shard", vec!["/bin/sh".into(), "-c".into(), train])?
            .mounting(Mount::read_only("config", CONFIG))
            .with_cards(u32::from(job.device.kind == DeviceKind::Cuda));
        let mut pod = self.pod(Vec::new(), container);
        pod.volumes.push(config);
        pod.active_deadline_seconds = job.time.map(Span::seconds);
        Ok(IndexedJob {
            pod,
            retries: Retries::OfEachIndex {
                indices: job.shards,
            },
        })
    }

    fn report(&self, folder: &str) -> Result<IndexedJob, Failure> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let wait = self.wait.to_string();
        let wait = words(&["breakeven", "status", folder, "--wait", &wait]);
        let report = format!("{folder}/report");
        let verify = words(&["breakeven", "verify", folder, "--out", &report]);
        let wait = self.container("wait", wait)?;
        Ok(IndexedJob {
            pod: self.pod(vec![wait], self.container("report", verify)?),
            retries: Retries::OfTheJob,
        })
    }

    fn pod(&self, before: Vec<Container>, container: Container) -> Pod {
        Pod::new(before, container, Volume::claim("runs", &self.claim))
    }

    fn container(&self, name: &str, command: Vec<String>) -> Result<Container, Failure> {
        let (Some(cpus), Some(memory)) = (self.job.cpus, self.job.memory) else {
            return Err(Failure::input(
                "--cpus and --memory are needed: Kubernetes finds a node by them, such as --cpus 4 --memory 8",
            ));
        };
        if self.job.device.kind == DeviceKind::Wgpu {
            return Err(Failure::input(
                "--device is wgpu, whose cards Kubernetes has no one name for: give flex or cuda",
            ));
        }
        let container = Container::new(name, &self.image, command, cpus, memory.mebibytes());
        Ok(container.mounting(Mount::writable("runs", CLAIM)))
    }
}
