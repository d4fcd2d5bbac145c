use serde::Deserialize;

use super::*;
use crate::holm::holm;

/// Brute force: see `fixtures/reference/make_westfall_young.py`.
const REFERENCE: &str = include_str!("../../../fixtures/reference/westfall_young.json");

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    family: Vec<Given>,
    adjusted: Vec<f64>,
}

#[derive(Deserialize)]
struct Given {
    part: usize,
    blocks: Vec<Vec<usize>>,
}

/// A member whose blocks are complete.
fn complete(part: usize, blocks: &[Vec<usize>]) -> Member {
    let block = |groups: &Vec<usize>| Block {
        labels: (0..groups.len()).collect(),
        groups: groups.clone(),
    };
    Member {
        part,
        test: TrendTest::Page,
        blocks: blocks.iter().map(block).collect(),
    }
}

fn family(given: &[Given]) -> Vec<Option<Member>> {
    let member = |given: &Given| Some(complete(given.part, &given.blocks));
    given.iter().map(member).collect()
}

#[derive(Deserialize)]
struct Mixed {
    families: Vec<MixedCase>,
}

#[derive(Deserialize)]
struct MixedCase {
    family: Vec<MixedMember>,
    adjusted: Vec<f64>,
}

#[derive(Deserialize)]
struct MixedMember {
    part: usize,
    test: TrendTest,
    blocks: Vec<crate::trend::tests::Given>,
}

/// Incomplete blocks and unpaired runs, and claims of both directions about the
/// same runs, which change levels together: by
/// `fixtures/reference/make_trend_tests.py`.
#[test]
fn whatever_the_test_and_the_direction_it_is_brute_force() {
    let reference: Mixed = serde_json::from_str(crate::trend::tests::REFERENCE).unwrap();
    for case in &reference.families {
        let member = |given: &MixedMember| {
            Some(Member {
                part: given.part,
                test: given.test,
                blocks: given.blocks.iter().map(Block::from).collect(),
            })
        };
        let family: Vec<_> = case.family.iter().map(member).collect();
        assert_close(&step_down(&family), &case.adjusted);
    }
}

fn p_values(family: &[Option<Member>]) -> Vec<f64> {
    let p = |member: &Option<Member>| member.as_ref().map_or(1.0, |m| Test::of(m).p_value);
    family.iter().map(p).collect()
}

fn assert_close(found: &[f64], expected: &[f64]) {
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
}

#[test]
fn the_adjusted_p_values_are_those_of_brute_force() {
    let reference: Reference = serde_json::from_str(REFERENCE).unwrap();
    for case in &reference.cases {
        assert_close(&step_down(&family(&case.family)), &case.adjusted);
    }
}

/// Holm's bound also counts p-values that few seeds cannot have, so that even
/// with a part each the sum of chances may be smaller.
#[test]
fn it_lies_between_the_p_value_and_holms() {
    let reference: Reference = serde_json::from_str(REFERENCE).unwrap();
    for case in &reference.cases {
        let mut family = family(&case.family);
        let p_values = p_values(&family);
        let together = step_down(&family);
        for (part, member) in family.iter_mut().enumerate() {
            member.as_mut().unwrap().part = part;
        }
        let apart = step_down(&family);
        let holm = holm(&p_values);
        for (index, p) in p_values.iter().enumerate() {
            let rising = [*p, together[index], apart[index], holm[index]];
            assert!(
                rising.windows(2).all(|w| w[0] <= w[1] + 1e-12),
                "{rising:?}"
            );
        }
    }
}

/// Fifteen quantities that all go together, at two levels of five seeds, are as
/// good as one: 2⁻⁵. Holm's factor makes it 0.47.
#[test]
fn quantities_that_go_together_count_once() {
    let together = complete(0, &vec![vec![0, 1]; 5]);
    let family = vec![Some(together); 15];
    assert_close(&step_down(&family), &[1.0 / 32.0; 15]);
    let apart: Vec<_> = family.iter().cloned().chain([None]).collect();
    assert_close(&step_down(&apart)[14..], &[1.0 / 32.0, 1.0]);
}

/// One seed more than can be made in full: 6⁶ = 46,656 for six seeds of three
/// levels. The smallest chance is that of the observed arrangement alone.
#[test]
fn more_arrangements_than_can_be_made_are_drawn() {
    let of = |sizes: &[&[usize]]| arrangements(sizes.iter().copied());
    assert_eq!(of(&[&[1, 1, 1][..]; 5]).round(), 7776.0);
    assert_eq!(resolution(of(&[&[1, 1, 1][..]; 5])), 0.0);
    assert_eq!(resolution(of(&[&[1, 1, 1][..]; 6])), 1.0 / 20_000.0);
    // Of 3, 3 and 3 runs without blocks 9!/3!³.
    assert_eq!(of(&[&[3, 3, 3]]).round(), 1680.0);
    assert_eq!(of(&[&[1, 1], &[1, 1, 1]]).round(), 12.0);
    let member = |blocks: Vec<Vec<usize>>| Some(complete(0, &blocks));
    let ordered = member(vec![vec![0, 1, 2]; 6]);
    let found = step_down(&[ordered.clone(), ordered])[0];
    let draws = ARRANGEMENTS as f64;
    // 1 + Poisson(0.43) of them.
    assert!((1.0 / draws..=6.0 / draws).contains(&found), "{found}");

    // One of 24 orders in a block of four: half of all L are larger.
    let weak: Vec<Vec<usize>> = (0..8)
        .map(|seed| (0..7).map(|j| (j * (2 + seed % 5)) % 7).collect())
        .collect();
    let p = p_values(&[member(weak.clone())])[0];
    let found = step_down(&[member(weak)])[0];
    let error = (p * (1.0 - p) / draws).sqrt();
    assert!((found - p).abs() < 4.0 * error, "{found} {p}");
}

#[test]
fn a_family_without_tests_has_none() {
    assert_eq!(step_down(&[]), [0.0; 0]);
    assert_eq!(step_down(&[None, None]), [1.0, 1.0]);
}

/// All distinct ways for the runs of a block to change places, once each.
#[test]
fn runs_that_change_places_of_the_same_level_stay_where_they_are() {
    assert_eq!(rearranged(&[0, 1, 2]).len(), 6);
    let found = rearranged(&[0, 0, 1, 1]);
    assert_eq!(found.len(), 6);
    let labels = |places: &Vec<usize>| -> Vec<usize> {
        places.iter().map(|&place| [0, 0, 1, 1][place]).collect()
    };
    let distinct: std::collections::BTreeSet<Vec<usize>> = found.iter().map(labels).collect();
    assert_eq!(distinct.len(), 6);
}
