//! Words by frequency, numbered as in Keras' version of IMDB.
//!
//! A text is put into lower case; all of `!"#$%&()*+,-./:;<=>?@[\]^_{|}~` and
//! the backtick part words as white space does. Words of the training part are
//! numbered by falling frequency, those of one frequency in the order of their
//! code points. Ids are 0 for padding, 1 for the start of a text, 2 for all
//! words that have no number, and w + 3 for the word numbered w from 1 (3 is not
//! used). A vocabulary of 20,000 ids has so 19,996 words. Of a text the last
//! tokens are kept, and the start is one of them only where all fit.
//!
//! Keras pads before a text; here padding stands behind it, and lengths are
//! kept, so that a network need not read it.

use std::collections::HashMap;

/// The id of padding.
pub const PADDING: u32 = 0;

/// The id that begins a text.
pub const START: u32 = 1;

/// The id of words that have no number.
pub const UNKNOWN: u32 = 2;

/// The id of the most frequent word.
pub const FIRST: u32 = 4;

/// The words of a vocabulary.
///
/// ```
/// use breakeven_empirical::data::text::words::{FIRST, START, UNKNOWN, Words};
///
/// let words = Words::count(["A cat, a dog.", "A cat!"].into_iter(), 6);
/// // Of six ids four stand for no word: those left go to `a`, three times, and `cat`, twice.
/// assert_eq!(words.encode("A dog, a cat", 9), [START, FIRST, UNKNOWN, FIRST, FIRST + 1]);
/// ```
#[derive(Clone, Debug)]
pub struct Words {
    ids: HashMap<String, u32>,
}

/// The words of `text`.
pub fn split(text: &str) -> Vec<String> {
    const PARTING: &str = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~";
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| c.is_whitespace() || PARTING.contains(c));
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

impl Words {
    /// The most frequent words of `texts`, so many that there are at most
    /// `vocabulary` ids.
    pub fn count<'a>(texts: impl Iterator<Item = &'a str>, vocabulary: usize) -> Self {
        let mut counts: HashMap<String, u64> = HashMap::new();
        for word in texts.flat_map(split) {
            *counts.entry(word).or_default() += 1;
        }
        let mut words: Vec<(String, u64)> = counts.into_iter().collect();
        words.sort_unstable_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
        let most = vocabulary.min(u32::MAX as usize);
        words.truncate(most.saturating_sub(FIRST as usize));
        let words = words.into_iter().map(|(word, _)| word);
        Self {
            ids: words.zip(FIRST..).collect(),
        }
    }

    /// Number of ids, those that stand for no word included.
    pub fn vocabulary(&self) -> usize {
        FIRST as usize + self.ids.len()
    }

    /// The id of `word`.
    pub fn id(&self, word: &str) -> u32 {
        self.ids.get(word).copied().unwrap_or(UNKNOWN)
    }

    /// The last `length` tokens of `text`, at least one where `length` is.
    pub fn encode(&self, text: &str, length: usize) -> Vec<u32> {
        let mut ids = vec![START];
        ids.extend(split(text).iter().map(|word| self.id(word)));
        ids.split_off(ids.len().saturating_sub(length))
    }
}
