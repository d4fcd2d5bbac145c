//! Checksums of what a run leaves on disk: a JSON object's CRC-32C is its last
//! member, over the object's bytes without that member.
//!
//! CRC-32C is Castagnoli's polynomial with the parameters of RFC 3720
//! (iSCSI). It shows every change of one, two or three bits, of an odd number
//! of bits, and within 32 bits in a row, in objects of these sizes (Koopman,
//! DSN 2002).

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// The member that holds an object's checksum.
const MEMBER: &str = "\"crc32c\"";

/// A value read, and whether anything vouches for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sealed<T> {
    /// What was read.
    pub value: T,
    /// Whether it had a checksum, which then held.
    pub seal: Seal,
}

/// Whether what was read had a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// It had one, and the bytes are those that it was taken of.
    Intact,
    /// It had none: earlier versions and other programs write none.
    Absent,
}

/// Why an object can't be taken as what was written.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The checksum is not that of the bytes.
    #[error("its checksum says {said}, its bytes give {found}: it changed on disk")]
    Changed {
        /// What its last member says.
        said: String,
        /// What its bytes give.
        found: String,
    },
    /// There is a checksum, but not where and how one is written.
    #[error("its checksum is damaged: it changed on disk")]
    Damaged,
    /// It has no checksum, and is not the JSON that is expected.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl SealError {
    /// Whether a checksum shows that the object changed on disk.
    pub fn is_change(&self) -> bool {
        !matches!(self, Self::Json(_))
    }
}

/// Where a checksum stands: before its digits, after them, and what ends the
/// object without it.
struct Layout {
    before: &'static str,
    after: &'static str,
    end: &'static str,
}

/// An object on one line.
const LINE: Layout = Layout {
    before: ",\"crc32c\":\"",
    after: "\"}",
    end: "}",
};
/// An object with a member a line, as `serde_json` writes it for people.
const PAGE: Layout = Layout {
    before: ",\n  \"crc32c\": \"",
    after: "\"\n}",
    end: "\n}",
};

/// Digits of a checksum.
const DIGITS: usize = 8;

/// The text of a JSON object with at least one member, with its checksum as
/// last member.
pub fn sealed(object: &str) -> String {
    let layout = if object.ends_with(PAGE.end) {
        PAGE
    } else {
        LINE
    };
    let members = object.strip_suffix(layout.end).unwrap_or(object);
    let digits = digits(members.as_bytes(), &layout);
    format!("{members}{}{digits}{}", layout.before, layout.after)
}

/// Reads a JSON object that may have been [`sealed`].
///
/// ```
/// use breakeven_sim::record::seal::{Seal, sealed, unsealed};
/// use serde_json::{Value, json};
///
/// let line = sealed(r#"{"step":1}"#);
/// assert_eq!(line, r#"{"step":1,"crc32c":"04e7de71"}"#);
/// let read = unsealed::<Value>(line.as_bytes())?;
/// assert_eq!((read.value, read.seal), (json!({"step": 1}), Seal::Intact));
/// # Ok::<(), breakeven_sim::record::seal::SealError>(())
/// ```
///
/// # Errors
/// A checksum that does not hold, or that is not where one is written; without
/// one, text that is not JSON of this type.
pub fn unsealed<T: DeserializeOwned>(text: &[u8]) -> Result<Sealed<T>, SealError> {
    let object = text.trim_ascii_end();
    for layout in [LINE, PAGE] {
        let Some((members, said)) = layout.split(object) else {
            continue;
        };
        let found = digits(members, &layout);
        if said != found.as_bytes() {
            let said = String::from_utf8_lossy(said).into_owned();
            return Err(SealError::Changed { said, found });
        }
        let value = serde_json::from_slice(&[members, layout.end.as_bytes()].concat())?;
        let seal = Seal::Intact;
        return Ok(Sealed { value, seal });
    }
    if names_a_seal(object) {
        return Err(SealError::Damaged);
    }
    Ok(Sealed {
        value: serde_json::from_slice(object)?,
        seal: Seal::Absent,
    })
}

/// Whether any object in `text` has a checksum, whether or not it holds.
pub fn names_a_seal(text: &[u8]) -> bool {
    text.windows(MEMBER.len())
        .any(|part| part == MEMBER.as_bytes())
}

impl Layout {
    /// The object's bytes before its checksum, and the checksum's digits.
    fn split<'a>(&self, object: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let object = object.strip_suffix(self.after.as_bytes())?;
        let (object, digits) = object.split_at_checked(object.len().checked_sub(DIGITS)?)?;
        Some((object.strip_suffix(self.before.as_bytes())?, digits))
    }
}

/// The checksum of an object's bytes without it, in lower-case hexadecimal.
fn digits(members: &[u8], layout: &Layout) -> String {
    let sum = crc32c::crc32c_append(crc32c::crc32c(members), layout.end.as_bytes());
    format!("{sum:08x}")
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Bytes in lower-case hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 of a sweep's plan: the tables `sweep` and `verify` of its
/// configuration, which are all of it that verdicts depend on, as compact JSON
/// with sorted keys. A table that the configuration lacks is `null`.
pub fn plan_sha256(config: &serde_json::Value) -> String {
    let mut plan = serde_json::json!({ "sweep": config["sweep"], "verify": config["verify"] });
    plan.sort_all_objects();
    sha256(plan.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        // RFC 3720, B.4, as CRC of the bytes, most significant first.
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn what_was_sealed_is_read_back() {
        let value = json!({"a": 1, "b": {"c": [1.5, null]}});
        let compact = value.to_string();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        for text in [&compact, &pretty] {
            let text = sealed(text);
            let parsed: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(parsed["crc32c"].as_str().unwrap().len(), 8, "{text}");
            let read = unsealed::<Value>(format!("{text}\n").as_bytes()).unwrap();
            assert_eq!((read.value, read.seal), (value.clone(), Seal::Intact));
        }
        let read = unsealed::<Value>(compact.as_bytes()).unwrap();
        assert_eq!((read.value, read.seal), (value, Seal::Absent));
    }

    #[test]
    fn the_digits_are_those_of_the_object_without_them() {
        // The CRC of `{"step":1}`, bit by bit in Python from the polynomial.
        let text = sealed(r#"{"step":1}"#);
        assert_eq!(text, r#"{"step":1,"crc32c":"04e7de71"}"#);
    }

    #[test]
    fn a_plan_is_its_two_tables_alone() {
        let plan = |text: &str| plan_sha256(&serde_json::from_str(text).unwrap());
        let one =
            plan(r#"{"name": "a", "verify": {"alpha": 0.05, "b": 1}, "sweep": {"seeds": [0]}}"#);
        let same =
            plan(r#"{"sweep": {"seeds": [0]}, "verify": {"b": 1, "alpha": 5e-2}, "name": "b"}"#);
        assert_eq!(one, same);
        // Python's hashlib, of {"sweep":{"seeds":[0]},"verify":{"alpha":0.05,"b":1}}.
        assert_eq!(
            one,
            "b5e806c484f51e915f688a9a55f77020dea322c5f9c26aaafe65da4bcdf5c878"
        );
        for other in [
            r#"{"verify": {"alpha": 0.1, "b": 1}, "sweep": {"seeds": [0]}}"#,
            r#"{"verify": {"alpha": 0.05, "b": 1}, "sweep": {"seeds": [0, 1]}}"#,
            r#"{"verify": {"alpha": 0.05, "b": 1}}"#,
        ] {
            assert_ne!(one, plan(other), "{other}");
        }
    }

    #[test]
    fn a_page_cut_by_as_little_as_its_last_newline_is_damaged() {
        let page = crate::record::to_page(&json!({ "step": 1 })).unwrap();
        let read = |text: &str| crate::record::from_page::<Value>(text.as_bytes());
        assert_eq!(read(&page).unwrap().seal, Seal::Intact);
        for length in 0..page.len() {
            assert!(read(&page[..length]).is_err(), "{length}");
        }
    }
}
