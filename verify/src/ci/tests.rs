use std::path::Path;

use super::*;
use crate::against::{ALPHA, Against, Baseline, against, terminal};
use crate::{Verdicts, VerifySettings, parse_table, report, verify};

/// Four seeds of λ_K, in order, of λ_H, in the opposite order, and of Tr K, at
/// its initial value everywhere.
const BEFORE: &str = "\
seed,learning_rate,batch_size,converged,max_lambda_k,max_lambda_h,max_trace_k
0,0.01,64,true,1.86,7.1,5.0
0,0.03,64,true,1.34,8.2,5.0
0,0.1,64,true,0.61,9.3,5.0
1,0.01,64,true,1.90,7.4,5.5
1,0.03,64,true,1.31,8.1,5.5
1,0.1,64,true,0.66,9.9,5.5
2,0.01,64,true,1.80,7.2,5.2
2,0.03,64,true,1.38,8.8,5.2
2,0.1,64,true,0.60,9.1,5.2
3,0.01,64,true,1.88,7.3,5.3
3,0.03,64,true,1.35,8.6,5.3
3,0.1,64,true,0.58,9.7,5.3
4,0.01,64,true,1.88,7.3,5.3
4,0.03,64,true,1.35,8.6,5.3
4,0.1,64,true,0.58,9.7,5.3
";

fn judged(text: &str) -> Verdicts {
    let settings = VerifySettings::default();
    let sweep = parse_table(Path::new("a<b>&\"c\"|.csv"), text.as_bytes(), settings).unwrap();
    verify(&[sweep]).unwrap()
}

/// λ_K falls no longer, λ_H doubles at one level, Tr K is not measured, and one
/// run no longer counts.
fn changed() -> (Verdicts, Against) {
    let mut now = BEFORE.replace("max_trace_k", "max_condition_h");
    for (from, to) in [
        ("0.1,64,true,0.61,9.3", "0.1,64,true,1.61,18.1"),
        ("0.1,64,true,0.66,9.9", "0.1,64,true,1.66,19.8"),
        ("0.1,64,true,0.60,9.1", "0.1,64,true,1.60,18.7"),
        ("4,0.03,64,true", "4,0.03,64,false"),
    ] {
        assert!(now.contains(from));
        now = now.replace(from, to);
    }
    let now = judged(&now);
    let found = compared(&now);
    (now, found)
}

fn compared(now: &Verdicts) -> Against {
    let json = report::json(&judged(BEFORE)).unwrap();
    let path = Path::new("base.json");
    let baseline = Baseline::parse(path, json.as_bytes()).unwrap();
    against(now, &baseline, path, ALPHA).unwrap()
}

#[test]
fn verdicts_alone() {
    let verdicts = judged(BEFORE);
    insta::assert_snapshot!("junit_alone", junit(&verdicts, None).unwrap());
    insta::assert_snapshot!("markdown_alone", summary(&verdicts, None));
}

#[test]
fn against_a_baseline_that_changed() {
    let (verdicts, against) = changed();
    insta::assert_snapshot!("terminal_changed", terminal(&against));
    insta::assert_snapshot!("junit_changed", junit(&verdicts, Some(&against)).unwrap());
    insta::assert_snapshot!("markdown_changed", summary(&verdicts, Some(&against)));
}

#[test]
fn against_itself() {
    let verdicts = judged(BEFORE);
    let against = compared(&verdicts);
    insta::assert_snapshot!("terminal_same", terminal(&against));
    insta::assert_snapshot!("junit_same", junit(&verdicts, Some(&against)).unwrap());
    insta::assert_snapshot!("markdown_same", summary(&verdicts, Some(&against)));
}

/// What a reader of XML finds is what was written, whatever the name.
#[test]
fn junit_is_well_formed_and_counts_its_cases() {
    use quick_xml::Reader;
    use quick_xml::events::Event;
    let settings = VerifySettings::default();
    let name = "a<b>&\"c\"'\u{1}.csv";
    let sweep = parse_table(Path::new(name), BEFORE.as_bytes(), settings).unwrap();
    let verdicts = verify(&[sweep]).unwrap();
    let xml = junit(&verdicts, None).unwrap();
    let mut reader = Reader::from_str(&xml);
    let (mut cases, mut depth) = (Vec::new(), 0_i32);
    loop {
        let event = reader.read_event().unwrap();
        let start = match &event {
            Event::Start(start) => {
                depth += 1;
                Some(start)
            }
            Event::Empty(start) => Some(start),
            Event::End(_) => {
                depth -= 1;
                None
            }
            Event::Eof => break,
            _ => None,
        };
        if let Some(start) = start.filter(|start| start.name().as_ref() == "testcase") {
            let name = start.try_get_attribute("classname").unwrap().unwrap();
            let name = name.value.into_owned();
            cases.push(quick_xml::escape::unescape(&name).unwrap().into_owned());
        }
    }
    assert_eq!(depth, 0);
    assert_eq!(cases, ["a<b>&\"c\"'\u{fffd}.csv"; 3]);
    assert!(
        xml.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""),
        "{xml}"
    );
}
