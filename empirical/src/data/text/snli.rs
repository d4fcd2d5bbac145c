//! The built-in extract of SNLI (Bowman et al. 2015), with its own vocabulary
//! of word pieces.

use std::path::{Path, PathBuf};

use super::word_piece::{TextRules, WordPiece};
use super::{Both, Texts, mnli};
use crate::data::catalog::Entry;
use crate::data::error::DataError;
use crate::data::files::Content;
use crate::data::layout::{Layout, Needed, Set, Source};
use crate::data::search::Search;

const PAIRS: &[u8] = include_bytes!("../../../fixtures/snli-600/snli-600.jsonl");
const PATH: &str = "built-in snli-600.jsonl";
const VOCABULARY: &[u8] = include_bytes!("../../../fixtures/snli-600/vocab.txt");

/// Pairs of sentences that are part of the program.
#[derive(Debug)]
pub(in crate::data) struct BuiltIn;

impl Layout for BuiltIn {
    fn looked_for(&self, _: &Entry) -> String {
        PATH.to_owned()
    }

    fn is_in(&self, _: &Entry, _: &Path) -> bool {
        false
    }

    fn open(&self, entry: &'static Entry, _: &Search, _: Needed) -> Result<Set, DataError> {
        read(entry).map(Set::Texts)
    }
}

/// The built-in pairs, in the order of the file.
fn read(entry: &'static Entry) -> Result<Texts, DataError> {
    let path = PathBuf::from(PATH);
    let mut both = Both::default();
    let content = Content::of_bytes(PAIRS);
    let done = content.and_then(|content| mnli::read_lines(content, &mut both));
    let texts = done.and_then(|()| Ok(both.into_texts(Source::Embedded, vec![path.clone()])?));
    texts.map_err(|problem| problem.of(entry, &path))
}

/// The pieces of BERT's uncased vocabulary that the built-in pairs have.
pub(super) fn vocabulary() -> Result<WordPiece, DataError> {
    WordPiece::of(
        Content::of_bytes(VOCABULARY),
        Path::new("built-in vocab.txt"),
        TextRules::default(),
    )
}
