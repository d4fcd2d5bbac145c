//! One file over HTTP, going on from where an earlier transfer was cut.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ureq::http::{Response, StatusCode, header};
use ureq::{Agent, Body};

use super::{Event, FetchError, Side, copy, failed, is_of_this_machine, open};

/// A server that is silent for so long is taken to be gone.
const SILENCE: Duration = Duration::from_secs(60);

/// Transfers `url` to `part`. Bytes that `part` holds already are asked for
/// no more, if the server can leave them out.
pub(super) fn transfer(
    url: &str,
    part: &Path,
    watch: &mut dyn FnMut(Event),
) -> Result<(), FetchError> {
    let kept = fs::metadata(part).map_or(0, |file| file.len());
    let response = request(url, kept)?;
    match response.status() {
        StatusCode::PARTIAL_CONTENT if range(&response).0 == Some(kept) => {
            receive(url, response, part, kept, watch)
        }
        StatusCode::RANGE_NOT_SATISFIABLE if kept > 0 && range(&response).1 == Some(kept) => Ok(()),
        StatusCode::OK => receive(url, response, part, 0, watch),
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if kept > 0 => {
            fs::remove_file(part).map_err(failed(part))?;
            transfer(url, part, watch)
        }
        status => Err(FetchError::Refused {
            url: url.to_owned(),
            status: status.to_string(),
        }),
    }
}

/// Asks for `url` from byte `kept` on.
fn request(url: &str, kept: u64) -> Result<Response<Body>, FetchError> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        // Where the first address has TLS, no redirection leads away from it.
        .https_only(!is_of_this_machine(url))
        .timeout_connect(Some(SILENCE))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .user_agent(concat!("breakeven/", env!("CARGO_PKG_VERSION")))
        .build();
    let mut request = Agent::new_with_config(config).get(url);
    if kept > 0 {
        request = request.header(header::RANGE, format!("bytes={kept}-"));
    }
    request.call().map_err(|source| FetchError::Unreachable {
        url: url.to_owned(),
        source: Box::new(source),
    })
}

/// Writes the answer to `part`, after the `kept` bytes that it holds.
fn receive(
    url: &str,
    response: Response<Body>,
    part: &Path,
    kept: u64,
    watch: &mut dyn FnMut(Event),
) -> Result<(), FetchError> {
    let total = length(&response).map(|length| kept + length);
    watch(Event::Begins {
        url: url.to_owned(),
        kept,
        total,
    });
    let mut file = open(part, kept)?;
    let mut received = kept;
    let end = copy(
        &mut response.into_body().into_reader(),
        &mut file,
        &mut |copied| {
            received = kept + copied;
            watch(Event::Received(received));
        },
    );
    match end {
        Ok(_) if total.is_none_or(|total| received >= total) => Ok(()),
        Err(Side::Writing(error)) => Err(failed(part)(error)),
        Ok(_) | Err(Side::Reading(_)) => Err(FetchError::CutOff {
            url: url.to_owned(),
            received,
            total,
        }),
    }
}

/// Bytes of the answer's body, where it says so.
fn length(response: &Response<Body>) -> Option<u64> {
    let value = response.headers().get(header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}

/// First byte and whole length of `Content-Range: bytes FIRST-LAST/WHOLE`,
/// each where it is given.
fn range(response: &Response<Body>) -> (Option<u64>, Option<u64>) {
    let value = response.headers().get(header::CONTENT_RANGE);
    let text = value.and_then(|value| value.to_str().ok()).unwrap_or("");
    let (bytes, whole) = text
        .trim_start_matches("bytes")
        .trim()
        .split_once('/')
        .unwrap_or_default();
    let first = bytes.split('-').next().unwrap_or_default();
    (first.parse().ok(), whole.parse().ok())
}
