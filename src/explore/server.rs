//! The HTTP server: addresses, headers, files of the page.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use breakeven_verify::plot;
use serde_json::json;
use tiny_http::{Header, Method, Request, Response};

use super::answer::{self, Answer};
use super::guard::{self, Asked};
use super::query::Query;
use super::refusal::Refusal;
use super::runs::Runs;
use super::{curves, diagram, paths, setting, theorems, trajectory};
use crate::simulate::threshold::{Answered, Rules};

/// Requests that are answered at once: as many as browsers send to one place.
const WORKERS: usize = 6;

/// What the page may do: load its own files, and ask this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The page's files: address, type, content.
const PAGE: [(&str, &str, &str); 8] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/explore.js", SCRIPT, include_str!("page/explore.js")),
    ("/state.js", SCRIPT, include_str!("page/state.js")),
    ("/theory.js", SCRIPT, include_str!("page/theory.js")),
    ("/runs.js", SCRIPT, include_str!("page/runs.js")),
    ("/explore.css", STYLE, include_str!("page/explore.css")),
    ("/icon.svg", ICON, include_str!("page/icon.svg")),
    ("/plot.css", STYLE, plot::STYLE),
];
const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const ICON: &str = "image/svg+xml";
const JSON: &str = "application/json";

/// The page and its numbers on 127.0.0.1.
pub struct Server {
    http: Arc<tiny_http::Server>,
    port: u16,
    runs: Mutex<Runs>,
}

/// Ends a server's work from another thread.
pub struct Stopper(Arc<tiny_http::Server>);

/// A body and what it is.
struct Content {
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

impl Stopper {
    /// Lets every worker finish the request that it is at.
    pub fn stop(&self) {
        (0..WORKERS).for_each(|_| self.0.unblock());
    }
}

impl Server {
    /// Listens on the loopback address only; port 0 takes a free one.
    ///
    /// # Errors
    /// Where the port can't be had.
    pub fn bind(port: u16, runs: Option<&Path>) -> io::Result<Self> {
        let http =
            tiny_http::Server::http((Ipv4Addr::LOCALHOST, port)).map_err(io::Error::other)?;
        let port = http
            .server_addr()
            .to_ip()
            .map_or(port, |address: SocketAddr| address.port());
        Ok(Self {
            http: Arc::new(http),
            port,
            runs: Mutex::new(Runs::new(runs)),
        })
    }

    /// Where the page is.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// What ends [`Server::serve`].
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.http))
    }

    /// Answers requests until stopped.
    pub fn serve(&self) {
        std::thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| {
                    self.http
                        .incoming_requests()
                        .for_each(|it| self.respond(it))
                });
            }
        });
    }

    fn respond(&self, request: Request) {
        let content = self.answer(&request);
        let (status, content) = match content {
            Ok(content) => (200, content),
            Err(refusal) => {
                let body = json!({"error": refusal.message}).to_string();
                (refusal.status, Content::new(JSON, body))
            }
        };
        let mut response = Response::from_data(content.body).with_status_code(status);
        for header in headers(content.kind, content.file.as_deref(), status) {
            response.add_header(header);
        }
        // A browser that has gone away needs no answer.
        let _ = request.respond(response);
    }

    fn answer(&self, request: &Request) -> Result<Content, Refusal> {
        let value = |name: &'static str| {
            let found = request
                .headers()
                .iter()
                .find(|header| header.field.equiv(name));
            found.map(|header| header.value.as_str())
        };
        let url = request.url();
        let asked = Asked {
            is_get: *request.method() == Method::Get,
            host: value("Host"),
            origin: value("Origin"),
            site: value("Sec-Fetch-Site"),
            is_api: url.starts_with("/api/"),
        };
        guard::admit(asked, self.port)?;
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        if let Some((_, kind, body)) = PAGE.iter().find(|(address, ..)| *address == path) {
            return Ok(Content::new(kind, *body));
        }
        match path.strip_prefix("/api/") {
            Some(name) => self.api(name, &Query::parse(query)?),
            None => Err(Refusal::not_found()),
        }
    }

    /// `NAME` for numbers and figures, `NAME/FIGURE.svg` and
    /// `NAME/FIGURE.csv` for one figure as a file, `runs/K` for one run.
    fn api(&self, name: &str, query: &Query) -> Result<Content, Refusal> {
        if let Some(number) = name.strip_prefix("runs/") {
            return self.run(number);
        }
        let Some((name, file)) = name.split_once('/') else {
            return Ok(Content::new(JSON, self.numbers(name, query)?.json()));
        };
        let (id, ending) = file.rsplit_once('.').ok_or_else(Refusal::not_found)?;
        let answer = self.numbers(name, query)?;
        let figure = answer.figure(id)?;
        let (kind, body) = match ending {
            "svg" => ("image/svg+xml", figure.standalone().into_bytes()),
            "csv" => ("text/csv; charset=utf-8", answer::csv(figure)?),
            _ => return Err(Refusal::not_found()),
        };
        let file = Some(format!("breakeven-{id}.{ending}"));
        Ok(Content { kind, file, body })
    }

    fn numbers(&self, name: &str, query: &Query) -> Result<Answer, Refusal> {
        match name {
            "threshold" => threshold(query),
            "diagram" => diagram::answer(query),
            "trajectory" => trajectory::answer(query),
            "theorems" => theorems::answer(query),
            "paths" => paths::answer(query),
            "runs" => self.with_runs(|runs| {
                runs.refresh();
                Answer::of(json!({"folder": runs.folder(), "runs": runs.list()}))
            }),
            "curves" => self.with_runs(|runs| curves::answer(query, runs)),
            _ => Err(Refusal::not_found()),
        }
    }

    fn run(&self, number: &str) -> Result<Content, Refusal> {
        let id = number.parse().map_err(|_| Refusal::not_found())?;
        let answer = self.with_runs(|runs| {
            runs.refresh();
            Answer::of(runs.get(id)?.told(id))
        })?;
        Ok(Content::new(JSON, answer.json()))
    }

    fn with_runs<T>(&self, work: impl FnOnce(&mut Runs) -> T) -> T {
        work(&mut self.runs.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The fields of `breakeven simulate threshold --json`.
fn threshold(query: &Query) -> Result<Answer, Refusal> {
    let rules = Rules {
        momentum: query.real("momentum")?,
        weight_decay: query.real("weight_decay")?,
    };
    Answer::of(Answered::of(&setting::first(query)?.model, rules)?)
}

fn headers(kind: &str, file: Option<&str>, status: u16) -> Vec<Header> {
    let disposition = file.map(|name| format!("attachment; filename=\"{name}\""));
    let mut pairs = vec![
        ("Content-Type", kind),
        ("Content-Security-Policy", POLICY),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-store"),
    ];
    pairs.extend(
        disposition
            .as_deref()
            .map(|text| ("Content-Disposition", text)),
    );
    if status == 405 {
        pairs.push(("Allow", "GET"));
    }
    let header = |(name, value): (&str, &str)| Header::from_bytes(name, value).ok();
    pairs.into_iter().filter_map(header).collect()
}
