//! Labelled sequences of tokens.

use thiserror::Error;

/// Labelled sequences of tokens, in a fixed order, each padded behind to one
/// length.
///
/// N sequences of up to P tokens hold N · P ids, one sequence after the other;
/// behind a sequence's own length every id and every token type is 0.
///
/// ```
/// use breakeven_empirical::data::{TokenParts, Tokens};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tokens = Tokens::new(TokenParts {
///     ids: vec![1, 4, 0, 1, 5, 4],
///     lengths: vec![2, 3],
///     token_types: None,
///     length: 3,
///     labels: vec![0, 1],
///     classes: 2,
///     vocabulary: 6,
/// })?;
/// assert_eq!((tokens.len(), tokens.length()), (2, 3));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    ids: Vec<u32>,
    lengths: Vec<u32>,
    token_types: Option<Vec<u8>>,
    length: usize,
    labels: Vec<u16>,
    classes: usize,
    vocabulary: usize,
}

/// What [`Tokens`] are made of.
#[derive(Clone, Debug)]
pub struct TokenParts {
    /// The ids of all sequences, `[n, length]`, below `vocabulary`.
    pub ids: Vec<u32>,
    /// Tokens of each sequence, from 1 to `length`.
    pub lengths: Vec<u32>,
    /// 0 for the tokens of a first text and 1 for those of a second,
    /// `[n, length]`; `None` where there is one text.
    pub token_types: Option<Vec<u8>>,
    /// P, the tokens that there is room for in each sequence.
    pub length: usize,
    /// The label of each sequence, below `classes`.
    pub labels: Vec<u16>,
    /// Number of classes.
    pub classes: usize,
    /// Number of ids, those of padding and of unknown words included: rows of
    /// an embedding.
    pub vocabulary: usize,
}

/// Why numbers are not labelled sequences of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TokensError {
    /// There is no sequence.
    #[error("holds no examples, expected at least 1")]
    Empty,
    /// A sequence has room for no token.
    #[error("sequences have the length 0, expected at least 1")]
    NoLength,
    /// The number of ids, lengths or token types is not that of so many sequences.
    #[error("{found} {what}, expected {expected} for {examples} sequences")]
    Count {
        /// What there are too many or too few of.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
        /// Sequences there are labels for.
        examples: usize,
    },
    /// A sequence has no token, or more than there is room for.
    #[error("example {index} has {found} tokens, expected 1 to {length}")]
    Length {
        /// Position of the example, from 0.
        index: usize,
        /// Its length.
        found: u32,
        /// The room.
        length: usize,
    },
    /// An id is not below the size of the vocabulary.
    #[error("example {index} has the token {id}, expected 0 to {}", vocabulary.saturating_sub(1))]
    Id {
        /// Position of the example, from 0.
        index: usize,
        /// The id.
        id: u32,
        /// Number of ids.
        vocabulary: usize,
    },
    /// A token type is neither 0 nor 1.
    #[error("example {index} has the token type {found}, expected 0 or 1")]
    TokenType {
        /// Position of the example, from 0.
        index: usize,
        /// The token type.
        found: u8,
    },
    /// Something else than zeros follows a sequence.
    #[error("example {index} goes on behind its length, expected zeros there")]
    Padding {
        /// Position of the example, from 0.
        index: usize,
    },
    /// There are no classes, or more than labels can tell apart.
    #[error("{0} classes, expected 1 to 65536")]
    Classes(usize),
    /// A label is not below the number of classes.
    #[error("example {index} has the label {label}, expected 0 to {}", classes.saturating_sub(1))]
    Label {
        /// Position of the example, from 0.
        index: usize,
        /// Its label.
        label: u16,
        /// Number of classes.
        classes: usize,
    },
}

impl Tokens {
    /// Labelled sequences of `parts`.
    ///
    /// # Errors
    /// No sequence, numbers of ids, lengths and token types that do not go
    /// together, and whatever is out of its range.
    pub fn new(parts: TokenParts) -> Result<Self, TokensError> {
        check_sizes(&parts)?;
        check_values(&parts)?;
        let TokenParts {
            ids,
            lengths,
            token_types,
            length,
            labels,
            classes,
            vocabulary,
        } = parts;
        Ok(Self {
            ids,
            lengths,
            token_types,
            length,
            labels,
            classes,
            vocabulary,
        })
    }

    /// N, at least 1.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// P, the tokens that there is room for in each sequence.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Number of ids; all are below it.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Number of classes; labels are below it.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// All ids, `[n, length]`, 0 behind each sequence.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Tokens of each sequence, from 1 to [`Tokens::length`].
    pub fn lengths(&self) -> &[u32] {
        &self.lengths
    }

    /// 0 for the tokens of a first text and 1 for those of a second,
    /// `[n, length]`; `None` where there is one text.
    pub fn token_types(&self) -> Option<&[u8]> {
        self.token_types.as_deref()
    }

    /// The label of each sequence.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }
}

fn check_sizes(parts: &TokenParts) -> Result<(), TokensError> {
    let examples = parts.labels.len();
    if examples == 0 {
        return Err(TokensError::Empty);
    }
    if parts.length == 0 {
        return Err(TokensError::NoLength);
    }
    if !(1..=1 << 16).contains(&parts.classes) {
        return Err(TokensError::Classes(parts.classes));
    }
    let room = examples.saturating_mul(parts.length);
    let types = parts.token_types.as_ref().map(Vec::len);
    let counts = [
        ("lengths", Some(parts.lengths.len()), examples),
        ("ids", Some(parts.ids.len()), room),
        ("token types", types, room),
    ];
    for (what, found, expected) in counts {
        if let Some(found) = found.filter(|&found| found != expected) {
            return Err(TokensError::Count {
                what,
                found,
                expected,
                examples,
            });
        }
    }
    Ok(())
}

fn check_values(parts: &TokenParts) -> Result<(), TokensError> {
    let (length, vocabulary, classes) = (parts.length, parts.vocabulary, parts.classes);
    for (index, (&found, &label)) in parts.lengths.iter().zip(&parts.labels).enumerate() {
        if usize::from(label) >= classes {
            return Err(TokensError::Label {
                index,
                label,
                classes,
            });
        }
        let own = found as usize; // at most 2³²
        if !(1..=length).contains(&own) {
            return Err(TokensError::Length {
                index,
                found,
                length,
            });
        }
        let ids = &parts.ids[index * length..][..length];
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= vocabulary) {
            return Err(TokensError::Id {
                index,
                id,
                vocabulary,
            });
        }
        let types = parts.token_types.as_deref();
        let types = types.map_or(&[][..], |types| &types[index * length..][..length]);
        if let Some(&found) = types.iter().find(|&&found| found > 1) {
            return Err(TokensError::TokenType { index, found });
        }
        let padding = ids[own..].iter().any(|&id| id != 0);
        if padding || types.iter().skip(own).any(|&found| found != 0) {
            return Err(TokensError::Padding { index });
        }
    }
    Ok(())
}
