//! What a paper would say of how the numbers were found, and whom to cite: all
//! from what the runs and the answer say.

use std::collections::BTreeSet;

use breakeven_sim::record::RunHeader;

use super::statement;
use super::{ReportContext, facts};
use crate::input::{Source, Sweep};
use crate::quantity::Quantity;
use crate::settings::Adjustment;
use crate::verdicts::Verdicts;

/// A paragraph for each sweep, and one on the tests.
pub fn paragraphs(verdicts: &Verdicts, sweeps: &[Sweep]) -> Vec<String> {
    let trained = sweeps.iter().map(of_sweep);
    trained.chain([statement::method(verdicts)]).collect()
}

fn of_sweep(sweep: &Sweep) -> String {
    let seeds: BTreeSet<u64> = sweep.runs.iter().map(|run| run.summary.seed).collect();
    let levels: Vec<String> = facts::levels_in_words(sweep);
    let seeds = match seeds.len() {
        1 => "There is 1 seed".to_owned(),
        count => format!("There are {count} seeds"),
    };
    let design = format!("{seeds} at {}.", levels.join(", "));
    let counts = match sweep.source {
        Source::Folder => format!(
            " A run counts if {}; values at equal accuracy are read past a training accuracy of {}.",
            sweep.settings.convergence.in_words(),
            sweep.settings.accuracy_threshold
        ),
        Source::Table => " The per-run values are those of a table.".to_owned(),
    };
    let header = sweep.runs.iter().find_map(|run| run.header.as_ref());
    let trained = header.map_or_else(String::new, trained);
    format!("{}: {trained}{design}{counts}", sweep.name)
}

/// What a run's header says of training and measurement.
fn trained(header: &RunHeader) -> String {
    let by = match &header.training {
        Some(options) => format!("SGD with {}", options.in_words()),
        None => "plain SGD on cross entropy".to_owned(),
    };
    let h = header.hessian_examples.map_or_else(String::new, |n| {
        format!(
            " The Hessian H is that of the mean loss on {n} training examples, by exact products; \
             its eigenvalues are found by Lanczos iteration."
        )
    });
    let k = header.covariance.map_or_else(String::new, |covariance| {
        format!(
            " The covariance K^M is that of {} mini-batch gradients of {} examples, centred, \
             divided by their number.",
            covariance.batches, covariance.batch_size
        )
    });
    format!(
        "We trained {} ({} parameters) on {} training examples of {} by {by}, in {}.{h}{k} ",
        header.model, header.parameters, header.examples, header.data, header.device
    )
}

/// Entries for the program, the paper and the methods that the answer uses.
pub fn bibtex(verdicts: &Verdicts, context: &ReportContext) -> String {
    let commit = context
        .git
        .as_ref()
        .map_or_else(String::new, |git| format!(", commit {git}"));
    let program = format!(
        "@software{{breakeven,\n  title = {{breakeven}},\n  author = {{{{The breakeven developers}}}},\n  \
         version = {{{}}},\n  note = {{Version {}{commit}}}\n}}",
        context.version, context.version
    );
    let adjustment = match verdicts.procedure.adjustment {
        Adjustment::WestfallYoung => WESTFALL_YOUNG,
        Adjustment::Holm => HOLM,
        Adjustment::BenjaminiHochberg => BENJAMINI_HOCHBERG,
    };
    [&program, PAPER, PAGE, adjustment].join("\n\n") + "\n"
}

const PAPER: &str = "@inproceedings{jastrzebski2020breakeven,
  title = {The Break-Even Point on Optimization Trajectories of Deep Neural Networks},
  author = {Jastrz{\\k{e}}bski, Stanis{\\l}aw and Szymczak, Maciej and Fort, Stanislav and \
Arpit, Devansh and Tabor, Jacek and Cho, Kyunghyun and Geras, Krzysztof},
  booktitle = {International Conference on Learning Representations},
  year = {2020},
  eprint = {2002.09572},
  archiveprefix = {arXiv}
}";

const PAGE: &str = "@article{page1963ordered,
  title = {Ordered Hypotheses for Multiple Treatments: A Significance Test for Linear Ranks},
  author = {Page, Ellis Batten},
  journal = {Journal of the American Statistical Association},
  volume = {58},
  number = {301},
  pages = {216--230},
  year = {1963}
}";

const WESTFALL_YOUNG: &str = "@book{westfall1993resampling,
  title = {Resampling-Based Multiple Testing},
  author = {Westfall, Peter H. and Young, S. Stanley},
  publisher = {Wiley},
  year = {1993}
}";

const HOLM: &str = "@article{holm1979simple,
  title = {A Simple Sequentially Rejective Multiple Test Procedure},
  author = {Holm, Sture},
  journal = {Scandinavian Journal of Statistics},
  volume = {6},
  number = {2},
  pages = {65--70},
  year = {1979}
}";

const BENJAMINI_HOCHBERG: &str = "@article{benjamini1995controlling,
  title = {Controlling the False Discovery Rate: A Practical and Powerful Approach to Multiple Testing},
  author = {Benjamini, Yoav and Hochberg, Yosef},
  journal = {Journal of the Royal Statistical Society: Series B},
  volume = {57},
  number = {1},
  pages = {289--300},
  year = {1995}
}";

/// The anchor of a quantity's definition: `def-lambda_k`.
pub fn anchor(quantity: Quantity) -> String {
    format!("def-{}", quantity.name())
}

/// What each quantity of the answer is: symbol, anchor, definition.
pub fn definitions(verdicts: &Verdicts) -> Vec<[String; 3]> {
    let is_tested = |q: &Quantity| {
        verdicts
            .hypotheses
            .iter()
            .any(|h| h.quantity.quantity == *q)
    };
    let quantities = Quantity::ALL.into_iter().filter(is_tested);
    quantities
        .map(|q| [q.symbol().to_owned(), anchor(q), q.definition().to_owned()])
        .collect()
}
