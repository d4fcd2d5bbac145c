//! `breakeven data`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

#[allow(dead_code)] // some of its manners are for the library's own tests
#[path = "../../empirical/src/data/tests/server.rs"]
mod server;

use server::{Manner, Server};

/// `breakeven data` with `args`, in a world with no data but in `folder`.
fn data(args: &[&str], folder: &Path) -> Output {
    let nowhere = folder.join("home");
    Command::new(env!("CARGO_BIN_EXE_breakeven"))
        .arg("data")
        .args(args)
        .current_dir(folder)
        .env("HOME", &nowhere)
        .env("XDG_DATA_HOME", &nowhere)
        .env("BREAKEVEN_DATA", folder.join("variable"))
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A training pair of two images of 1×2 pixels, with these labels.
fn write_pair(folder: &Path, labels: [u8; 2]) {
    fs::create_dir_all(folder).unwrap();
    let header = [0x0803_u32, 2, 1, 2].map(u32::to_be_bytes).concat();
    let images = [header, vec![0, 64, 128, 255]].concat();
    fs::write(folder.join("train-images-idx3-ubyte"), images).unwrap();
    let header = [0x0801_u32, 2].map(u32::to_be_bytes).concat();
    let labels = [header, labels.to_vec()].concat();
    fs::write(folder.join("train-labels-idx1-ubyte"), labels).unwrap();
}

fn temp() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn list_says_what_is_built_in_found_and_not_found() {
    let folder = temp();
    write_pair(&folder.path().join("variable/mnist"), [1, 2]);
    let output = data(&["list"], folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let root = folder.path().display().to_string();
    assert_eq!(
        stdout(&output).replace(&root, "DIR"),
        "\
NAME               EXAMPLES            WHAT
fashion-mnist-12k  12,000 + 2,000      Fashion-MNIST, first 12,000 training and 2,000 test images
  licence: MIT; built in
fashion-mnist      60,000 + 10,000     Fashion-MNIST, clothing, 28×28 grey
  licence: MIT; not found; get it with `breakeven data fetch fashion-mnist`
mnist              60,000 + 10,000     MNIST, handwritten digits, 28×28 grey
  licence: CC BY-SA 3.0; found in DIR/variable/mnist
cifar10            50,000 + 10,000     CIFAR-10, objects, 32×32 colour
  licence: none stated; cite Krizhevsky 2009; not found; get it with `breakeven data fetch cifar10`
snli-600           500 + 100           SNLI, 600 pairs of sentences, for trials
  licence: CC BY-SA 4.0; built in
imdb               25,000 + 25,000     IMDB, film reviews, the last 80 words of each
  licence: none stated; cite Maas et al. 2011; not found; get it with `breakeven data fetch imdb`
mnli               392,702 + 9,815     MNLI, pairs of sentences, 40 word pieces of each
  licence: OANC, CC BY 3.0 and CC BY-SA 3.0 by section; cite Williams et al. 2018; not found; `breakeven data fetch mnli` says where it is
tiny-imagenet      100,000 + 10,000    Tiny ImageNet, objects, 64×64 colour
  licence: non-commercial research; not found; `breakeven data fetch tiny-imagenet` says where it is
imagenet           1,281,167 + 50,000  ImageNet (ILSVRC 2012), objects, cut to 224×224 colour
  licence: non-commercial research, after registration; not found; `breakeven data fetch imagenet` says where it is
"
    );
}

#[test]
fn list_answers_as_json() {
    let folder = temp();
    write_pair(&folder.path().join("named"), [1, 2]);
    let answer = json(&data(
        &["list", "--data-dir", "named", "--json"],
        folder.path(),
    ));
    let sets = answer["data_sets"].as_array().unwrap();
    assert_eq!(sets.len(), 9);
    assert_eq!(sets[0]["name"], "fashion-mnist-12k");
    assert_eq!(sets[0]["state"], "built_in");
    assert_eq!(sets[0]["training_examples"], 12_000);
    assert_eq!(sets[1]["state"], "found");
    assert_eq!(sets[1]["folder"], "named");
    assert_eq!(sets[3]["state"], "not_found");
    assert!(sets[3].get("folder").is_none());
}

#[test]
fn check_counts_the_classes_of_the_built_in_data() {
    let answer = json(&data(
        &["check", "fashion-mnist-12k", "--json"],
        temp().path(),
    ));
    assert_eq!(answer["files"].as_array().unwrap().len(), 4);
    assert_eq!(answer["files"][0]["verdict"], "official");
    // by NumPy 2 from the official files
    let train = [1122, 1220, 1201, 1212, 1181, 1204, 1244, 1192, 1195, 1229];
    assert_eq!(answer["parts"][0]["class_counts"], serde_json::json!(train));
    assert_eq!(answer["parts"][1]["examples"], 2_000);
}

#[test]
fn check_shows_own_data_for_what_they_are() {
    let folder = temp();
    write_pair(&folder.path().join("variable"), [9, 0]);
    let output = data(&["check", "fashion-mnist"], folder.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let root = folder.path().display().to_string();
    assert_eq!(
        stdout(&output).replace(&root, "DIR"),
        "\
fashion-mnist, DIR/variable
  DIR/variable/train-images-idx3-ubyte: in order, 20 bytes, but not the official file
  DIR/variable/train-labels-idx1-ubyte: in order, 10 bytes, but not the official file
  t10k-images-idx3-ubyte: not there
  t10k-labels-idx1-ubyte: not there

class               training
0 T-shirt/top              1
1 trouser                  0
2 pullover                 0
3 dress                    0
4 coat                     0
5 sandal                   0
6 shirt                    0
7 sneaker                  0
8 bag                      0
9 ankle boot               1
all                        2
"
    );
}

#[test]
fn wrong_input_exits_with_2_and_names_the_offender() {
    let folder = temp();
    write_pair(&folder.path().join("bad"), [9, 10]);
    let cases: [(&[&str], &str); 6] = [
        (&["check", "mnits"], "error: no data set is called `mnits`"),
        (&["fetch", "mnits"], "error: no data set is called `mnits`"),
        (
            &["fetch", "fashion-mnist-12k"],
            "error: `fashion-mnist-12k` is built in",
        ),
        (
            &["check", "mnist", "--data-dir", "missing"],
            "error: the data folder missing does not exist; create it, or name another",
        ),
        (
            &["check", "mnist", "--data-dir", "bad"],
            "error: bad/train-labels-idx1-ubyte: example 1 has the label 10, expected 0 to 9",
        ),
        (
            &["fetch", "mnist", "--from", "mirror"],
            "error: `mirror` is no address to fetch from; expected https://…, or http://… of this machine (localhost)",
        ),
    ];
    for (args, message) in cases {
        let output = data(args, folder.path());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).starts_with(message), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn what_is_not_found_is_listed_with_every_place() {
    let folder = temp();
    fs::create_dir(folder.path().join("named")).unwrap();
    let output = data(&["check", "mnist", "--data-dir", "named"], folder.path());
    assert_eq!(output.status.code(), Some(2));
    let message = stderr(&output);
    let variable = folder.path().join("variable");
    let places = [
        "looked in named/mnist, named, ".to_owned(),
        format!(
            "{}, {}, ",
            variable.join("mnist").display(),
            variable.display()
        ),
        "`breakeven data fetch mnist` gets the official files".to_owned(),
    ];
    for place in places {
        assert!(message.contains(&place), "{message}");
    }
}

#[test]
fn a_fetch_that_fails_exits_with_1_and_leaves_nothing() {
    let folder = temp();
    let wrong = vec![("train-images-idx3-ubyte.gz", b"wrong".to_vec())];
    let cases = [
        (
            Manner::Whole,
            vec![],
            " answered 404 Not Found; check the address",
        ),
        (
            Manner::Whole,
            wrong,
            "sent is not the official file: its SHA-256 is ",
        ),
    ];
    for (manner, files, message) in cases {
        let server = Server::start(manner, &files);
        let args = [
            "fetch",
            "fashion-mnist",
            "--data-dir",
            "to",
            "--from",
            &server.address,
        ];
        let output = data(&args, folder.path());
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
        let target = folder.path().join("to/fashion-mnist");
        assert!(!target.exists() || fs::read_dir(target).unwrap().next().is_none());
    }
}

#[test]
fn a_fetch_goes_on_where_the_last_one_was_cut() {
    let folder = temp();
    let file = ("train-images-idx3-ubyte.gz", vec![7; 50_000]);
    let args = |server: &Server| {
        let words = [
            "fetch",
            "mnist",
            "--data-dir",
            "to",
            "--from",
            &server.address,
        ];
        words.map(str::to_owned)
    };
    let run = |server: &Server| {
        let words = args(server);
        data(&words.each_ref().map(String::as_str), folder.path())
    };
    let cut = Server::start(Manner::CutAfter(20_000), std::slice::from_ref(&file));
    let output = run(&cut);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("was cut off after 20000 bytes of 50000; run the same command"),
        "{}",
        stderr(&output)
    );
    let part = folder
        .path()
        .join("to/mnist/train-images-idx3-ubyte.gz.part");
    assert_eq!(fs::read(&part).unwrap(), [7; 20_000]);

    let whole = Server::start(Manner::Ranges, &[file]);
    let output = run(&whole);
    assert!(stderr(&output).contains("50,000 bytes, going on after 20,000"));
    assert!(stderr(&output).contains("is not the official file"));
    assert_eq!(whole.requests(), ["/train-images-idx3-ubyte.gz 20000"]);
    assert!(!part.exists());
}

/// What is wrong with a file of texts is said with its line and the remedy.
#[test]
fn texts_are_counted_and_bad_ones_named() {
    let check = |name: &str, file: &str, text: &[u8]| {
        let folder = temp();
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join(file), text).unwrap();
        data(
            &["check", name, "--data-dir", name, "--json"],
            folder.path(),
        )
    };
    let reviews = "{\"split\":\"train\",\"label\":0,\"text\":\"bad film\"}\r\n\
                   {\"split\":\"train\",\"label\":1,\"text\":\"\"}\r\n\
                   {\"split\":\"test\",\"label\":1,\"text\":\"good\"}\r\n";
    let answer = json(&check("imdb", "imdb.jsonl", reviews.as_bytes()));
    assert_eq!(
        answer["parts"][0]["class_counts"],
        serde_json::json!([1, 1])
    );
    assert_eq!(
        answer["parts"][1]["class_counts"],
        serde_json::json!([0, 1])
    );
    let pairs = "{\"gold_label\":\"neutral\",\"sentence1\":\"A.\",\"sentence2\":\"B.\"}\n\
                 {\"gold_label\":\"-\",\"sentence1\":\"A.\",\"sentence2\":\"C.\"}\n";
    let train = "multinli_1.0_train.jsonl";
    let answer = json(&check("mnli", train, pairs.as_bytes()));
    assert_eq!(
        answer["parts"][0]["class_counts"],
        serde_json::json!([0, 1, 0])
    );
    for (name, file, text, part) in [
        ("imdb", "imdb.jsonl", "", "holds no training examples"),
        ("imdb", "imdb.jsonl", "\n{\"split\":\"train\"", "line 2"),
        (
            "imdb",
            "imdb.jsonl",
            "{\"split\":\"train\",\"label\":2,\"text\":\"a\"}\n",
            "line 1: the label is 2, expected 0 to 1",
        ),
        (
            "mnli",
            train,
            "{\"gold_label\":\"maybe\",\"sentence1\":\"A.\",\"sentence2\":\"B.\"}\n",
            "line 1: the label is `maybe`, expected `entailment`",
        ),
    ] {
        let output = check(name, file, text.as_bytes());
        assert_eq!(output.status.code(), Some(2), "{text:?}");
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
    let not_utf8 = b"{\"split\":\"train\",\"label\":0,\"text\":\"\xff\"}\n";
    let output = check("imdb", "imdb.jsonl", not_utf8);
    assert!(stderr(&output).contains("line 1: is not UTF-8 text"));
    let output = check("imdb", "imdb.jsonl.gz", &[0x1f, 0x8b, 8, 0, 0, 0]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("gzip stream does not unpack"));
}
