use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use serde::Deserialize;
use tempfile::tempdir;

use super::{Encoding, Example, Texts, encode};
use crate::data::tests::files::{Folder, gzip};
use crate::data::text::word_piece::{TextRules, WordPiece};
use crate::data::{Needed, Set, open_from};

/// Numbers of transformers and tokenizers, whose versions the file has.
#[derive(Deserialize)]
struct Reference {
    length: usize,
    vocabulary: usize,
    pieces: BTreeMap<String, usize>,
    cases: Vec<Pair>,
}

#[derive(Deserialize)]
struct Pair {
    first: String,
    second: String,
    ids: Vec<u32>,
    types: Vec<u8>,
}

/// A vocabulary of as many pieces as BERT's, those at their places that the
/// cases could be made of.
fn vocabulary(reference: &Reference) -> String {
    let mut lines: Vec<String> = (0..reference.vocabulary)
        .map(|number| format!("[unused in the cases {number}]"))
        .collect();
    for (piece, &number) in &reference.pieces {
        lines[number] = piece.clone();
    }
    lines.join("\n")
}

#[test]
fn word_pieces_are_those_of_transformers() {
    let text = include_str!("../../../../fixtures/reference/word_pieces.json");
    let reference: Reference = serde_json::from_str(text).unwrap();
    let folder = tempdir().unwrap();
    let path = folder.path().join("vocab.txt");
    std::fs::write(&path, vocabulary(&reference)).unwrap();
    let pieces = WordPiece::open(&path, TextRules::default()).unwrap();
    assert_eq!(pieces.vocabulary(), 30_522);
    assert!(reference.cases.len() > 20);
    for pair in &reference.cases {
        let found = pieces.encode(&pair.first, Some(&pair.second), reference.length);
        let (ids, types) = found.unwrap();
        assert_eq!(ids, pair.ids, "{:?} {:?}", pair.first, pair.second);
        assert_eq!(types, pair.types, "{:?} {:?}", pair.first, pair.second);
    }
}

fn texts(folder: &Folder) -> Texts {
    match open_from(folder.entry, &folder.search(), Needed::default()) {
        Ok(Set::Texts(texts)) => texts,
        other => panic!("{other:?}"),
    }
}

/// Texts with their labels, in the order of the texts.
fn sorted(examples: &[Example]) -> Vec<(&str, u16)> {
    let mut all: Vec<_> = examples.iter().map(|e| (&e.first[..], e.label)).collect();
    all.sort_unstable();
    all
}

/// Files of a small `aclImdb` with their texts; the last two are no reviews.
const REVIEWS: [(&str, &str); 8] = [
    ("train/neg/0_2.txt", "bad"),
    ("train/neg/10_1.txt", "worse<br />é"),
    ("train/pos/0_9.txt", "good"),
    ("train/pos/2_10.txt", "better"),
    ("test/neg/0_3.txt", "boring"),
    ("test/pos/1_8.txt", "fine"),
    ("train/unsup/0_0.txt", "unlabelled"),
    ("train/urls_pos.txt", "http://"),
];

fn review_folder() -> Folder {
    REVIEWS
        .iter()
        .fold(Folder::of("imdb"), |folder, (name, text)| {
            folder.with(&format!("aclImdb/{name}"), text.as_bytes())
        })
}

/// The official archive's form.
fn archive(reviews: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in reviews {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        let path = format!("aclImdb/{name}");
        archive
            .append_data(&mut header, path, text.as_bytes())
            .unwrap();
    }
    gzip(&archive.into_inner().unwrap())
}

fn lines(reviews: &[(&str, &str)]) -> Vec<u8> {
    let mut lines = Vec::new();
    for (name, text) in reviews {
        let parts: Vec<&str> = name.split(['/', '_']).collect();
        let label = u8::from(parts[1] == "pos");
        let line = serde_json::json!({
            "split": parts[0], "label": label, "id": parts[2].parse::<u64>().unwrap(), "text": text,
        });
        writeln!(lines, "{line}").unwrap();
    }
    lines
}

#[test]
fn reviews_are_the_same_from_folder_archive_and_lines() {
    let folder = texts(&review_folder());
    let train = [("bad", 0), ("better", 1), ("good", 1), ("worse<br />é", 0)];
    assert_eq!(sorted(&folder.train.examples), train);
    let validation = folder.validation.as_ref().unwrap();
    assert_eq!(sorted(&validation.examples), [("boring", 0), ("fine", 1)]);

    let mut turned = REVIEWS;
    turned.reverse();
    let packed = Folder::of("imdb").with("aclImdb_v1.tar.gz", &archive(&turned));
    let raw = Folder::of("imdb").with("imdb.jsonl", &lines(&REVIEWS[..6]));
    let gz = Folder::of("imdb").with("imdb/imdb.jsonl.gz", &gzip(&lines(&REVIEWS[..6])));
    for other in [packed, raw, gz] {
        let other = texts(&other);
        assert_eq!(other.train, folder.train);
        assert_eq!(other.validation, folder.validation);
    }
}

/// The message of opening, with the folder as `DIR`.
fn message(folder: &Folder) -> String {
    folder.shown(&open_from(folder.entry, &folder.search(), Needed::default()).unwrap_err())
}

#[test]
fn faults_of_reviews_are_named() {
    let whole = archive(&REVIEWS);
    let line = |text: &str| Folder::of("imdb").with("imdb.jsonl", text.as_bytes());
    let cases = [
        (
            Folder::of("imdb").with("aclImdb_v1.tar.gz", &whole[..whole.len() - 12]),
            "DIR/aclImdb_v1.tar.gz: is damaged: its gzip stream does not unpack",
        ),
        (
            Folder::of("imdb").with("aclImdb_v1.tar.gz", &archive(&REVIEWS[4..])),
            "DIR/aclImdb_v1.tar.gz: holds no training examples, expected at least 1",
        ),
        (
            review_folder().with("aclImdb/train/pos/3_7.txt", b"caf\xe9"),
            "DIR/aclImdb/train/pos/3_7.txt: is not UTF-8 text: its byte 3 begins no character",
        ),
        (
            line("{\"split\":\"train\",\"label\":2,\"text\":\"\"}\n"),
            "DIR/imdb.jsonl: line 1: the label is 2, expected 0 to 1",
        ),
        (
            line("\n{\"split\":\"unsup\",\"label\":0,\"text\":\"\"}\n"),
            "DIR/imdb.jsonl: line 2: `split` is `unsup`, expected",
        ),
        (
            line("{\"split\":\"train\",\"label\":0}\n"),
            "DIR/imdb.jsonl: line 1: is not the JSON object expected: missing field `text`",
        ),
    ];
    for (folder, expected) in cases {
        let said = message(&folder);
        assert!(said.starts_with(expected), "{said}");
        assert!(
            said.contains("; `breakeven data fetch imdb` gets"),
            "{said}"
        );
    }
}

/// Pairs with the labels that their forms give them.
fn pairs(examples: &[Example]) -> Vec<(&str, &str, u16)> {
    let pair = |e: &'_ Example| e.second.is_some();
    assert!(examples.iter().all(pair));
    let all = examples.iter();
    all.map(|e| {
        (
            &e.first[..],
            e.second.as_deref().unwrap_or_default(),
            e.label,
        )
    })
    .collect()
}

const OFFICIAL: &str = r#"{"gold_label":"neutral","sentence1":"A \"b\"\tc","sentence2":"d","genre":"x"}
{"gold_label":"-","sentence1":"no","sentence2":"label"}
{"gold_label":"contradiction","sentence1":"e","sentence2":"f"}
"#;
const TABLE: &str = "index\tsentence1\tsentence2\tlabel1\tgold_label\r\n\
    0\tA \"b\" c\td\tneutral\tneutral\r\n\
    1\te\tf\tentailment\tcontradiction\r\n\
    2\tg\t\"h\tentailment\tentailment\r\n";

#[test]
fn pairs_are_read_of_json_lines_and_of_tables() {
    let official = Folder::of("mnli")
        .with("multinli_1.0/multinli_1.0_train.jsonl", OFFICIAL.as_bytes())
        .with(
            "multinli_1.0/multinli_1.0_dev_matched.jsonl",
            OFFICIAL.as_bytes(),
        );
    let found = texts(&official);
    let expected = [("A \"b\"\tc", "d", 1), ("e", "f", 2)];
    assert_eq!(pairs(&found.train.examples), expected);
    assert_eq!(found.train.skipped, 1);
    assert_eq!(found.validation, Some(found.train));

    let glue = Folder::of("mnli")
        .with("glue_data/MNLI/train.tsv", TABLE.as_bytes())
        .with("glue_data/MNLI/dev_matched.tsv.gz", &gzip(TABLE.as_bytes()));
    let found = texts(&glue);
    // quotation marks are text, and columns are found by the head
    let expected = [("A \"b\" c", "d", 1), ("e", "f", 2), ("g", "\"h", 0)];
    assert_eq!(pairs(&found.train.examples), expected);
    assert_eq!(found.validation, Some(found.train));

    let plain = Folder::of("mnli").with(
        "mnli.jsonl",
        b"{\"split\":\"train\",\"label\":0,\"premise\":\"p\",\"hypothesis\":\"h\"}\n\
          {\"split\":\"dev\",\"label\":2,\"premise\":\"q\",\"hypothesis\":\"i\"}\n",
    );
    let found = texts(&plain);
    assert_eq!(pairs(&found.train.examples), [("p", "h", 0)]);
    assert_eq!(pairs(&found.validation.unwrap().examples), [("q", "i", 2)]);
}

#[test]
fn faults_of_pairs_are_named_with_their_line() {
    let table = |text: &str| Folder::of("mnli").with("train.tsv", text.as_bytes());
    let cases = [
        (
            table("index\tsentence1\tlabel1\tgold_label\n"),
            "DIR/train.tsv: line 1: has no column `sentence2`; expected the head of GLUE's MNLI; ",
        ),
        (
            table("sentence1\tsentence2\tgold_label\na\tb\n"),
            "DIR/train.tsv: line 2: has 2 columns, expected 3 as in the head; ",
        ),
        (
            table("sentence1\tsentence2\tgold_label\na\tb\thidden\n"),
            "DIR/train.tsv: line 2: the label is `hidden`, expected `entailment`, `neutral`, \
             `contradiction`, or `-` where there is none; ",
        ),
        (
            table("sentence1\tsentence2\tgold_label\na\tb\t-\n"),
            "DIR/train.tsv: holds no training examples, expected at least 1; ",
        ),
    ];
    for (folder, expected) in cases {
        let said = message(&folder);
        assert!(said.starts_with(expected), "{said}");
        assert!(said.contains("multinli_1.0.zip and unpack it"), "{said}");
    }
}

#[test]
fn texts_become_tokens_with_the_vocabulary_that_is_there() {
    let folder = review_folder();
    let pieces = Encoding::Pieces {
        vocabulary: None,
        length: 4,
    };
    let error = encode(folder.entry, texts(&folder), &pieces).unwrap_err();
    let said = folder.shown(&error);
    let expected = "`imdb` comes without a vocabulary, and DIR/vocab.txt is not there; put the \
                    vocab.txt of a BERT checkpoint there, or name it";
    assert_eq!(said, expected);
    let folder = folder.with("vocab.txt", b"[PAD]\n[UNK]\n[CLS]\n[SEP]\nba\n##d\ngood\n");
    let set = encode(folder.entry, texts(&folder), &pieces).unwrap();
    let of = |text: &str| {
        let all = texts(&folder).train.examples;
        let place = all.iter().position(|e| e.first == text).unwrap();
        set.train.ids()[place * 4..][..4].to_vec()
    };
    assert_eq!(of("bad"), [2, 4, 5, 3]);
    assert_eq!(of("good"), [2, 6, 3, 0]);
    assert_eq!(of("better"), [2, 1, 3, 0]);
    assert_eq!(set.train.token_types(), None);
}

#[test]
fn a_vocabulary_that_is_not_one_is_named() {
    let cases: [(&[u8], &str); 4] = [
        (
            b"the\n[PAD]\n",
            "line 1: is not `[PAD]`, which has the id 0; ",
        ),
        (
            b"[PAD]\n[UNK]\n[CLS]\n",
            "is no vocabulary of BERT's: it lacks `[SEP]`; ",
        ),
        (
            b"[PAD]\n[UNK]\n[UNK]\n",
            "line 3: names `[UNK]` a second time; ",
        ),
        (
            b"[PAD]\n\n[UNK]\n",
            "line 2: is empty, expected a piece in every line; ",
        ),
    ];
    for (content, problem) in cases {
        let folder = Folder::of("imdb").with("vocab.txt", content);
        let path: PathBuf = folder.path("vocab.txt");
        let said = folder.shown(&WordPiece::open(&path, TextRules::default()).unwrap_err());
        let expected = format!("DIR/vocab.txt: {problem}name the vocab.txt");
        assert!(said.starts_with(&expected), "{said}");
    }
}
