//! What runs say beyond verdicts: theory against networks, the assumptions, and
//! every claim under other statistics and choices. None of it changes a verdict.

use serde::Serialize;

use crate::assumptions::{self, Assumptions};
use crate::input::Sweep;
use crate::side_by_side::{self, SideBySide};
use crate::specifications::{self, SpecificationCurve};
use crate::thresholds::{self, Thresholds};
use crate::verdicts::{Verdicts, VerifyError, verify};

/// All that stands beside the verdicts; further fields of `verdicts.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    /// Predicted against observed break-even points; absent of tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
    /// The paper's assumptions, sweep by sweep; none of tables.
    pub assumptions: Vec<Assumptions>,
    /// Every claim under every statistic of a run.
    pub side_by_side: Vec<SideBySide>,
    /// Every claim under every choice; none of tables.
    pub specifications: Vec<SpecificationCurve>,
}

impl Analysis {
    /// Of these sweeps.
    pub fn of(sweeps: &[Sweep]) -> Self {
        Self {
            thresholds: thresholds::of_sweeps(sweeps),
            assumptions: assumptions::of_sweeps(sweeps),
            side_by_side: sweeps.iter().flat_map(side_by_side::of_sweep).collect(),
            specifications: sweeps.iter().flat_map(specifications::of_sweep).collect(),
        }
    }
}

/// Tests the conjectures on `sweeps` as [`verify`] does, with all that stands
/// beside the verdicts in a report.
///
/// ```
/// use breakeven_verify::quantity::Statistic;
/// use breakeven_verify::verify_in_full;
/// # use breakeven_verify::{VerifySettings, parse_table};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut table = "seed,learning_rate,batch_size,max_lambda_k\n".to_owned();
/// # for (seed, eta) in (0..15).map(|run| (run / 3, [0.1, 0.2, 0.4][run % 3])) {
/// #     table += &format!("{seed},{eta},32,{}\n", 1.0 / eta);
/// # }
/// # let path = std::path::Path::new("runs.csv");
/// # let sweep = parse_table(path, table.as_bytes(), VerifySettings::default())?;
///
/// // λ_K is 1/η here, as Conjecture 1 says; a table has no other statistic.
/// let verdicts = verify_in_full(&[sweep])?;
/// let beside = verdicts.analysis.ok_or("none")?;
/// assert_eq!(beside.side_by_side[0].signs(), [vec![Statistic::Max], vec![]]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`verify`].
pub fn verify_in_full(sweeps: &[Sweep]) -> Result<Verdicts, VerifyError> {
    // Neither looks at what the other finds.
    std::thread::scope(|scope| {
        let analysis = scope.spawn(|| Analysis::of(sweeps));
        let mut verdicts = verify(sweeps)?;
        let found = analysis.join();
        verdicts.analysis = Some(found.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        Ok(verdicts)
    })
}
