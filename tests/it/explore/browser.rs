//! Headless Chromium by its driver, in the words of the W3C's WebDriver.
//!
//! A client of our own, since what the tests need of the protocol is seven
//! commands with JSON, and the crates for it change the features of Burn's
//! dependencies, which would have Burn built once for `build` and again for
//! `test`.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long the page may take for what it is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// The name under which an answer holds an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Keys that are no characters.
pub const RIGHT: &str = "\u{e014}";
pub const ENTER: &str = "\u{e007}";

/// A browser window; it ends with this value.
pub struct Browser {
    agent: ureq::Agent,
    driver: Child,
    /// Where the session's commands go.
    session: String,
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
        let mut browser = Self {
            agent: ureq::Agent::new_with_defaults(),
            driver,
            session: address.clone(),
            _out: out,
            _profile: profile,
        };
        let made = browser.command("session", &capabilities(&browser._profile));
        let id = made["sessionId"].as_str().expect("a session");
        browser.session = format!("{address}/session/{id}");
        browser
    }

    /// A command with its parameters; what it gives.
    fn command(&self, name: &str, parameters: &Value) -> Value {
        let address = format!("{}/{name}", self.session);
        let request = self.agent.post(&address);
        let request = request.config().http_status_as_error(false).build();
        let mut response = request
            .content_type("application/json")
            .send(parameters.to_string())
            .unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        assert!(response.status().is_success(), "{name}: {text}");
        let mut answer: Value = serde_json::from_str(&text).unwrap();
        answer["value"].take()
    }

    /// Loads a page.
    pub fn go(&self, address: &str) {
        self.command("url", &json!({"url": address}));
    }

    /// What an expression of the page's language gives.
    pub fn value(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        self.command("execute/sync", &json!({"script": script, "args": []}))
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

    fn element(&self, selector: &str) -> String {
        let found = self.command(
            "element",
            &json!({"using": "css selector", "value": selector}),
        );
        let id = found[ELEMENT].as_str().expect(selector);
        format!("element/{id}")
    }

    pub fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.command(&format!("{element}/click"), &json!({}));
    }

    /// Gives an element the focus and types.
    pub fn type_into(&self, selector: &str, keys: &str) {
        let element = self.element(selector);
        self.command(&format!("{element}/value"), &json!({"text": keys}));
    }

    /// What the console has been told since the last call: a command of
    /// chromedriver's own.
    pub fn console(&self) -> Vec<Value> {
        let told = self.command("se/log", &json!({"type": "browser"}));
        told.as_array().expect("a list").clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium ends with its session; either may have ended by itself.
        let _ = self.agent.delete(&self.session).call();
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

fn capabilities(profile: &TempDir) -> Value {
    let folder = format!("--user-data-dir={}", profile.path().display());
    json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "goog:loggingPrefs": {"browser": "ALL"},
        "goog:chromeOptions": {"args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-size=1400,1000", folder,
        ]},
    }}})
}
