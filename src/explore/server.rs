//! The page and its numbers over HTTP, on the loopback address alone.

use std::future::IntoFuture;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use breakeven_sim::meter::Meter;
use tokio::sync::Notify;

use super::guard::{self, Asked};
use super::site::{self, Site};

/// What the page may do: load its own files, and ask this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";
/// Threads that compute answers.
const WORKERS: usize = 8;
/// How long connections may take to end after Ctrl-C.
const GRACE: Duration = Duration::from_secs(1);

/// A server that listens, and does not answer yet.
pub struct Server {
    listener: TcpListener,
    port: u16,
    site: Site,
    stop: Arc<Notify>,
}

/// Ends [`Server::serve`] from another thread.
#[derive(Clone)]
pub struct Stopper(Arc<Notify>);

impl Stopper {
    /// Requests that are being answered are answered first.
    pub fn stop(&self) {
        self.0.notify_one();
    }
}

impl Server {
    /// Listens on 127.0.0.1 only; port 0 takes a free one.
    ///
    /// # Errors
    /// Where the port can't be had.
    pub fn bind(port: u16, runs: Option<&Path>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            port: listener.local_addr()?.port(),
            listener,
            site: Site::new(runs),
            stop: Arc::default(),
        })
    }

    /// Reads the runs that are there, so that the first request need not.
    pub fn prepare(&self, meter: &Meter) {
        self.site.prepare(meter);
    }

    /// Where the page is.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// What ends [`Server::serve`].
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
    }

    /// Answers requests until stopped.
    ///
    /// # Errors
    /// Where the system gives no threads or events.
    pub fn serve(self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(WORKERS)
            .build()?;
        let served = runtime.block_on(self.serve_until_stopped());
        // Nobody waits for what is still being computed.
        runtime.shutdown_background();
        served
    }

    async fn serve_until_stopped(self) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?.tap_io(|stream| {
            // Slower without, and not wrong.
            let _ = stream.set_nodelay(true);
        });
        let closing = Arc::new(Notify::new());
        let closed = Arc::clone(&closing);
        let serving = axum::serve(listener, router(self.site, self.port))
            .with_graceful_shutdown(async move { closed.notified().await });
        let serving = tokio::spawn(serving.into_future());
        self.stop.notified().await;
        closing.notify_one();
        match tokio::time::timeout(GRACE, serving).await {
            Ok(served) => served?,
            Err(_) => Ok(()),
        }
    }
}

fn router(site: Site, port: u16) -> Router {
    Router::new()
        .route("/api/{name}", get(site::numbers))
        .route("/api/{name}/{file}", get(site::file))
        .route("/api/runs/{number}", get(site::run))
        .fallback(site::page)
        .with_state(site)
        .layer(middleware::from_fn_with_state(port, admit))
}

/// Before every answer: who asks. After it: what the page may do with it.
async fn admit(State(port): State<u16>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let asked = Asked {
        is_get: request.method() == Method::GET,
        host: only(headers, &header::HOST),
        // Given twice it is nobody's.
        origin: headers
            .contains_key(header::ORIGIN)
            .then(|| only(headers, &header::ORIGIN).unwrap_or_default()),
        site: only(headers, &HeaderName::from_static("sec-fetch-site")),
        is_api: request.uri().path().starts_with("/api/"),
    };
    let mut response = match guard::admit(asked, port) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    match values.next() {
        None => value.to_str().ok(),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_given_twice_has_no_value() {
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, HeaderValue::from_static("a"));
        assert_eq!(only(&headers, &header::HOST), Some("a"));
        headers.append(header::HOST, HeaderValue::from_static("b"));
        assert_eq!(only(&headers, &header::HOST), None);
    }
}
