//! JUnit's XML, as test reporters read it: a suite a sweep, a case a
//! hypothesis.

use std::borrow::Cow;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::against::{Against, Compared, compared_in_words};
use crate::hypothesis::Hypothesis;
use crate::report::decisive_p;
use crate::verdict::Verdict;
use crate::verdicts::Verdicts;
use breakeven_plot::number::p_value;

/// One `testcase` of a report.
struct Case {
    suite: String,
    name: String,
    result: CaseResult,
    /// What is said of it whatever the result.
    output: String,
}

enum CaseResult {
    Passed,
    /// The kind of failure, and what is wrong.
    Failed(&'static str, String),
    Skipped(String),
}

/// The verdicts as JUnit's XML.
///
/// Alone, a refuted hypothesis is a failure, and an inconclusive one was
/// skipped. Against a baseline a hypothesis fails where anything about it
/// changed, whatever its verdict, and a run where it counts otherwise than then.
///
/// ```
/// use breakeven_verify::{ci, verify};
/// # use breakeven_verify::{VerifySettings, parse_table};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut table = "seed,learning_rate,batch_size,max_lambda_h\n".to_owned();
/// # for (seed, eta) in (0..15).map(|run| (run / 3, [0.1, 0.2, 0.4][run % 3])) {
/// #     table += &format!("{seed},{eta},32,{eta}\n");
/// # }
/// # let path = std::path::Path::new("runs.csv");
/// # let sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
///
/// // λ_H rises with η here, which refutes the one claim.
/// let verdicts = verify(&[sweep])?;
/// assert!(ci::junit(&verdicts, None)?.contains(r#"tests="1" failures="1""#));
/// let summary = ci::summary(&verdicts, None);
/// assert!(summary.contains("0 supported, 1 refuted, 0 inconclusive"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// None that writing to memory can give.
pub fn junit(verdicts: &Verdicts, against: Option<&Against>) -> io::Result<String> {
    let cases = match against {
        None => verdicts.hypotheses.iter().map(alone).collect(),
        Some(against) => compared(verdicts, against),
    };
    let mut suites: Vec<&str> = Vec::new();
    for case in &cases {
        if !suites.contains(&case.suite.as_str()) {
            suites.push(&case.suite);
        }
    }
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all: Vec<&Case> = cases.iter().collect();
    let root = writer.create_element("testsuites");
    let root = root.with_attribute(("name", "breakeven verify"));
    root.with_attributes(borrowed(&counts(&all)))
        .write_inner_content(|writer| {
            for name in suites {
                suite(writer, name, &cases)?;
            }
            Ok(())
        })?;
    // Only text and the writer's own markup went in.
    Ok(String::from_utf8_lossy(&writer.into_inner()).into_owned() + "\n")
}

fn suite(writer: &mut Writer<Vec<u8>>, name: &str, cases: &[Case]) -> io::Result<()> {
    let own: Vec<&Case> = cases.iter().filter(|case| case.suite == name).collect();
    let element = writer.create_element("testsuite");
    let element = element.with_attribute(("name", clean(name).as_ref()));
    element
        .with_attributes(borrowed(&counts(&own)))
        .write_inner_content(|writer| own.iter().try_for_each(|case| case.write(writer)))?;
    Ok(())
}

fn counts(cases: &[&Case]) -> [(&'static str, String); 4] {
    let count = |is: fn(&CaseResult) -> bool| cases.iter().filter(|c| is(&c.result)).count();
    [
        ("tests", cases.len().to_string()),
        (
            "failures",
            count(|r| matches!(r, CaseResult::Failed(..))).to_string(),
        ),
        ("errors", "0".to_owned()),
        (
            "skipped",
            count(|r| matches!(r, CaseResult::Skipped(_))).to_string(),
        ),
    ]
}

fn borrowed<'a>(attributes: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    let pairs = attributes.iter();
    pairs.map(|(name, value)| (*name, value.as_str())).collect()
}

impl Case {
    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let name = clean(&self.name);
        let suite = clean(&self.suite);
        writer
            .create_element("testcase")
            .with_attribute(("classname", suite.as_ref()))
            .with_attribute(("name", name.as_ref()))
            .write_inner_content(|writer| {
                match &self.result {
                    CaseResult::Passed => {}
                    CaseResult::Failed(kind, why) => {
                        let why = clean(why);
                        let message = why.lines().next().unwrap_or_default();
                        writer
                            .create_element("failure")
                            .with_attribute(("type", *kind))
                            .with_attribute(("message", message))
                            .write_text_content(BytesText::new(&why))?;
                    }
                    CaseResult::Skipped(why) => {
                        let why = clean(why);
                        let element = writer.create_element("skipped");
                        element
                            .with_attribute(("message", why.as_ref()))
                            .write_empty()?;
                    }
                }
                let output = clean(&self.output);
                let element = writer.create_element("system-out");
                element.write_text_content(BytesText::new(&output))?;
                Ok(())
            })?;
        Ok(())
    }
}

/// A hypothesis by its verdict.
fn alone(hypothesis: &Hypothesis) -> Case {
    let reason = hypothesis.reason.clone();
    Case {
        suite: hypothesis.sweep.clone(),
        name: hypothesis.id.clone(),
        result: match hypothesis.verdict {
            Verdict::Supported => CaseResult::Passed,
            Verdict::Refuted => CaseResult::Failed("refuted", reason),
            Verdict::Inconclusive => CaseResult::Skipped(reason),
        },
        output: match hypothesis.verdict {
            Verdict::Supported => output(hypothesis),
            // The result has the reason.
            Verdict::Refuted | Verdict::Inconclusive => headline(hypothesis),
        },
    }
}

/// `supported, adjusted p 0.012: …`.
fn output(hypothesis: &Hypothesis) -> String {
    format!("{}: {}", headline(hypothesis), hypothesis.reason)
}

/// `supported, adjusted p 0.012`.
fn headline(hypothesis: &Hypothesis) -> String {
    let p = decisive_p(hypothesis).map(|p| format!(", adjusted p {}", p_value(p)));
    format!("{}{}", hypothesis.verdict.word(), p.unwrap_or_default())
}

/// All hypotheses of both answers, and the runs.
fn compared(verdicts: &Verdicts, against: &Against) -> Vec<Case> {
    let mut cases: Vec<Case> = against
        .hypotheses
        .iter()
        .map(|compared| of_compared(compared, verdicts))
        .collect();
    let runs = &against.runs.counted_otherwise;
    let words: Vec<String> = runs.iter().map(|run| run.in_words()).collect();
    cases.push(Case {
        suite: "runs".to_owned(),
        name: "the same runs count".to_owned(),
        result: match words.is_empty() {
            true => CaseResult::Passed,
            false => CaseResult::Failed("changed", words.join("\n")),
        },
        output: compared_in_words(against).join("\n"),
    });
    cases
}

fn of_compared(compared: &Compared, verdicts: &Verdicts) -> Case {
    let now = verdicts.hypotheses.iter().find(|h| h.id == compared.id);
    let changes = compared.changes();
    Case {
        suite: match compared.id.split_once('/') {
            Some((sweep, _)) => sweep.to_owned(),
            None => compared.id.clone(),
        },
        name: compared.id.clone(),
        result: match changes.is_empty() {
            true => CaseResult::Passed,
            false => CaseResult::Failed("changed", changes.join("\n")),
        },
        output: now.map_or("of the baseline alone".to_owned(), output),
    }
}

/// Text without the characters that XML 1.0 has no way to write.
fn clean(text: &str) -> Cow<'_, str> {
    let is_written = |c: char| {
        matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}')
    };
    match text.chars().all(is_written) {
        true => text.into(),
        false => text.replace(|c: char| !is_written(c), "\u{fffd}").into(),
    }
}
