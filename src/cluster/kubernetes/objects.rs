//! The objects of Kubernetes that are written, as far as they are used
//! (`v1` and `batch/v1`, Kubernetes 1.29 or newer).

mod pod;

pub use pod::{Container, Mount, Pod, Volume};

use std::collections::BTreeMap;

use serde::Serialize;

/// Failures of an index, or of the report, that are tried again.
const TRIES: u32 = 6;
/// What breakeven ends with where its input is wrong: no second try helps.
const WRONG_INPUT: u8 = 2;

type Labels = BTreeMap<String, String>;

/// Objects in one file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct List {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<Object>,
}

impl List {
    pub fn new(items: Vec<Object>) -> Self {
        Self {
            api_version: "v1",
            kind: "List",
            items,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Object {
    ConfigMap(ConfigMap),
    Job(Box<Job>),
}

impl From<ConfigMap> for Object {
    fn from(map: ConfigMap) -> Self {
        Self::ConfigMap(map)
    }
}

impl From<Job> for Object {
    fn from(job: Job) -> Self {
        Self::Job(Box::new(job))
    }
}

#[derive(Debug, Serialize)]
pub struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    labels: Labels,
}

impl Metadata {
    pub fn new(name: &str, labels: &Labels) -> Self {
        Self {
            name: Some(name.to_owned()),
            labels: labels.clone(),
        }
    }
}

/// A file that pods read.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMap {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    data: BTreeMap<String, String>,
}

impl ConfigMap {
    pub fn new(metadata: Metadata, file: &str, text: String) -> Self {
        Self {
            api_version: "v1",
            kind: "ConfigMap",
            metadata,
            data: BTreeMap::from([(file.to_owned(), text)]),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: JobSpec,
}

/// What a job does, and what is tried again.
pub struct IndexedJob {
    pub pod: Pod,
    pub retries: Retries,
}

/// What is counted where pods fail.
pub enum Retries {
    /// Each of so many indices has tries of its own, and pods that were evicted
    /// or whose node failed do not count.
    OfEachIndex { indices: u32 },
    /// There is one pod.
    OfTheJob,
}

impl Job {
    pub fn new(metadata: Metadata, job: IndexedJob, labels: &Labels) -> Self {
        let template = Template {
            metadata: Metadata {
                name: None,
                labels: labels.clone(),
            },
            spec: job.pod,
        };
        Self {
            api_version: "batch/v1",
            kind: "Job",
            metadata,
            spec: JobSpec::new(template, &job.retries),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JobSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_mode: Option<&'static str>,
    completions: u32,
    parallelism: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    backoff_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backoff_limit_per_index: Option<u32>,
    /// Not before the old pod has ended: no two write into one run's folder.
    pod_replacement_policy: &'static str,
    pod_failure_policy: FailurePolicy,
    template: Template,
}

impl JobSpec {
    fn new(template: Template, retries: &Retries) -> Self {
        let (mode, pods, limit, per_index, action) = match retries {
            Retries::OfEachIndex { indices } => {
                (Some("Indexed"), *indices, None, Some(TRIES), "FailIndex")
            }
            Retries::OfTheJob => (None, 1, Some(TRIES), None, "FailJob"),
        };
        let wrong_input = FailureRule {
            action,
            on_exit_codes: Some(ExitCodes {
                container_name: template.spec.main().to_owned(),
                operator: "In",
                values: [WRONG_INPUT],
            }),
            on_pod_conditions: None,
        };
        let disrupted = FailureRule {
            action: "Ignore",
            on_exit_codes: None,
            on_pod_conditions: Some([PodCondition {
                kind: "DisruptionTarget",
                status: "True",
            }]),
        };
        Self {
            completion_mode: mode,
            completions: pods,
            parallelism: pods,
            backoff_limit: limit,
            backoff_limit_per_index: per_index,
            pod_replacement_policy: "Failed",
            pod_failure_policy: FailurePolicy {
                rules: [disrupted, wrong_input],
            },
            template,
        }
    }
}

#[derive(Debug, Serialize)]
struct FailurePolicy {
    rules: [FailureRule; 2],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureRule {
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_exit_codes: Option<ExitCodes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_pod_conditions: Option<[PodCondition; 1]>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExitCodes {
    container_name: String,
    operator: &'static str,
    values: [u8; 1],
}

#[derive(Debug, Serialize)]
struct PodCondition {
    #[serde(rename = "type")]
    kind: &'static str,
    status: &'static str,
}

#[derive(Debug, Serialize)]
struct Template {
    metadata: Metadata,
    spec: Pod,
}
