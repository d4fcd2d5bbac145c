//! `--device`: which one is taken, and what is said of one that is not there.

use std::fs;
use std::path::Path;

use serde_json::Value;

#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
use crate::program::{json, stdout};
use crate::program::{refusal, run, stderr};
#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
use crate::train::assert_same;
use crate::train::{QUICK, TRAIN, train, world};

fn on(device: &str) -> Vec<&str> {
    [&TRAIN[..], &["--out", "out", "--device", device]].concat()
}

fn environment(folder: &Path) -> Value {
    let text = fs::read(folder.join("out/environment.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn what_names_no_device_is_refused() {
    let folder = world(QUICK);
    for device in [
        "tpu", "flex:0", "cuda:", "cuda:one", "wgpu:-1", "auto:1", "CUDA",
    ] {
        let said = refusal(&on(device), folder.path());
        assert!(
            said.contains(&format!("invalid value '{device}' for '--device <DEVICE>'"))
                && said.contains("give flex, wgpu or cuda, or a card by its number"),
            "{said}"
        );
    }
}

#[test]
#[cfg(not(feature = "cuda"))]
fn a_device_that_is_not_in_the_build_is_refused_with_its_feature() {
    let folder = world(QUICK);
    for device in ["cuda", "cuda:3"] {
        let said = refusal(&on(device), folder.path());
        let remedy = "device cuda is not in this build: build breakeven with `--features cuda`";
        assert!(said.contains(remedy), "{said}");
    }
    assert!(!folder.path().join("out").exists());
}

#[test]
#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
fn auto_is_flex_where_nothing_else_is_built_in() {
    let folder = world(QUICK);
    train(folder.path(), "flex", &[]);
    let said = run(&on("auto"), folder.path());
    let line = "device: flex, as cuda is not in this build and wgpu is not in this build\n";
    assert!(stderr(&said).starts_with(line), "{}", stderr(&said));
    assert_same(folder.path(), "out", "flex");
    assert_eq!(environment(folder.path())["device"], "flex");
    let check = [
        "check",
        "--config",
        "sweep.toml",
        "--out",
        "checked",
        "--device",
        "auto",
    ];
    let said = run(&check, folder.path());
    assert!(stderr(&said).starts_with(line));
    stdout(&said);

    let run_folder = "flex/runs/lr0.2-bs20-seed1";
    let measured = |device| {
        let args = [
            "measure", "--config", run_folder, "--json", "--device", device,
        ];
        run(&args, folder.path())
    };
    let auto = measured("auto");
    assert!(stderr(&auto).starts_with(line));
    assert_eq!(json(&auto), json(&measured("flex")));
}

#[test]
fn auto_is_flex_for_64_bits() {
    let folder = world(&QUICK.replace("epochs = 4", "epochs = 1\nprecision = \"f64\""));
    let said = stderr(&run(&on("auto"), folder.path()));
    let line = "device: flex, as precision f64 is offered on it alone\n";
    assert!(said.starts_with(line), "{said}");
    assert_eq!(environment(folder.path())["device"], "flex");
}

#[cfg(feature = "wgpu")]
mod on_wgpu {
    use super::*;
    use crate::program::{command, stdout};

    #[test]
    #[ignore = "needs a Vulkan device"]
    fn a_card_by_its_number_trains_and_a_run_says_so() {
        let folder = world(&QUICK.replace("seeds = [0, 1]", "seeds = [0]"));
        train(folder.path(), "out", &["--device", "wgpu:0"]);
        assert_eq!(environment(folder.path())["device"], "wgpu:0");
        let header = fs::read(folder.path().join("out/runs/lr0.2-bs20-seed0/run.json")).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header["device"], "wgpu:0 f32");
        train(folder.path(), "out", &["--device", "wgpu", "--resume"]);
    }

    #[test]
    #[ignore = "needs a Vulkan device"]
    fn a_card_that_is_not_there_is_refused() {
        let folder = world(QUICK);
        let said = refusal(&on("wgpu:99"), folder.path());
        assert!(said.contains("device wgpu:99 is not there: "), "{said}");
        assert!(!folder.path().join("out").exists());
        let measure = [
            "measure",
            "--config",
            "sweep.toml",
            "--checkpoint",
            "none",
            "--device",
            "wgpu:99",
        ];
        let said = refusal(&measure, folder.path());
        assert!(said.contains("device wgpu:99 is not there: "), "{said}");
    }

    /// Without drivers for Vulkan and OpenGL nothing is there, and `auto` is the
    /// CPU.
    #[test]
    #[ignore = "needs a Vulkan device"]
    fn without_a_driver_there_is_no_device() {
        let folder = world(QUICK);
        let without = |device| {
            let mut command = command(&on(device), folder.path());
            command
                .env("VK_DRIVER_FILES", "/nowhere.json")
                .env("VK_ICD_FILENAMES", "/nowhere.json")
                .env("__EGL_VENDOR_LIBRARY_FILENAMES", "/nowhere.json");
            command.output().unwrap()
        };
        let said = without("wgpu");
        assert_eq!(said.status.code(), Some(2));
        let words = "error: device wgpu is not there: wgpu finds no device; install a driver";
        assert!(stderr(&said).contains(words), "{}", stderr(&said));
        let said = without("auto");
        stdout(&said);
        let (said, line) = (stderr(&said), "\ndevice: flex, as ");
        assert!(format!("\n{said}").contains(line), "{said}");
        assert!(said.contains("wgpu finds no card\n"), "{said}");
    }

    #[test]
    #[ignore = "needs a Vulkan device"]
    fn a_device_that_cannot_be_opened_is_refused() {
        let folder = world(QUICK);
        let said = command(&on("wgpu"), folder.path())
            .env("CUBECL_WGPU_MAX_TASKS", "none")
            .output()
            .unwrap();
        assert_eq!(said.status.code(), Some(2));
        let words = "error: device wgpu can't be opened: ";
        assert!(stderr(&said).contains(words), "{}", stderr(&said));
    }
}
