//! One TOML file: a sweep, and how it is verified.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use breakeven_empirical::compute::Precision;
use breakeven_empirical::config::{
    ConfigError, DataConfig, MeasureConfig, SweepAxes, SweepConfig, TrainingConfig,
};
use breakeven_empirical::model::{Architecture, BertShape};
use breakeven_sim::record::from_page;
use breakeven_sim::record::seal::plan_sha256;
use breakeven_verify::VerifySettings;
use breakeven_verify::design::Planned;
use breakeven_verify::plan::Prepared;
use breakeven_verify::quantity::{Factor, PerRun, Quantity};
use breakeven_verify::settings::Procedure;
use breakeven_verify::ties::RELATIVE;
use serde::{Deserialize, Serialize};

/// The sweeps that `check` runs where it is given none.
pub const DEFAULTS: [&str; 2] = [
    include_str!("../fixtures/configs/fashion-mlp-learning-rate.toml"),
    include_str!("../fixtures/configs/fashion-mlp-batch-size.toml"),
];

/// What helps where the copy that a sweep's folder has is not as it was written.
const CHANGED: &str =
    "put it back as it was; for a new sweep of what it says now, remove its member crc32c";

/// A configuration, with every default filled in once it is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    name: String,
    data: DataConfig,
    model: Architecture,
    training: TrainingConfig,
    sweep: SweepAxes,
    #[serde(default)]
    measure: MeasureConfig,
    #[serde(default)]
    verify: VerifySettings,
    /// The file that it was read from.
    #[serde(skip)]
    file: Option<PathBuf>,
}

impl Config {
    /// Reads and checks a file.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: the configuration can't be read", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let config = Self::parse(&text, folder).with_context(|| path.display().to_string())?;
        Ok(Self {
            file: Some(path.into()),
            ..config
        })
    }

    /// Reads and checks a file, or the copy in JSON that a sweep's folder has.
    pub fn load_saved(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: the configuration can't be read", path.display()))?;
        if !text.trim_start().starts_with('{') {
            return Self::load(path);
        }
        let config: Self = match from_page(text.as_bytes()) {
            Ok(read) => read.value,
            Err(error) if error.is_change() => {
                return Err(anyhow!("{}: {error}: {CHANGED}", path.display()));
            }
            Err(error) => {
                let what = format!("{} is no configuration of a training", path.display());
                return Err(anyhow!(error).context(what));
            }
        };
        config.check().with_context(|| path.display().to_string())?;
        Ok(Self {
            file: Some(path.into()),
            ..config
        })
    }

    /// Reads and checks the text of a file; folders that it names are looked
    /// for in `folder`.
    pub fn parse(text: &str, folder: &Path) -> anyhow::Result<Self> {
        let config: Result<Self, _> = match pretrained(text, folder)? {
            // The shape itself, which holds the weights that were read.
            Some((table, model)) => table.try_into().map(|config| Self { model, ..config }),
            None => toml::from_str(text),
        };
        let mut config = config.map_err(|error| anyhow!("{error}"))?;
        config.verify = config.verify.with_adjustment();
        one_cadence(text)?;
        one_momentum(text)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.name.is_empty() || self.name.starts_with('.') || !self.name.chars().all(plain) {
            return Err(anyhow!(
                "name is {:?}: give letters, digits, '-', '_' and '.' alone, since it names a folder",
                self.name
            ));
        }
        self.sweep().check()?;
        self.verify.check()?;
        self.check_looks()?;
        one_level_each("sweep.learning_rates", &self.sweep.learning_rates)?;
        one_level_each(
            "sweep.momenta",
            self.sweep.momenta.as_deref().unwrap_or(&[]),
        )
    }

    /// The last look is at all seeds.
    pub fn check_looks(&self) -> anyhow::Result<()> {
        let seeds = self.seeds();
        match self.looks().and_then(<[usize]>::last) {
            Some(&last) if last != seeds => Err(anyhow!(
                "verify.looks ends with {last} seeds and sweep.seeds has {seeds}: end it with {seeds}"
            )),
            _ => Ok(()),
        }
    }

    /// The file that it was read from, unless it is built in.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Whether `saved`, read from a sweep's folder, is the same configuration.
    pub fn is(&self, saved: &Self) -> bool {
        let mut saved = saved.clone();
        saved.file.clone_from(&self.file);
        // Earlier versions saved it; it has no effect.
        saved.verify.bootstrap = self.verify.bootstrap;
        // Earlier versions had no choice; a folder keeps the rule of its plan.
        if saved.verify.adjustment.is_none() {
            saved.verify.adjustment = self.verify.adjustment;
        }
        // Files may be moved: their hashes say which they are.
        if let (Some(now), Some(then)) = (self.model.pretrained(), saved.model.pretrained_mut()) {
            then.folder.clone_from(&now.folder);
        }
        *self == saved
    }

    /// Whether `saved` names other pretrained weights, or other word pieces.
    pub fn starts_elsewhere(&self, saved: &Self) -> bool {
        let sums = |config: &Self| {
            let of = config.model.pretrained()?;
            Some((of.weights_sha256.clone(), of.vocabulary_sha256.clone()))
        };
        sums(self) != sums(saved)
    }

    /// How its hypotheses are to be judged.
    pub fn procedure(&self) -> Procedure {
        self.verify.procedure()
    }

    /// The level of the family-wise error rate.
    pub fn alpha(&self) -> f64 {
        self.verify.alpha
    }

    /// Whether its runs can be compared: two learning rates, batch sizes or
    /// momenta.
    pub fn has_levels(&self) -> bool {
        Factor::ALL.iter().any(|factor| self.levels(*factor) > 1)
    }

    /// Whether any quantity that is to be tested is measured.
    pub fn measures_what_it_tests(&self) -> bool {
        self.measured().next().is_some()
    }

    /// Whether any of its statistics is tested.
    pub fn tests_a_statistic(&self) -> bool {
        self.verify.statistics.iter().any(|s| s.is_tested())
    }

    /// Whether it still sets the bootstrap of earlier versions.
    pub fn sets_bootstrap(&self) -> bool {
        self.verify.bootstrap.is_some()
    }

    /// The quantities that are to be tested, and measured.
    fn measured(&self) -> impl Iterator<Item = Quantity> + '_ {
        let measure = &self.measure;
        let is_measured = move |quantity: &Quantity| match quantity {
            Quantity::LambdaK | Quantity::LambdaH | Quantity::ConditionK | Quantity::TraceK => true,
            Quantity::LambdaKPerExample => measure.lambda_k_per_example,
            Quantity::TraceKPerExample => measure.trace_k_per_example,
            Quantity::ConditionH => measure.complete_hessian_spectrum,
            Quantity::TraceH => measure.trace_probes > 0 || measure.complete_hessian_spectrum,
        };
        self.verify.quantities.iter().copied().filter(is_measured)
    }

    /// How many levels of a factor are trained.
    pub fn levels(&self, factor: Factor) -> usize {
        match factor {
            Factor::LearningRate => self.sweep.learning_rates.len(),
            Factor::BatchSize => self.sweep.batch_sizes.len(),
            Factor::Momentum => self.sweep.momenta().count(),
        }
    }

    /// Numbers of seeds at which the runs are judged, where they are judged more
    /// than once.
    pub fn looks(&self) -> Option<&[usize]> {
        self.verify.looks.as_deref()
    }

    /// The same configuration with looks at its seeds, half as many more and
    /// twice as many; as it is where it has looks.
    pub fn with_looks(mut self) -> Self {
        if self.verify.looks.is_some() {
            return self;
        }
        let now = self.seeds();
        let next = self.sweep.seeds.iter().max().map_or(0, |last| last + 1);
        self.sweep.seeds.extend(next..next + now as u64);
        self.verify.looks = Some(vec![now, now + now.div_ceil(2), 2 * now]);
        self
    }

    /// How many seeds are trained.
    pub fn seeds(&self) -> usize {
        self.sweep.seeds.len()
    }

    /// The hypotheses that vary `factor`, as far as their design goes: one for
    /// each measured quantity, tested statistic and combination of levels of the other
    /// factors, which is its part.
    pub fn planned(&self, factor: Factor) -> Vec<Planned> {
        let levels = self.levels(factor);
        if levels < 2 {
            return Vec::new();
        }
        let statistics = || self.verify.statistics.iter().filter(|s| s.is_tested());
        let others = Factor::ALL.into_iter().filter(|other| *other != factor);
        let groups: usize = others.map(|other| self.levels(other)).product();
        let m_follows_s = self.measure.covariance_batch_size.is_none();
        (0..groups)
            .flat_map(|part| self.measured().map(move |quantity| (part, quantity)))
            .flat_map(|(part, quantity)| statistics().map(move |s| (part, quantity, *s)))
            .map(|(part, quantity, statistic)| {
                let depends_on_m = quantity.is_of_mini_batches();
                let varies = factor == Factor::BatchSize && m_follows_s;
                let per_run = PerRun {
                    statistic,
                    quantity,
                };
                Planned {
                    part,
                    comparable: !(depends_on_m && varies),
                    primary: self.verify.is_primary(per_run),
                    ..Planned::without_ties(self.seeds(), levels)
                }
            })
            .collect()
    }

    /// The sweep as it is planned, before anything is trained.
    pub fn prepared(&self) -> anyhow::Result<Prepared> {
        let axes = &self.sweep;
        Ok(Prepared {
            name: self.name.clone(),
            plan_sha256: plan_sha256(&serde_json::to_value(self)?),
            settings: self.verify.clone(),
            measured: self.measured().collect(),
            learning_rates: axes.learning_rates.clone(),
            batch_sizes: axes.batch_sizes.iter().map(|&s| s as u64).collect(),
            momenta: match &axes.momenta {
                Some(momenta) => momenta.clone(),
                None => vec![self.training.momentum],
            },
            seeds: axes.seeds.clone(),
            covariance_batch_size: self.measure.covariance_batch_size.map(|m| m as u64),
        })
    }

    /// Name of the sweep.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Name of its data set.
    pub fn data(&self) -> &str {
        &self.data.name
    }

    /// The same configuration with seeds 0 to `count` − 1.
    pub fn with_seeds(mut self, count: u64) -> Self {
        self.sweep.seeds = (0..count).collect();
        self
    }

    /// The floats that it is trained in.
    pub fn precision(&self) -> Precision {
        self.training.precision
    }

    /// The part that training needs.
    pub fn sweep(&self) -> SweepConfig {
        SweepConfig {
            name: self.name.clone(),
            data: self.data.clone(),
            model: self.model.clone(),
            training: self.training.clone(),
            sweep: self.sweep.clone(),
            measure: self.measure.clone(),
        }
    }
}

/// The configuration with the shape of the pretrained model whose folder it
/// names, if it names one.
fn pretrained(text: &str, folder: &Path) -> anyhow::Result<Option<(toml::Table, Architecture)>> {
    let Ok(mut table) = toml::from_str::<toml::Table>(text) else {
        return Ok(None);
    };
    let Some(model) = table.get("model").and_then(toml::Value::as_table) else {
        return Ok(None);
    };
    let Some(named) = model.get("pretrained").and_then(toml::Value::as_str) else {
        return Ok(None);
    };
    if model.get("name").and_then(toml::Value::as_str) != Some("bert") {
        return Err(anyhow!(
            "model.pretrained is given, but only bert starts from pretrained weights: leave it out"
        ));
    }
    let beside = model
        .keys()
        .find(|key| !["name", "pretrained"].contains(&key.as_str()));
    if let Some(key) = beside {
        return Err(anyhow!(
            "model.{key} is given beside model.pretrained, whose config.json has the shape: leave it out"
        ));
    }
    let found = std::path::absolute(folder.join(named))?;
    let shape = BertShape::of_folder(&found).context("model.pretrained")?;
    let model = Architecture::Bert(shape);
    table.insert("model".to_owned(), toml::Value::try_from(&model)?);
    Ok(Some((table, model)))
}

/// Refuses values that rounding parts: their runs would be of one level.
fn one_level_each(key: &str, values: &[f64]) -> anyhow::Result<()> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted
        .windows(2)
        .find(|pair| pair[1] - pair[0] <= RELATIVE * pair[1])
    {
        None => Ok(()),
        Some(pair) => Err(anyhow!(
            "{key} names {} and {}, which are one level: name it once",
            pair[0],
            pair[1]
        )),
    }
}

/// Refuses β for all runs beside a list of it, though it be the default.
fn one_momentum(text: &str) -> anyhow::Result<()> {
    let table: toml::Table = toml::from_str(text)?;
    let given = |of: &str, key: &str| table.get(of).and_then(|t| t.get(key)).is_some();
    if given("training", "momentum") && given("sweep", "momenta") {
        return Err(ConfigError::MomentumTwice.into());
    }
    Ok(())
}

/// Refuses two cadences: which one was meant is not for us to say.
fn one_cadence(text: &str) -> anyhow::Result<()> {
    let table: toml::Table = toml::from_str(text)?;
    let given = |key| table.get("measure").and_then(|m| m.get(key)).is_some();
    if given("every_steps") && given("every_examples") {
        return Err(anyhow!(
            "measure.every_steps and measure.every_examples are both given: give one of them"
        ));
    }
    Ok(())
}
