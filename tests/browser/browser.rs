//! Headless Chromium by its WebDriver.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How long the page may take for what it is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// Keys that are no characters.
pub const RIGHT: Key = Key::Right;
pub const ENTER: Key = Key::Enter;

/// A browser window; it ends with this value.
pub struct Browser {
    runtime: Runtime,
    client: Client,
    driver: Child,
    // Held open: chromedriver would stop at a closed pipe.
    _out: BufReader<ChildStdout>,
    // Held so that it is removed at the end.
    _profile: TempDir,
}

impl Browser {
    /// Starts chromedriver on a free port, and a window.
    pub fn open() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver has to be installed");
        let mut out = BufReader::new(driver.stdout.take().unwrap());
        let address = format!("http://127.0.0.1:{}", port_in(&mut out));
        let profile = tempfile::tempdir().unwrap();
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        let mut client = ClientBuilder::new(HttpConnector::new());
        client.capabilities(capabilities(&profile));
        let client = runtime.block_on(client.connect(&address)).unwrap();
        Self {
            runtime,
            client,
            driver,
            _out: out,
            _profile: profile,
        }
    }

    /// Loads a page.
    pub fn go(&self, address: &str) {
        self.runtime.block_on(self.client.goto(address)).unwrap();
    }

    /// What an expression of the page's language gives.
    pub fn value(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        let run = self.client.execute(&script, Vec::new());
        self.runtime.block_on(run).unwrap()
    }

    /// Waits until an expression is true.
    pub fn until(&self, expression: &str) {
        let start = Instant::now();
        while self.value(expression) != Value::Bool(true) {
            if start.elapsed() > PATIENCE {
                let problem = self.value("document.querySelector('#problem')?.textContent");
                panic!("never came true: {expression}; the page says {problem}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn element(&self, selector: &str) -> Element {
        let find = self.client.find(Locator::Css(selector));
        self.runtime.block_on(find).expect(selector)
    }

    pub fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.runtime.block_on(element.click()).unwrap();
    }

    /// Gives an element the focus and types.
    pub fn type_into(&self, selector: &str, keys: &str) {
        let element = self.element(selector);
        self.runtime.block_on(element.send_keys(keys)).unwrap();
    }

    /// What the console has been told since the last call.
    pub fn console(&self) -> Vec<Value> {
        let told = self.runtime.block_on(self.client.issue_cmd(ConsoleLog));
        told.unwrap().as_array().expect("a list").clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium ends with its session; either may have ended by itself.
        let _ = self.runtime.block_on(self.client.clone().close());
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A command of chromedriver's own.
#[derive(Debug)]
struct ConsoleLog;

impl WebDriverCompatibleCommand for ConsoleLog {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let body = json!({"type": "browser"}).to_string();
        (http::Method::POST, Some(body))
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
            "--window-size=1400,1000", folder,
        ]},
    });
    capabilities.as_object().expect("written as one").clone()
}
