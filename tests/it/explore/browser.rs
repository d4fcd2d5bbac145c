//! Headless Chromium by its WebDriver.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// How long the page may take for what it is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser window; chromedriver ends with this value.
pub struct Browser {
    pub client: Client,
    driver: Child,
    port: u16,
    // Held open: chromedriver would stop at a closed pipe.
    _out: BufReader<ChildStdout>,
    // Held so that it is removed at the end.
    _profile: TempDir,
}

impl Browser {
    /// Starts chromedriver on a free port, and a window.
    pub async fn open() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver has to be installed");
        let mut out = BufReader::new(driver.stdout.take().unwrap());
        let port = port_in(&mut out);
        let profile = tempfile::tempdir().unwrap();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(&profile))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        client.set_window_size(1400, 1000).await.unwrap();
        Self {
            client,
            driver,
            port,
            _out: out,
            _profile: profile,
        }
    }

    pub async fn element(&self, selector: &str) -> Element {
        let wait = self.client.wait().at_most(PATIENCE);
        wait.for_element(Locator::Css(selector))
            .await
            .expect(selector)
    }

    /// What an expression of the page's language gives.
    pub async fn value(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        self.client.execute(&script, Vec::new()).await.unwrap()
    }

    /// Waits until an expression is true.
    pub async fn until(&self, expression: &str) {
        let start = Instant::now();
        while self.value(expression).await != Value::Bool(true) {
            if start.elapsed() > PATIENCE {
                let problem = self
                    .value("document.querySelector('#problem')?.textContent")
                    .await;
                panic!("never came true: {expression}; the page says {problem}");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What the console has been told since the last call; a command of
    /// chromedriver's own.
    pub async fn console(&self) -> Vec<Value> {
        let session = self.client.session_id().await.unwrap().unwrap();
        let body = json!({"type": "browser"}).to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "POST /session/{session}/se/log HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        )
        .unwrap();
        // chromedriver keeps the connection open: the body is as long as it says.
        let mut stream = BufReader::new(stream);
        let mut length = 0;
        let mut line = String::new();
        while stream.read_line(&mut line).unwrap() > 2 {
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let answer: Value = serde_json::from_slice(&body).unwrap();
        answer["value"].as_array().expect("a list").clone()
    }

    /// Closes the window.
    pub async fn close(self) {
        self.client.clone().close().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// chromedriver says on which port it listens.
fn port_in(out: &mut BufReader<ChildStdout>) -> u16 {
    let words = "started successfully on port ";
    let port = out.lines().map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once(words)?;
        port.trim_end_matches('.').parse().ok()
    });
    port.expect("chromedriver has to start")
}

fn capabilities(profile: &TempDir) -> Map<String, Value> {
    let folder = format!("--user-data-dir={}", profile.path().display());
    let capabilities = json!({
        "browserName": "chrome",
        "goog:loggingPrefs": {"browser": "ALL"},
        "goog:chromeOptions": {"args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            folder,
        ]},
    });
    let Value::Object(capabilities) = capabilities else {
        unreachable!("it is written as an object above");
    };
    capabilities
}
