//! A pod: its containers, its rights and its volumes.

use std::collections::BTreeMap;

use serde::Serialize;

/// Who a pod runs as, and whose the volume's files are.
const USER: u32 = 1000;
/// Between SIGTERM and the end: what saving takes, and more.
const GRACE: u32 = 60;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pod {
    /// Pods are replaced and not restarted, as tries of an index are counted.
    restart_policy: &'static str,
    automount_service_account_token: bool,
    termination_grace_period_seconds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_deadline_seconds: Option<u64>,
    security_context: PodSecurity,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    init_containers: Vec<Container>,
    containers: [Container; 1],
    pub volumes: Vec<Volume>,
}

impl Pod {
    /// Without rights beyond its volume.
    pub fn new(before: Vec<Container>, container: Container, volume: Volume) -> Self {
        Self {
            restart_policy: "Never",
            automount_service_account_token: false,
            termination_grace_period_seconds: GRACE,
            active_deadline_seconds: None,
            security_context: PodSecurity {
                run_as_non_root: true,
                run_as_user: USER,
                run_as_group: USER,
                fs_group: USER,
                fs_group_change_policy: "OnRootMismatch",
                seccomp_profile: Seccomp {
                    kind: "RuntimeDefault",
                },
            },
            init_containers: before,
            containers: [container],
            volumes: vec![volume],
        }
    }

    /// The name of its container that does the work.
    pub fn main(&self) -> &str {
        let [container] = &self.containers;
        &container.name
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PodSecurity {
    run_as_non_root: bool,
    run_as_user: u32,
    run_as_group: u32,
    fs_group: u32,
    fs_group_change_policy: &'static str,
    seccomp_profile: Seccomp,
}

#[derive(Debug, Serialize)]
struct Seccomp {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    name: String,
    image: String,
    command: Vec<String>,
    resources: Resources,
    security_context: ContainerSecurity,
    volume_mounts: Vec<Mount>,
}

impl Container {
    /// With so many cores and MiB, neither less nor more.
    pub fn new(name: &str, image: &str, command: Vec<String>, cpus: u16, mebibytes: u64) -> Self {
        let all = BTreeMap::from([
            ("cpu", cpus.to_string()),
            ("memory", format!("{mebibytes}Mi")),
        ]);
        Self {
            name: name.to_owned(),
            image: image.to_owned(),
            command,
            resources: Resources {
                requests: all.clone(),
                limits: all,
            },
            security_context: ContainerSecurity {
                allow_privilege_escalation: false,
                read_only_root_filesystem: true,
                capabilities: Capabilities { drop: ["ALL"] },
            },
            volume_mounts: Vec::new(),
        }
    }

    /// The same with a volume.
    pub fn mounting(mut self, mount: Mount) -> Self {
        self.volume_mounts.push(mount);
        self
    }

    /// The same with so many NVIDIA cards.
    pub fn with_cards(mut self, cards: u32) -> Self {
        if cards > 0 {
            self.resources
                .limits
                .insert("nvidia.com/gpu", cards.to_string());
        }
        self
    }
}

#[derive(Debug, Serialize)]
struct Resources {
    requests: BTreeMap<&'static str, String>,
    limits: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ContainerSecurity {
    allow_privilege_escalation: bool,
    read_only_root_filesystem: bool,
    capabilities: Capabilities,
}

#[derive(Debug, Serialize)]
struct Capabilities {
    drop: [&'static str; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mount {
    name: &'static str,
    mount_path: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    read_only: bool,
}

impl Mount {
    pub fn writable(name: &'static str, mount_path: &'static str) -> Self {
        Self {
            name,
            mount_path,
            read_only: false,
        }
    }

    pub fn read_only(name: &'static str, mount_path: &'static str) -> Self {
        Self {
            read_only: true,
            ..Self::writable(name, mount_path)
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    persistent_volume_claim: Option<Claim>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config_map: Option<MapName>,
}

impl Volume {
    pub fn claim(name: &'static str, claim: &str) -> Self {
        Self {
            name,
            persistent_volume_claim: Some(Claim {
                claim_name: claim.to_owned(),
            }),
            config_map: None,
        }
    }

    pub fn config(name: &'static str, map: &str) -> Self {
        Self {
            name,
            persistent_volume_claim: None,
            config_map: Some(MapName {
                name: map.to_owned(),
            }),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Claim {
    claim_name: String,
}

#[derive(Debug, Serialize)]
struct MapName {
    name: String,
}
