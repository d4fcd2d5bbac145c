//! A server on the loopback address that answers as it is told.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// How the server answers a request for a file that it has.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// The whole file, whatever range is asked for.
    Whole,
    /// The range that is asked for (206), or 416 where it is past the end.
    Ranges,
    /// A range that begins one byte later than the one asked for.
    ShiftedRanges,
    /// Announces the whole file and hangs up after so many bytes.
    CutAfter(usize),
    /// Sends so many bytes without saying how many there will be.
    Unannounced(usize),
    /// This status line and nothing else.
    Status(&'static str),
    /// Sends on to the same path under `/moved`.
    Redirect,
}

/// Serves until the test ends.
pub struct Server {
    pub address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves `files` (path without the first slash, content) in `manner`.
    pub fn start(manner: Manner, files: &[(&str, Vec<u8>)]) -> Self {
        let owned = files
            .iter()
            .map(|(path, content)| (format!("/{path}"), content.clone()));
        let files: HashMap<_, _> = owned.collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, manner, &files, &log);
            }
        });
        Self { address, requests }
    }

    /// `PATH` or `PATH FIRST_BYTE` of each request so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer(
    mut stream: TcpStream,
    manner: Manner,
    files: &HashMap<String, Vec<u8>>,
    log: &Mutex<Vec<String>>,
) {
    let (path, first) = read_request(&stream);
    let range = first.map_or_else(String::new, |first| format!(" {first}"));
    log.lock().unwrap().push(format!("{path}{range}"));
    let moved = path.strip_prefix("/moved");
    let (status, headers, body) = match files.get(moved.unwrap_or(&path)) {
        None => ("404 Not Found", String::new(), &[][..]),
        Some(_) if matches!(manner, Manner::Redirect) && moved.is_none() => {
            ("302 Found", format!("Location: /moved{path}\r\n"), &[][..])
        }
        Some(content) => respond(manner, first, content),
    };
    let length = match manner {
        Manner::Unannounced(_) => String::new(),
        Manner::CutAfter(_) => format!("Content-Length: {}\r\n", files[&path].len()),
        _ => format!("Content-Length: {}\r\n", body.len()),
    };
    let head = format!("HTTP/1.1 {status}\r\n{length}{headers}Connection: close\r\n\r\n");
    // the client may hang up first
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
}

fn respond(manner: Manner, first: Option<usize>, content: &[u8]) -> (&'static str, String, &[u8]) {
    let whole = content.len();
    match (manner, first) {
        (Manner::Status(status), _) => (status, String::new(), &[]),
        (Manner::CutAfter(bytes) | Manner::Unannounced(bytes), _) => {
            ("200 OK", String::new(), &content[..bytes])
        }
        (Manner::Ranges | Manner::ShiftedRanges, Some(first)) if first >= whole => (
            "416 Range Not Satisfiable",
            format!("Content-Range: bytes */{whole}\r\n"),
            &[],
        ),
        (Manner::Ranges | Manner::ShiftedRanges, Some(first)) => {
            let first = first + usize::from(matches!(manner, Manner::ShiftedRanges));
            let range = format!("Content-Range: bytes {first}-{}/{whole}\r\n", whole - 1);
            ("206 Partial Content", range, &content[first..])
        }
        _ => ("200 OK", String::new(), content),
    }
}

/// The path of a request and the first byte of the range that it asks for.
fn read_request(stream: &TcpStream) -> (String, Option<usize>) {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let path = head.first().and_then(|line| line.split(' ').nth(1));
    let range = head.iter().find_map(|line| {
        let lower = line.to_ascii_lowercase();
        let first = lower.strip_prefix("range: bytes=")?.strip_suffix('-')?;
        first.parse().ok()
    });
    (path.unwrap_or_default().to_owned(), range)
}
