//! The parameters of a request, by name.

use std::collections::BTreeMap;

use super::refusal::Refusal;

/// Names that some answer takes. All answers take all of them, so that the
/// page sends its state as it is; other names are refused.
const NAMES: [&str; 27] = [
    "learning_rate",
    "batch_size",
    "learning_rate_2",
    "batch_size_2",
    "examples",
    "alpha",
    "psi",
    "curvature_variance",
    "psi0",
    "lambda0",
    "psi_exponent",
    "momentum",
    "weight_decay",
    "axis",
    "start",
    "curvature_factor",
    "steps",
    "at_break_even",
    "times",
    "distribution",
    "share",
    "paths",
    "path_steps",
    "seed",
    "runs",
    "version",
    "x",
];

/// What stands behind the `?`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// # Errors
    /// A name that is not known, or given twice.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if !NAMES.contains(&&*name) {
                return Err(Refusal::bad_request(format!("{name} is no parameter")));
            }
            if fields.insert(name.to_string(), value.to_string()).is_some() {
                return Err(Refusal::bad_request(format!("{name} is given twice")));
            }
        }
        Ok(Self(fields))
    }

    /// The words of a field.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A number.
    pub fn real(&self, name: &str) -> Result<Option<f64>, Refusal> {
        self.parsed(name, "a number")
    }

    /// A whole number, 0 or more.
    pub fn count(&self, name: &str) -> Result<Option<usize>, Refusal> {
        self.parsed(name, "a whole number, 0 or more")
    }

    /// A number that has to be there.
    pub fn needed_real(&self, name: &str) -> Result<f64, Refusal> {
        self.real(name)?.ok_or_else(|| missing(name))
    }

    /// A whole number that has to be there.
    pub fn needed_count(&self, name: &str) -> Result<usize, Refusal> {
        self.count(name)?.ok_or_else(|| missing(name))
    }

    /// One of several words, each with its meaning; the first where the field
    /// is absent.
    pub fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<T, Refusal> {
        let word = self.text(name).unwrap_or(choices[0].0);
        let found = choices.iter().find(|(choice, _)| *choice == word);
        found.map(|&(_, meaning)| meaning).ok_or_else(|| {
            let words: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
            let words = words.join(", ");
            Refusal::bad_request(format!("{name} must be one of {words}, got {word}"))
        })
    }

    fn parsed<T: std::str::FromStr>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, Refusal> {
        let parse = |text: &str| {
            let message = || format!("{name} must be {expected}, got {text:?}");
            text.trim()
                .parse()
                .map_err(|_| Refusal::bad_request(message()))
        };
        self.text(name).map(parse).transpose()
    }
}

fn missing(name: &str) -> Refusal {
    Refusal::bad_request(format!("{name} is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_mistakes_named() {
        let query = Query::parse("learning_rate=1e-1&runs=a%2Cb+c&batch_size=2.5").unwrap();
        assert_eq!(query.real("learning_rate"), Ok(Some(0.1)));
        assert_eq!(query.text("runs"), Some("a,b c"));
        assert_eq!(query.real("alpha"), Ok(None));
        for (found, words) in [
            (Query::parse("eta=1").unwrap_err(), "eta is no parameter"),
            (Query::parse("x=1&x=2").unwrap_err(), "x is given twice"),
            (query.needed_real("alpha").unwrap_err(), "alpha is missing"),
            (
                query.count("batch_size").unwrap_err(),
                "batch_size must be a whole number, 0 or more, got \"2.5\"",
            ),
            (
                query
                    .choice("runs", &[("step", 0), ("epoch", 1)])
                    .unwrap_err(),
                "runs must be one of step, epoch, got a,b c",
            ),
        ] {
            assert_eq!((found.status, found.message.as_str()), (400, words));
        }
    }
}
