//! What stands at which address: the page's files, and answers in numbers and
//! figures.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path as Segments, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use breakeven_plot as plot;
use breakeven_sim::meter::Meter;
use serde_json::json;

use super::answer::{self, Answer};
use super::query::Query;
use super::refusal::Refusal;
use super::runs::Runs;
use super::{curves, diagram, paths, theorems, theory, trajectory};

/// The page's files: address, type, content.
const PAGE: [(&str, &str, &str); 15] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/explore.js", SCRIPT, include_str!("page/explore.js")),
    ("/slider.js", SCRIPT, include_str!("page/slider.js")),
    ("/state.js", SCRIPT, include_str!("page/state.js")),
    ("/theory.js", SCRIPT, include_str!("page/theory.js")),
    ("/chart.js", SCRIPT, include_str!("page/chart.js")),
    ("/figures.js", SCRIPT, include_str!("page/figures.js")),
    ("/page.js", SCRIPT, include_str!("page/page.js")),
    ("/reader.js", SCRIPT, include_str!("page/reader.js")),
    ("/runs.js", SCRIPT, include_str!("page/runs.js")),
    ("/explore.css", STYLE, include_str!("page/explore.css")),
    ("/icon.svg", ICON, include_str!("page/icon.svg")),
    ("/plot.css", STYLE, plot::STYLE),
    (
        "/uplot.js",
        SCRIPT,
        include_str!("page/uplot/uPlot.iife.min.js"),
    ),
    (
        "/uplot.css",
        STYLE,
        include_str!("page/uplot/uPlot.min.css"),
    ),
];
const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const ICON: &str = "image/svg+xml";
const JSON: &str = "application/json";

/// What answers are made from.
#[derive(Clone)]
pub struct Site {
    runs: Arc<Mutex<Runs>>,
}

/// A body and what it is.
pub struct Content {
    kind: &'static str,
    /// The name to save it under, where it is a download.
    file: Option<String>,
    body: Vec<u8>,
}

impl Content {
    fn new(kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let (file, body) = (None, body.into());
        Self { kind, file, body }
    }
}

impl IntoResponse for Content {
    fn into_response(self) -> Response {
        let mut response = ([(header::CONTENT_TYPE, self.kind)], self.body).into_response();
        if let Some(name) = self.file {
            // Names are made of the figures' identifiers: letters, digits, hyphens.
            if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_DISPOSITION, value);
            }
        }
        response
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({"error": self.message}).to_string();
        let mut response = (status, [(header::CONTENT_TYPE, JSON)], body).into_response();
        if status == StatusCode::METHOD_NOT_ALLOWED {
            let get = HeaderValue::from_static("GET");
            response.headers_mut().insert(header::ALLOW, get);
        }
        response
    }
}

/// The page's own files; every other address is empty.
pub async fn page(uri: Uri) -> Result<Content, Refusal> {
    let found = PAGE.iter().find(|(address, ..)| *address == uri.path());
    let (_, kind, body) = found.ok_or_else(Refusal::not_found)?;
    Ok(Content::new(kind, *body))
}

/// `/api/NAME`: numbers, and figures where there are some.
pub async fn numbers(
    State(site): State<Site>,
    Segments(name): Segments<String>,
    RawQuery(query): RawQuery,
) -> Result<Content, Refusal> {
    compute(move || {
        let answer = site.numbers(&name, &parsed(query)?)?;
        Ok(Content::new(JSON, answer.json()?))
    })
    .await
}

/// `/api/NAME/FIGURE.svg` and `/api/NAME/FIGURE.csv`: one figure as a file.
pub async fn file(
    State(site): State<Site>,
    Segments((name, file)): Segments<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Content, Refusal> {
    compute(move || {
        let (id, ending) = file.rsplit_once('.').ok_or_else(Refusal::not_found)?;
        let answer = site.numbers(&name, &parsed(query)?)?;
        let figure = answer.figure(id)?;
        let (kind, body) = match ending {
            "svg" => ("image/svg+xml", figure.standalone().into_bytes()),
            "csv" => ("text/csv; charset=utf-8", answer::csv(figure)?),
            _ => return Err(Refusal::not_found()),
        };
        let file = Some(format!("breakeven-{id}.{ending}"));
        Ok(Content { kind, file, body })
    })
    .await
}

/// `/api/runs/K`: one run, everything that was measured.
pub async fn run(
    State(site): State<Site>,
    Segments(number): Segments<String>,
) -> Result<Content, Refusal> {
    compute(move || {
        let id = number.parse().map_err(|_| Refusal::not_found())?;
        let answer = site.with_runs(|runs| {
            runs.refresh();
            Answer::of(runs.get(id)?.told(id))
        })?;
        Ok(Content::new(JSON, answer.json()?))
    })
    .await
}

/// Away from the thread that talks to browsers.
async fn compute(
    work: impl FnOnce() -> Result<Content, Refusal> + Send + 'static,
) -> Result<Content, Refusal> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Refusal::internal)?
}

fn parsed(query: Option<String>) -> Result<Query, Refusal> {
    Query::parse(&query.unwrap_or_default())
}

impl Site {
    /// With the runs in a folder, or none.
    pub fn new(runs: Option<&Path>) -> Self {
        let runs = Arc::new(Mutex::new(Runs::new(runs)));
        Self { runs }
    }

    fn numbers(&self, name: &str, query: &Query) -> Result<Answer, Refusal> {
        match name {
            "threshold" => theory::threshold(query),
            "theory" => theory::answer(query),
            "diagram" => diagram::answer(query),
            "trajectory" => trajectory::answer(query),
            "theorems" => theorems::answer(query),
            "paths" => paths::answer(query),
            "runs" => self.with_runs(|runs| {
                runs.refresh();
                let version = runs.version().to_string();
                if query.text("version") == Some(&version) {
                    return Answer::of(json!({"version": version}));
                }
                Answer::of(json!({
                    "version": version,
                    "folder": runs.folder(),
                    "runs": runs.list(),
                    "left_out": runs.left_out(),
                    "most_drawn": curves::MOST_RUNS,
                }))
            }),
            "curves" => self.with_runs(|runs| curves::answer(query, runs)),
            _ => Err(Refusal::not_found()),
        }
    }

    /// Reads the runs that are there.
    pub fn prepare(&self, meter: &Meter) {
        self.with_runs(|runs| runs.refresh_watched(meter));
    }

    fn with_runs<T>(&self, work: impl FnOnce(&mut Runs) -> T) -> T {
        work(&mut self.runs.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
